// 我的会诊: where each stands and what happens next; one with everything that happened.

import { spoken } from "../shared/dates.js";
import { card, cells, empty, h, link, title } from "../shared/dom.js";
import { ask } from "./session.js";
import { urgencyTag } from "./words.js";

const CALLABLE = new Set(["ASSIGNED", "IN_PROGRESS"]);

export async function consultations() {
  const { consultations: list } = await ask("GET", "consultations");
  if (!list.length) return empty("没有会诊。村医或医生替您申请后,进展会在这里。");
  return cells(list.map((one) => link(`#/consultation/${one.consultation_id}`, [urgencyTag(one.urgency, one.urgency_label), `会诊 ${one.code}`], one.state_label, one.next)));
}

export async function consultation({ rest: [id] }) {
  const { status, complaint, vitals, entries } = await ask("GET", `consultations/${encodeURIComponent(id)}/timeline`);
  return [
    h("section", { class: "panel panel-strong" },
      h("h2", null, urgencyTag(status.urgency, status.urgency_label), `会诊 ${status.code} · ${status.state_label}`),
      status.patient && h("p", null, status.patient),
      status.expert && h("p", null, `专家:${status.expert}`),
      h("p", null, status.next),
      CALLABLE.has(status.state) && h("a", { class: "weui-btn weui-btn_primary", href: `../room/${encodeURIComponent(id)}/` }, "进入视频")),
    (complaint || vitals.length > 0) && card(complaint && h("p", null, `哪里不舒服:${complaint}`), vitals.map(([name, value]) => h("p", null, `${name}:${value}`))),
    title("经过"),
    h("ol", { class: "timeline" }, [...entries].reverse().map((entry) => h("li", null, h("p", null, entry.label), h("p", { class: "faint" }, [spoken(entry.at), entry.who].filter(Boolean).join(" · "))))),
  ];
}
