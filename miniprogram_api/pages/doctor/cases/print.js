// The sheet of paper: opinion, decision and drugs, readable on A4 in black and white. It stands in the page and shows on paper only.

import { spoken } from "../../shared/dates.js";
import { h } from "../../shared/dom.js";
import { yuan } from "../../shared/money.js";

const SHANGHAI_MS = 8 * 3600 * 1000;

export function printButton() {
  const press = h("button", { type: "button", class: "weui-btn weui-btn_default" }, "打印");
  press.addEventListener("click", () => window.print());
  return press;
}

/** `view`: the case, or none for a prescription alone. */
export function printSheet({ view = null, prescriptions = [], dose = null }) {
  return h("article", { class: "print-sheet", "aria-hidden": "true" },
    view && caseOnPaper(view), view?.opinion && opinionOnPaper(view.opinion), dose && doseOnPaper(dose), prescriptions.map(prescriptionOnPaper),
    h("footer", null, "签名为系统内的电子签名,打印件仅供参考;以系统内的记录为准。"));
}

/** 2026年11月20日 周五 下午3:00: paper is read in other years. */
const dated = (moment) => `${new Date(Date.parse(moment) + SHANGHAI_MS).getUTCFullYear()}年${spoken(moment)}`;

const line = (name, words) => words && h("p", null, h("b", null, `${name}:`), words);
const state = (valid) => (valid ? "签名有效" : "签名与内容不符,不要照此办理");

const caseOnPaper = (view) => h("section", null,
  h("p", { class: "print-title" }, "远程会诊记录"),
  h("p", null, `会诊 ${view.code} · ${view.urgency_label} · ${view.state_label} · ${dated(view.requested_at)} 发起`),
  line("病人", [view.patient.name, view.patient.sex_label, view.patient.age].filter(Boolean).join(" ")),
  line("村医", `${view.organisation} ${view.village_doctor}`), line("专家", view.expert),
  line("主诉", view.complaint), view.vitals.length > 0 && line("生命体征", view.vitals.map(([name, value]) => `${name} ${value}`).join(";")),
  view.safety_facts.length > 0 && line("用药安全", view.safety_facts.map(([name, value]) => `${name} ${value}`).join(";")));

const opinionOnPaper = (one) => h("section", null,
  h("h2", null, `专家意见(第 ${one.revision} 版)`),
  line("判断", one.assessment), line("建议", one.advice), line("注意", one.watch_for),
  h("p", { class: "print-signed" }, `签名:${one.expert} ${dated(one.given_at)} · ${state(one.signature_valid)}`),
  one.decision ? [h("h2", { class: "print-next" }, "村医决定"), line(one.decision.choice_label, one.decision.reason || "按意见办。"),
    h("p", { class: "print-signed" }, `签名:${one.decision.decided_by} ${dated(one.decision.decided_at)} · ${state(one.decision.signature_valid)}`)] : line("村医决定", "还没有决定"));

const doseOnPaper = (one) => h("section", null,
  h("h2", null, "急用一剂"), h("p", null, `${one.name} ${one.amount},${one.directions}`), line("已排除", one.ruled_out.join(";")),
  one.warnings.length > 0 && line("提醒", one.warnings.join(";")),
  h("p", { class: "print-signed" }, `签名:${one.ordered_by} ${dated(one.ordered_at)} · ${state(one.signature_valid)}`));

const prescriptionOnPaper = (one) => h("section", null,
  h("h2", null, `处方 ${one.code}(第 ${one.revision} 版) · ${one.state_label}`),
  h("p", null, [one.patient, one.age, `诊断:${one.diagnosis}`].filter(Boolean).join(" · ")),
  h("table", null, h("thead", null, h("tr", null, ["药品", "每次", "每天", "天数", "用法", "数量"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, one.items.map((item) => h("tr", null, [item.name, item.pieces ? `${item.pieces}(${item.amount})` : item.amount, `${item.times_per_day} 次`, `${item.days} 天`, [item.route, item.directions].filter(Boolean).join(","), `${item.packs} ${item.pack}`].map((words) => h("td", null, words)))))),
  h("p", null, `合计 ${yuan(one.fee_fen)}`), line("说明", one.note),
  one.overrides.length > 0 && line("带理由签的提醒", one.overrides.map((each) => `${each.text}(理由:${each.reason})`).join(";")),
  h("p", { class: "print-signed" }, one.signer ? `提议:${one.expert} · 签名:${one.signer} ${dated(one.signed_at)} · ${state(one.signature_valid)}` : `提议:${one.expert} · 还没有医生签名`),
  h("p", { class: "print-signed" }, one.pharmacist && ["RELEASED", "DISPENSED"].includes(one.state) ? `审方:${one.pharmacist} 通过` : "还没有药师审方通过,不能取药"),
  one.dispensed_by && h("p", { class: "print-signed" }, `发药:${one.dispensed_by} ${dated(one.dispensed_at)}`),
  one.dispense_code && line("取药码", one.dispense_code));
