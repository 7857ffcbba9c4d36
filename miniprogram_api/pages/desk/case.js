// One case: what is known on one side, what the expert does with it on the other.

import { request } from "../shared/api.js";
import { Candidates } from "../shared/candidates.js";
import { caseSummary } from "../shared/case_summary.js";
import { h } from "../shared/dom.js";
import { imageStrip } from "../shared/images.js";
import { confirmed } from "../shared/states.js";
import { orderButton } from "../shared/asking.js";
import { factsFold } from "../shared/facts.js";
import { Parts } from "../shared/parts.js";
import { keptRecordings } from "../shared/recordings.js";
import { setClock } from "./clock.js";
import { opinionForm } from "./opinion.js";
import { Prescribing } from "./prescribing.js";

const OPEN = new Set(["ASSIGNED", "IN_PROGRESS"]);
const RETURN_REASONS = ["突发急诊或手术", "不是我的专业", "联系不上村医", "网络或设备不通"];

export async function caseDesk({ rest: [id], go, again }) {
  const parts = new Parts();
  const prescribing = new Prescribing(id, () => fresh());
  let view = null;
  let medicines = null;
  let strip = null;
  let form = null;
  const candidates = new Candidates(id, { choose: (one) => form?.diagnoses?.add(one) });
  const recordings = keptRecordings(id);
  let recording = false;
  let settled = "";

  async function fresh() {
    const before = view?.images;
    [view, medicines] = await Promise.all([request("GET", `consultations/${id}/case`), request("GET", `consultations/${id}/medicines`)]);
    setClock(view.now);
    candidates.again();
    if (view.images && !strip) strip = imageStrip(id);
    else if (view.images !== before) strip?.reload();
    // After the end, as long as drugs may come of it.
    if (view.state !== settled) {
      recording = OPEN.has(view.state) || (view.state === "COMPLETED" && (await request("GET", `consultations/${id}/safety-facts`)).open);
      settled = view.state;
    }
    draw();
  }

  function draw() {
    const { now, ...lasting } = view;
    const recorded = recordings(view.timeline);
    parts.draw([
      ["together", [view.state, view.next, view.opinion !== null], () => together(view, again)],
      ["summary", lasting, () => caseSummary(lasting, { images: strip, candidates: candidates.element })],
      ["opinion", [OPEN.has(view.state), view.opinion?.opinion_id], () => (form = opinionForm(view, () => fresh()))],
      ["facts", recording, () => recording && h("section", { class: "panel desk-fold", "aria-label": "记录用药安全资料" }, factsFold(id, () => fresh()))],
      ["medicines", medicines, () => prescribing.given(medicines)],
      ["prescribing", [view.state, recording, view.opinion !== null], () => recording && prescribing.writing(view)],
      ["recordings", Boolean(recorded), () => recorded],
      ["return", view.state, () => giveBack(view, go)],
    ]);
  }

  await fresh();
  parts.element.className = "desk-case";
  return { element: parts.element, fresh };
}

/** On a phone the case is long: the way down to what is to be written. */
function way(label, part) {
  const lead = () => {
    const place = document.querySelector(`[data-part="${part}"]`);
    const fold = place.querySelector(":scope > details");
    if (fold) fold.open = true;
    place.scrollIntoView({ block: "start" });
    place.querySelector("textarea, input")?.focus({ preventScroll: true });
  };
  return h("button", { type: "button", on: { click: lead } }, label);
}

/** How the two sides come together. */
function together(view, again) {
  if (!OPEN.has(view.state)) return h("p", { class: "notice notice-good" }, view.next);
  const trouble = h("div");
  const begin = (label, manner) => orderButton(label, async () => [`consultations/${view.consultation_id}/begin`, { manner }], again, { trouble, kind: "default" });
  return h("section", { class: "panel", "aria-label": "联系村医" },
    h("p", null, view.next),
    h("a", { class: "weui-btn weui-btn_primary", href: `../doctor/room/${view.consultation_id}/` }, "进入视频"),
    h("div", { class: "choices desk-ways" }, way("写意见", "opinion"), view.opinion && way("开处方", "prescribing")),
    view.state === "ASSIGNED" && h("details", { class: "desk-fold", "data-id": "begin" }, h("summary", { class: "fold" }, "不用视频"),
      h("div", { class: "desk-answers" }, begin("电话已接通,开始会诊", "phone"), begin("书面会诊", "writing"))),
    trouble);
}

/** Given back while it has not begun: another expert is looked for at once. */
function giveBack(view, go) {
  if (view.state !== "ASSIGNED") return null;
  const trouble = h("div");
  const words = h("input", { maxlength: 200, autocomplete: "off" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const send = orderButton("退回,请别的专家", async () => {
    const reason = words.value.trim();
    wrong.textContent = reason ? "" : "请选一个原因,或写明原因。";
    if (!reason) {
      words.focus();
      return null;
    }
    if (!(await confirmed(`退回会诊 ${view.code}?马上会去请别的专家,村医和患者会收到通知。`, "退回"))) return null;
    return [`consultations/${view.consultation_id}/return`, { reason }];
  }, () => go(""), { trouble, kind: "warn" });
  return h("details", { class: "panel desk-fold", "data-id": "return" }, h("summary", { class: "fold" }, "接不了?退回"),
    h("div", { class: "choices" }, RETURN_REASONS.map((reason) => h("button", { type: "button", on: { click: () => { words.value = reason; } } }, reason))),
    h("label", { class: "field" }, h("span", null, "原因(村医和值班台会看到)"), words), wrong, trouble, send);
}
