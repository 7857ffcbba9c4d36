// Blood pressure and glucose of one patient: the last values, and writing down what she measured, for who has no WeChat above all.

import { spoken } from "../shared/dates.js";
import { h } from "../shared/dom.js";
import { orderButton } from "../shared/asking.js";
import { pressureProblem, VITALS, vitalProblem } from "./line.js";
import { keepTyped } from "../shared/parts.js";

const SHOWN = 3;
const DAY_MS = 24 * 3600 * 1000;
const SIGNS = {
  blood_pressure: "有没有胸痛、头痛得厉害、看不清、说不清话、手脚没力、叫不醒",
  fasting_glucose: "有没有叫不醒、说胡话、喘得厉害、浑身出冷汗发抖",
};
const [SYSTOLIC, DIASTOLIC] = VITALS;
const GLUCOSE = { label: "空腹血糖", unit: "mmol/L", least: 0.3, most: 80, decimal: true };

/** `readings`: of both kinds, newest first; `now`: the practice's time. */
export function readingsPart(patient, readings, now, again) {
  const [newest] = readings;
  const danger = newest?.level === "danger" && Date.parse(now) - Date.parse(newest.taken_at) < DAY_MS;
  return h("div", null,
    danger && h("section", { class: "panel panel-danger", role: "alert" },
      h("h2", null, `${newest.said} 很危险`), h("p", null, `现在就问病人:${SIGNS[newest.task]}?有就先打 120 并准备转运;没有也请今天就看,需要就请会诊。`), h("a", { href: "tel:120" }, "拨打 120")),
    readings.length > 0 && h("ul", { class: "panel" }, readings.slice(0, SHOWN).map((one) =>
      h("li", null, h("b", null, one.said), ` ${one.level_label} `, h("span", { class: "faint" }, spoken(one.taken_at))))),
    h("div", { class: "doctor-fold" }, h("details", { "data-id": "reading" }, h("summary", { class: "fold" }, "记血压、血糖"), form(patient, again))));
}

function form(patient, again) {
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const input = () => h("input", { inputmode: "decimal", maxlength: 5, autocomplete: "off" });
  const [systolic, diastolic, glucose] = [input(), input(), input()];
  const send = orderButton("记下", () => {
    const problem = vitalProblem(SYSTOLIC, systolic.value) || vitalProblem(DIASTOLIC, diastolic.value) || pressureProblem(systolic.value, diastolic.value) || vitalProblem(GLUCOSE, glucose.value)
      || (systolic.value.trim() && glucose.value.trim() ? "血压和血糖请分开记,一次一样。" : "") || (systolic.value.trim() || glucose.value.trim() ? "" : "请写血压或血糖。");
    wrong.textContent = problem;
    if (problem) return null;
    const body = systolic.value.trim() ? { systolic: Number(systolic.value), diastolic: Number(diastolic.value) } : { glucose: glucose.value.trim() };
    return [`patients/${patient.patient_id}/readings`, body];
  }, ({ reading, highs_in_week: highs }) => again(`记下了:${reading.said},${reading.level_label}${highs > 1 ? `,这周第 ${highs} 次偏高` : ""}。`), { trouble });
  const field = (label, field) => h("label", { class: "field" }, h("span", null, label), field);
  return keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
    h("div", { class: "doctor-vitals" }, field("高压 mmHg", systolic), field("低压 mmHg", diastolic), field("空腹血糖 mmol/L", glucose)),
    wrong, trouble, send));
}
