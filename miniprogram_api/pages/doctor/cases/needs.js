// What a consultation still needs from the inviting side: confirm the patient, the photo of the consent, images (or that there are none), the call.

import { h } from "../../shared/dom.js";
import { confirmed } from "../../shared/states.js";
import { orderButton } from "../../shared/asking.js";
import { Uploads } from "../../shared/uploads.js";

const CALLABLE = new Set(["ASSIGNED", "IN_PROGRESS"]);
const CANCELLABLE = new Set(["DRAFT", "PENDING", "ASSIGNED"]);
const MISSING = { patient: "确认病人", consent: "知情同意书的照片", material: "心电图或影像" };
const uploads = new Map();
const askers = new Map();

/** Files are on their way: now is not the time to draw anew. */
export const isSending = () => [...uploads.values()].some((one) => one.busy);

/** They go on sending whichever of the pages is shown; that page is asked anew when one has arrived. */
function uploadsOf(id, again) {
  askers.set(id, again);
  if (!uploads.has(id)) uploads.set(id, new Uploads(id, () => askers.get(id)()));
  return uploads.get(id);
}

/** The way into the call, once an expert has taken the case. */
export const callLink = (status) =>
  CALLABLE.has(status.state) && h("a", { class: "weui-btn weui-btn_primary", href: `../room/${status.consultation_id}/` }, "进入视频");

/** `status`: of the consultation; `images`: how many have arrived; `again()` asks anew. */
export function caseNeeds(status, images, again) {
  const id = status.consultation_id;
  const trouble = h("div");
  const who = [status.number && `${status.number}号`, status.patient].filter(Boolean).join(" ");
  const order = (label, path, body, kind = "primary") => orderButton(label, () => [path, body], again, { trouble, kind });
  return h("div", { class: "doctor-needs" },
    h("p", { class: status.missing.length ? "" : "done-line" }, status.missing.length ? `还差:${status.missing.map((one) => MISSING[one] ?? one).join("、")}` : "资料齐了。"),
    trouble,
    status.missing.includes("patient") && order(`确认病人${who ? `是 ${who}` : ""}`, `consultations/${id}/confirm-patient`, {}),
    uploadsOf(id, again).element(status.missing, images),
    status.missing.includes("consent") && h("a", { class: "back", href: "../#/consent/consultation" }, "没有纸质同意书?打印一份 ›"),
    status.missing.includes("material") && order("没有影像可传", "commands", { command: "consultations.waive_material", arguments: { consultation_id: id } }, "default"));
}

/** Calling it off, as long as it has not begun. */
export function cancelButton(status, again) {
  if (!CANCELLABLE.has(status.state)) return null;
  const trouble = h("div");
  return h("div", null, trouble, orderButton("取消这次会诊", async () =>
    (await confirmed(`取消会诊 ${status.code}?被邀请的专家会收到通知。`, "取消会诊", "不取消")) ? [`consultations/${status.consultation_id}/cancel`, { reason: "村医取消" }] : null, again, { trouble, kind: "warn", stale: again }));
}
