// 报告与影像: what the doctors found and decided, in the patient's words, with the images beside it.

import { spoken } from "../shared/dates.js";
import { button, card, cells, empty, h, link, title } from "../shared/dom.js";
import { ask, askOrNull, bearer } from "./session.js";
import { stageTag } from "./words.js";

const WITH_REPORT = new Set(["ASSIGNED", "IN_PROGRESS", "COMPLETED"]);
const CHOICES = { agree: "同意专家的建议", partly: "部分同意专家的建议", disagree: "没有照专家的建议做" };

export async function reports() {
  const { consultations } = await ask("GET", "consultations");
  const list = consultations.filter((one) => WITH_REPORT.has(one.state));
  if (!list.length) return empty("还没有会诊结果。会诊以后,医生的决定和影像都会在这里。");
  return cells(list.map((one) => link(`#/report/${one.consultation_id}`, `会诊 ${one.code}`, one.state_label, [one.patient, one.expert].filter(Boolean).join(" · "))));
}

export async function report({ rest: [id] }) {
  const address = encodeURIComponent(id);
  const [{ status, complaint, entries }, opinion, { images }, { prescriptions }] = await Promise.all([
    ask("GET", `consultations/${address}/timeline`),
    askOrNull(`consultations/${address}/opinion`),
    ask("GET", `consultations/${address}/images`),
    ask("GET", "prescriptions/stages"),
  ]);
  const mine = prescriptions.filter((one) => one.consultation_id === id);
  const given = entries.filter((one) => one.kind === "dose.ordered");
  return [
    h("section", { class: "panel panel-strong" },
      h("h2", null, `会诊 ${status.code} · ${status.state_label}`),
      status.patient && h("p", null, status.patient),
      complaint && h("p", { class: "faint" }, `当时说的:${complaint}`)),
    opinion?.decision ? decided(opinion) : card(h("p", null, "医生还没有定下来。定了会在微信里告诉您,结果写在这里。")),
    given.length > 0 && [title("当场用的药"), given.map((one) => card(h("p", null, one.label), h("p", { class: "faint" }, [spoken(one.at), one.who].filter(Boolean).join(" · "))))],
    mine.length > 0 && [title("开的药"), cells(mine.map((one) => link(`#/prescription/${one.prescription_id}`, [stageTag(one.stage, one.stage_label), `处方 ${one.code}`])))],
    title("影像"),
    images.length ? card(await strip(id)) : h("p", { class: "actions faint" }, "这次会诊没有影像。"),
    opinion?.decision && h("div", { class: "actions mini-no-print" },
      button("打印", () => print(), "default"),
      h("p", { class: "faint" }, "手机上可以截图保存;要纸的,请村医打印。")),
    h("div", { class: "actions mini-no-print" }, h("a", { class: "weui-btn weui-btn_default", href: `#/consultation/${address}` }, "看会诊经过")),
  ];
}

function decided(opinion) {
  const { decision } = opinion;
  const sound = opinion.signature_valid && decision.signature_valid;
  return [
    h("section", { class: "panel", "aria-label": "医生的决定" },
      h("h2", null, "医生的决定"),
      h("p", { class: "mini-big" }, `${decision.decided_by}${CHOICES[decision.choice] ?? decision.choice_label}。`),
      decision.reason && h("p", null, `原因:${decision.reason}`),
      h("p", { class: "faint" }, spoken(decision.decided_at))),
    h("section", { class: "panel", "aria-label": "专家的建议" },
      h("h2", null, "专家的建议"),
      h("p", { class: "mini-big mini-said" }, opinion.advice),
      opinion.assessment && [h("h3", null, "专家怎么看"), h("p", { class: "mini-said" }, opinion.assessment)],
      h("p", { class: "faint" }, `${opinion.expert} · ${spoken(opinion.given_at)}${opinion.revision > 1 ? ` · 第 ${opinion.revision} 版` : ""}`)),
    opinion.watch_for && h("section", { class: "panel mini-watch", "aria-label": "要当心" },
      h("h2", null, "有这些要马上说"), h("p", { class: "mini-big mini-said" }, opinion.watch_for), h("p", null, "很重的话,先打 ", h("a", { href: "tel:120" }, "120"), "。")),
    h("p", { class: `actions ${sound ? "done-line" : "mini-wrong"}` }, sound ? "✓ 专家和村医都签过名,内容没有被改过。" : "签名核对不上,请先问村医,不要照着做。"),
  ];
}

/** The images as they are shown everywhere; loaded only where there are some. */
async function strip(id) {
  const { imageStrip } = await import("../shared/images.js");
  return imageStrip(id, { token: await bearer() && bearer });
}
