// 用药安全资料: what must be known before drugs are given. Read always, written in a consultation of hers as long as drugs may come of it.

import { Problem } from "./api.js";
import { h, replace } from "./dom.js";
import { factList } from "./prescription.js";
import { loading, notice } from "./states.js";
import { ask, drugNames, orderButton } from "./asking.js";
import { mended } from "./mended.js";
import { keepTyped } from "./parts.js";

const PREGNANCY = { unknown: "不清楚", no: "没有怀孕", yes: "怀孕了", may_conceive: "可能怀孕" };
// Name, label, unit, least, most: the bounds of the order itself.
const MEASURES = [
  ["weight_kg", "体重", "kg", 0.5, 300], ["systolic", "收缩压(高压)", "mmHg", 30, 300], ["heart_rate", "心率", "次/分", 10, 350],
  ["creatinine", "肌酐", "µmol/L", 5, 3000], ["potassium", "血钾", "mmol/L", 1, 12],
];

const OUTDATED = { ...Object.fromEntries(MEASURES), egfr: "eGFR", pregnancy: "怀孕情况", guardian_present: "监护人在场" };

/** What is known, and the form as long as it may be recorded in `consultation`. `names`: GET drugs; `person`: {patient, sex, age} of the patient. */
export function factsPart(found, names, person, consultation, again) {
  if (!found) return h("p", { class: "doctor-none" }, "请会诊时再记录。");
  return h("div", null,
    h("section", { class: "panel" }, factList(found, names, person)),
    found.open ? h("div", { class: "doctor-fold" }, factsFold(consultation.consultation_id, again)) : h("p", { class: "doctor-none" }, "要修改,请在会诊进行时记录。"));
}

/** The long form is made only for who wants to change something, from what is on record in that moment. */
export function factsFold(consultationId, again) {
  const fold = h("details", { "data-id": "facts" }, h("summary", { class: "fold" }, "记录、修改用药安全资料"));
  const fill = async () => {
    if (!fold.open || fold.querySelector("form, [role=status]")) return;
    const place = h("div", null, loading());
    fold.append(place);
    const saved = () => {
      fold.open = false;
      place.remove();
      return again("用药安全资料存好了。");
    };
    const written = async (said = "") => {
      if (said) {
        // The form has just been made anew: somebody may be typing in it already.
        place.prepend(notice(said));
        place.firstElementChild.scrollIntoView({ block: "center" });
        return;
      }
      const [found, names] = await Promise.all([ask(`consultations/${consultationId}/safety-facts`), drugNames()]);
      replace(place, form(found, names, consultationId, saved, written));
    };
    try {
      await written();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(place, notice(problem));
    }
  };
  fold.addEventListener("toggle", fill);
  return fold;
}

/** `stale(said)`: somebody else recorded something meanwhile; the form is made anew from it. */
function form({ recorded: facts, outdated, version }, names, consultationId, saved, stale) {
  const trouble = h("div");
  const asked = h("input", { type: "checkbox" });
  asked.checked = facts.allergies_asked;
  const allergies = ticks("对什么过敏", names.allergies, facts.allergies);
  const conditions = ticks("有哪些病或情况", names.conditions, facts.conditions);
  const current = ticks("在用的药", Object.fromEntries(names.drugs.map((one) => [one.code, one.name])), facts.current);
  const words = (value) => h("input", { maxlength: 500, autocomplete: "off", value: value ?? "" });
  const allergyWords = words(facts.allergy_words);
  const currentWords = words(facts.current_words);
  const pregnancy = h("select", null, Object.entries(PREGNANCY).map(([code, label]) => h("option", { value: code, selected: code === facts.pregnancy }, label)));
  const guardian = h("input", { type: "checkbox" });
  guardian.checked = facts.guardian_present;
  const measured = MEASURES.map(([name, label, unit, least, most]) => ({ name, label, unit, least, most, input: h("input", { inputmode: "decimal", maxlength: 6, autocomplete: "off", value: facts[name] ?? "" }) }));
  const wrong = h("p", { class: "wrong", role: "alert" });
  for (const { input } of measured) mended(input, wrong, ...measured.map((one) => one.input));
  const send = orderButton("存好", () => {
    const bad = measured.find(({ input, least, most }) => input.value.trim() && !(Number(input.value) >= least && Number(input.value) <= most));
    for (const one of measured) one.input.setAttribute("aria-invalid", String(one === bad));
    wrong.textContent = bad ? `${bad.label}应在 ${bad.least} 到 ${bad.most} ${bad.unit} 之间。` : "";
    bad?.input.focus();
    if (bad) return null;
    const body = {
      version, allergies_asked: asked.checked || allergies.chosen().length > 0, allergies: allergies.chosen(), allergy_words: allergyWords.value.trim(),
      current: current.chosen(), current_words: currentWords.value.trim(), conditions: conditions.chosen(), pregnancy: pregnancy.value,
      guardian_present: guardian.checked,
    };
    for (const { name, input } of measured) if (input.value.trim()) body[name] = input.value.trim();
    // No field of the form: what was recorded of it stays, unless creatinine says it now.
    if (facts.egfr !== null && facts.creatinine === null) body.egfr = facts.egfr;
    return [`consultations/${consultationId}/safety-facts`, body];
  }, saved, { trouble, method: "PUT", stale });
  const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
  return keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
    outdated.length > 0 && h("p", { class: "notice" }, `以前记录的${outdated.map((name) => OUTDATED[name]).filter(Boolean).join("、")},时间太久,不作数了,请重新问、重新量。`),
    h("label", { class: "doctor-tick" }, asked, "过敏史问过了"),
    allergies.element, field("别的过敏(写出来)", allergyWords),
    conditions.element, current.element, field("别的在用药(写出来)", currentWords),
    field("怀孕", pregnancy),
    measured.map(({ label, unit, input }) => field(`${label}(${unit})`, input)), wrong,
    h("label", { class: "doctor-tick" }, guardian, "6 岁以下:监护人和医生在身边"),
    trouble, h("div", { class: "actions" }, send)));
}

/** A fold with one box for each name; long lists stay out of the way. */
function ticks(heading, names, chosen) {
  const boxes = Object.entries(names).map(([code, label]) => {
    const box = h("input", { type: "checkbox", value: code });
    box.checked = chosen.includes(code);
    return { box, line: h("label", { class: "doctor-tick" }, box, label) };
  });
  const count = h("span", { class: "faint" });
  const told = () => { count.textContent = ` ${boxes.filter(({ box }) => box.checked).length} 项`; };
  const element = h("details", { class: "doctor-fold" }, h("summary", { class: "fold" }, heading, count), boxes.map(({ line }) => line));
  element.addEventListener("change", told);
  told();
  return { element, chosen: () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value) };
}
