// Her open consultations, what each still needs and sending it from a phone with a weak signal; the closed ones below.

import { spoken } from "../../shared/dates.js";
import { cells, empty, h, link, title } from "../../shared/dom.js";
import { ask } from "../../shared/asking.js";
import { Parts } from "../../shared/parts.js";
import { callLink, caseNeeds, isSending } from "./needs.js";

const CLOSED = new Set(["COMPLETED", "CANCELLED"]);
// What is missing stands on a line of its own here, above the buttons that bring it; a chat has it in the same sentence.
const SAID_BELOW = /[;;](?:请在单独会话里补|还差)[::].*$/;

export async function list() {
  const parts = new Parts();
  const fresh = async ({ force = false } = {}) => {
    const { consultations } = await ask("consultations");
    const open = consultations.filter((one) => !CLOSED.has(one.state));
    const closed = consultations.filter((one) => CLOSED.has(one.state));
    const timelines = await Promise.all(open.map((one) => ask(`consultations/${one.consultation_id}/timeline`)));
    parts.draw([
      ...open.map((status, place) => [status.consultation_id, timelines[place], () => caseCard(status, timelines[place], () => fresh({ force: true }))]),
      ["none", open.length, () => (open.length ? null : empty("没有进行中的会诊。在群里发「会诊 3号 …」,或者点下面的「新会诊」,就会建一个。"))],
      ["closed", closed, () => closed.length > 0 && [title("结束的会诊"), cells(closed.map(closedRow))]],
    ], { force });
  };
  await fresh();
  return { element: parts.element, fresh, busy: isSending };
}

const closedRow = (one) => link(`#/case/${one.consultation_id}`, [one.number && `${one.number}号`, one.patient].filter(Boolean).join(" "), one.state_label, `会诊 ${one.code}`);

function caseCard(status, timeline, again) {
  const id = status.consultation_id;
  const who = [status.number && `${status.number}号`, status.patient].filter(Boolean).join(" ");
  return h("section", { class: "panel panel-strong", "aria-label": `会诊 ${status.code}` },
    h("h2", null, h("span", { class: `tag tag-${status.urgency}` }, status.urgency_label), `会诊 ${status.code}`),
    h("p", null, [who, timeline.complaint].filter(Boolean).join(":")),
    timeline.vitals.length > 0 && h("p", { class: "faint" }, timeline.vitals.map(([name, value]) => `${name} ${value}`).join(" · ")),
    h("p", null, `${status.state_label}${status.expert ? ` · ${status.expert}` : status.experts_asked ? ` · 已问 ${status.experts_asked} 位专家` : ""}`),
    h("p", null, status.next.replace(SAID_BELOW, "。")),
    h("a", { class: "weui-btn weui-btn_default", href: `#/case/${id}` }, "打开会诊"),
    callLink(status),
    caseNeeds(status, timeline.images.length, again),
    h("details", { "data-id": id }, h("summary", { class: "fold" }, "看经过"),
      h("ol", { class: "timeline" }, [...timeline.entries].reverse().map((entry) => h("li", null, h("p", null, entry.label), h("p", { class: "faint" }, [spoken(entry.at), entry.who].filter(Boolean).join(" · ")))))));
}
