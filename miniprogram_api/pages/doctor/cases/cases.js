// The village doctor's page: her open consultations, what each still needs, and sending it from a phone with a weak signal.

import { Problem, request } from "../../shared/api.js";
import { spoken } from "../../shared/dates.js";
import { button, empty, h, replace } from "../../shared/dom.js";
import { confirmed, failed, notice } from "../../shared/states.js";
import { Uploads } from "./uploads.js";

const CLOSED = new Set(["COMPLETED", "CANCELLED"]);
const CALLABLE = new Set(["ASSIGNED", "IN_PROGRESS"]);
const MISSING = { patient: "确认病人", consent: "知情同意书的照片", material: "心电图或影像" };
// What is missing stands on a line of its own here, above the buttons that bring it; a chat has it in the same sentence.
const SAID_BELOW = /[;;](?:请在单独会话里补|还差)[::].*$/;
const FRESH_MS = 15_000;

const place = document.getElementById("cases");
const uploads = new Map();
let shown = [];

async function load() {
  try {
    const { consultations } = await request("GET", "consultations");
    const open = consultations.filter((one) => !CLOSED.has(one.state));
    shown = await Promise.all(open.map(async (one) => ({ status: one, timeline: await request("GET", `consultations/${one.consultation_id}/timeline`) })));
    document.getElementById("offline").hidden = true;
    draw();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) replace(place, empty("请从企业微信里打开这一页。"));
    else if (problem.status === 403) replace(place, empty("这一页是给村医用的。您的会诊在聊天里发「进度」就能看。"));
    else if (shown.length) offline(problem);
    else replace(place, failed(problem, load));
  }
}

function offline(problem) {
  const bar = document.getElementById("offline");
  bar.hidden = false;
  bar.textContent = `${problem.message}(下面是上次取到的)`;
}

function draw() {
  const unfolded = new Set([...place.querySelectorAll("details[open]")].map((details) => details.dataset.id));
  replace(place, shown.length ? shown.map((one) => caseCard(one, unfolded)) : empty("没有进行中的会诊。在群里发「会诊 3号 …」就会建一个,然后在这里补资料。"));
}

function uploadsOf(id) {
  if (!uploads.has(id)) uploads.set(id, new Uploads(id, load));
  return uploads.get(id);
}

function caseCard({ status, timeline }, unfolded) {
  const id = status.consultation_id;
  const trouble = h("div");
  const order = (path, body) => async () => {
    try {
      await request("POST", path, { body });
      await load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  const who = [status.number && `${status.number}号`, status.patient].filter(Boolean).join(" ");
  return h("section", { class: "panel panel-strong", "aria-label": `会诊 ${status.code}` },
    h("h2", null, h("span", { class: `tag tag-${status.urgency}` }, status.urgency_label), `会诊 ${status.code}`),
    h("p", null, [who, timeline.complaint].filter(Boolean).join(":")),
    timeline.vitals.length > 0 && h("p", { class: "faint" }, timeline.vitals.map(([name, value]) => `${name} ${value}`).join(" · ")),
    h("p", null, `${status.state_label}${status.expert ? ` · ${status.expert}` : status.experts_asked ? ` · 已问 ${status.experts_asked} 位专家` : ""}`),
    h("p", null, status.next.replace(SAID_BELOW, "。")),
    CALLABLE.has(status.state) && h("a", { class: "weui-btn weui-btn_primary", href: `../room/${id}/` }, "进入视频"),
    h("p", { class: status.missing.length ? "" : "done-line" }, status.missing.length ? `还差:${status.missing.map((one) => MISSING[one] ?? one).join("、")}` : "资料齐了。"),
    trouble,
    status.missing.includes("patient") && button(`确认病人${who ? `是 ${who}` : ""}`, order(`consultations/${id}/confirm-patient`, {})),
    uploadsOf(id).element(status.missing, timeline.images.length),
    status.missing.includes("material") && button("没有影像可传", order("commands", { command: "consultations.waive_material", arguments: { consultation_id: id } }), "default"),
    h("details", { "data-id": id, open: unfolded.has(id) }, h("summary", { class: "fold" }, "看经过"),
      h("ol", { class: "timeline" }, [...timeline.entries].reverse().map((entry) => h("li", null, h("p", null, entry.label), h("p", { class: "faint" }, [spoken(entry.at), entry.who].filter(Boolean).join(" · ")))))),
    button("取消这次会诊", async () => {
      if (await confirmed(`取消会诊 ${status.code}?被邀请的专家会收到通知。`, "取消会诊", "不取消")) await order(`consultations/${id}/cancel`, { reason: "村医取消" })();
    }, "warn"));
}

/** Not while something is being read or sent: a redraw would take it from under the finger. */
const idle = () => !document.hidden && !document.querySelector("dialog[open]") && ![...uploads.values()].some((one) => one.busy);

setInterval(() => idle() && load(), FRESH_MS);
document.addEventListener("visibilitychange", () => idle() && load());
load();
