// The record that is open: what was given on the spot, its cases and what was prescribed, for reading only, with the time until it closes.

import { ask } from "../shared/asking.js";
import { caseSummary } from "../shared/case_summary.js";
import { spoken } from "../shared/dates.js";
import { empty, h, link, title } from "../shared/dom.js";
import { Parts } from "../shared/parts.js";
import { prescriptionLines } from "../shared/prescription.js";
import { Problem } from "../shared/api.js";

/** The doctor's own opening of this id. */
async function own(id) {
  const { openings } = await ask("break-glass");
  const found = openings.find((one) => one.break_glass_id === id);
  if (!found) throw new Problem("", { status: 404 });
  return found;
}

/** What was given in one case; what cannot be read must not take the rest of the record with it. */
const medicinesOf = ({ consultation_id: id, code }) => ask(`consultations/${encodeURIComponent(id)}/medicines`).catch((problem) => {
  if (!(problem instanceof Problem) || problem.offline) throw problem;
  return { dose: null, unreadable: code };
});

export async function opened({ rest: [id = ""] }) {
  const parts = new Parts();

  async function fresh({ force = false } = {}) {
    const view = await own(id);
    if (!view.live) {
      parts.draw([["over", view, () => empty(`紧急调阅 ${view.code} 已经关上。还要看,请重新调阅。`, h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回到紧急调阅"))]], { force });
      return;
    }
    const [who, { prescriptions }, ...ofCases] = await Promise.all([
      ask(`patients/${view.patient_id}/emergency-head`), ask(`patients/${view.patient_id}/prescriptions`), ...view.cases.map(medicinesOf),
    ]);
    const doses = ofCases.filter((one) => one.dose || one.unreadable);
    parts.draw([
      ["head", [view, who], () => head(view, who)],
      ["doses", doses, () => given(doses)],
      ["cases", view.cases, () => cases(view)],
      ["prescriptions", [prescriptions, doses.length], () => medicines(prescriptions, doses.length)],
    ], { force });
  }

  await fresh();
  return { element: parts.element, fresh };
}

const head = (view, who) => h("section", { class: "panel panel-strong", "aria-label": `紧急调阅 ${view.code}` },
  h("h2", { class: "emergency-who" }, `${who.patient} ${who.sex_label} ${who.age}`),
  h("p", { class: "faint" }, "先核对是不是眼前的病人;不是,马上退出,并告诉管理员。"),
  h("dl", { class: "case-pairs" }, who.safety.map(([label, words]) => h("div", null, h("dt", null, label), h("dd", { class: label === "过敏" ? "rx-marked" : null }, words)))),
  h("p", null, `紧急调阅 ${view.code} · ${view.reason_label}`),
  h("p", { class: "emergency-after", role: "note" }, `开到 ${spoken(view.until)}。已通知病人一方;您看了什么会记下来,县里会审查。`));

// Ordered on the spot, and no prescriptions: whoever does not read of them gives a second one.
const given = (doses) => doses.length > 0 && h("section", { class: "panel panel-strong", "aria-label": "已下急用一剂" }, doses.some((one) => one.dose) && h("h2", null, "已下急用一剂"),
  doses.map(({ dose: one, unreadable }) => (unreadable ? h("p", { class: "notice" }, `会诊 ${unreadable} 的用药无法读取,已用过什么请问原来的医生。`) : [
    h("p", null, h("b", null, `${one.name} ${one.amount}`), ` · ${spoken(one.ordered_at)}`), h("p", null, one.directions),
    h("p", { class: "faint" }, `${one.ordered_by} · 会诊 ${one.consultation_code}`), one.watch && h("p", null, one.watch),
  ])));

const cases = (view) => h("section", { "aria-label": "会诊" }, title("会诊"),
  view.cases.length
    ? h("div", { class: "weui-cells" }, view.cases.map((one) => link(`#/case/${one.consultation_id}/${view.break_glass_id}`, `会诊 ${one.code}`, null, "主诉、生命体征、过敏、用药、意见")))
    : empty("档案里还没有会诊。"));

const medicines = (list, doses) => h("section", { "aria-label": "处方" }, title("处方"),
  list.length
    ? list.map((one) => h("details", { class: "panel", "data-id": one.prescription_id }, h("summary", { class: "fold" }, `${one.code} · ${one.state_label} · ${one.items.map((item) => item.name).join("、")}`), prescriptionLines(one)))
    : empty("档案里还没有处方。"));

export async function oneCase({ rest: [id = "", opening = ""] }) {
  const view = await ask(`consultations/${encodeURIComponent(id)}/case`);
  const element = h("div", { class: "emergency-case" },
    h("p", { class: "actions" }, h("a", { class: "back", href: opening ? `#/opened/${encodeURIComponent(opening)}` : "#/" }, "‹ 回打开的档案")), caseSummary(view));
  return { element };
}
