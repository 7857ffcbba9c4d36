// 候选诊断 for those who treat: one list, ranked, each with a picture of how far the evidence reaches, what speaks for and against, what is missing,
// what to rule out first and what can be checked here. Words and filled fields, no percentages: nobody has measured any.

import { Problem, request } from "./api.js";
import { orderButton } from "./asking.js";
import { h, replace } from "./dom.js";
import { mended } from "./mended.js";
import { keepTyped } from "./parts.js";
import { loading, notice } from "./states.js";

const FIELDS = 5;
const WAIT_MS = 2000;
const TRIES = 15;
const ANEW_MS = 60000;

/**
 * The list of one consultation. `element` stays the same; `again()` fetches it anew where that is due, `busy()`: values are being typed.
 * `choose(candidate)`: takes one over as a diagnosis, left out where nobody writes one.
 */
export class Candidates {
  #id;
  #choose;
  #view = null;
  #at = 0;
  #place = h("div", null, loading());
  #form = h("div");

  constructor(id, { choose = null } = {}) {
    this.#id = id;
    this.#choose = choose;
    this.element = h("section", { class: "panel case-part cand", "aria-label": "候选诊断" }, h("h2", null, "候选诊断"), this.#place, this.#form);
    this.#fetch();
  }

  again() {
    if (Date.now() - this.#at > ANEW_MS) this.#fetch();
  }

  /** Asked again while the worker is about to give something else than `before`. */
  async #fetch({ before = null, left = TRIES } = {}) {
    this.#at = Date.now();
    let view;
    try {
      view = await request("GET", `consultations/${this.#id}/candidates`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!this.#view) replace(this.#place, notice(problem));
      return;
    }
    const waits = view.state === "working" || (before !== null && view.made_at === before);
    this.#draw(view, waits && left > 0);
    if (waits && left > 0) setTimeout(() => this.element.isConnected && this.#fetch({ before, left: left - 1 }), WAIT_MS);
  }

  #draw(view, waits) {
    const first = this.#view === null;
    this.#view = view;
    const open = new Set([...this.#place.querySelectorAll("details[open]")].map((one) => one.dataset.id));
    replace(this.#place, list(view, waits, this.#choose));
    for (const one of this.#place.querySelectorAll("details")) if (open.has(one.dataset.id)) one.open = true;
    if (first && view.open) replace(this.#form, this.#adding(view));
  }

  #adding(view) {
    const form = valuesForm(this.#id, view, (answer) => {
      this.#view = null;
      replace(this.#form);
      this.#draw(answer, true);
      this.#fetch({ before: answer.made_at });
    });
    return h("details", { class: "cand-fold", "data-id": "values" }, h("summary", { class: "fold" }, "补化验和查体,重新排"), form);
  }
}

function list(view, waits, choose) {
  if (view.state === "working" && !waits) return h("p", { class: "faint" }, "还没有算出来,稍后再看。会诊照常进行。");
  if (view.state === "working") return h("p", { class: "faint", role: "status" }, "正在算…");
  return [
    view.note && h("p", { class: "cand-note" }, view.note),
    h("p", { class: "faint" }, "只供医生参考,不给患者看;格子是把握的粗细,不是百分比。"),
    waits && h("p", { class: "faint", role: "status" }, "补的资料存好了,正在重新排…"),
    view.candidates.length === 0 && h("p", null, "主诉里没有能排的症状。补上症状、化验或查体后再看。"),
    h("ol", { class: "cand-list" }, view.candidates.map((one) => line(one, choose))),
    view.model && h("p", { class: "faint hash" }, `模型 ${view.model} · ${view.digest.slice(0, 12)}`),
  ];
}

function line(one, choose) {
  const told = `${one.rank}. ${one.name},${one.grade_label}${one.danger ? ",要先排除" : ""}`;
  return h("li", { class: one.danger ? "cand-one cand-danger" : "cand-one" },
    h("details", { "data-id": `cand-${one.code}` },
      h("summary", { "aria-label": told },
        h("span", { class: "cand-rank", "aria-hidden": "true" }, one.rank),
        h("span", { class: "cand-name" }, one.name, h("span", { class: "faint" }, ` ${one.icd10}`), one.danger && h("span", { class: "tag tag-critical" }, "先排除")),
        bars(one.strength),
        h("span", { class: "cand-grade" }, one.grade_label)),
      points("支持", one.speaks_for), points("反对", one.speaks_against),
      words("还缺", one.missing), words("注意", one.cautions), words("先排除", one.rule_out), words("这里能查", one.checks),
      h("details", { class: "cand-source", "data-id": `source-${one.code}` }, h("summary", { class: "fold" }, "依据和出处"),
        h("p", null, `依据:${one.basis}`), h("p", null, `出处:${sourcesOf(one).join(";") || "没有用到带出处的数字"}`)),
      choose && h("button", { type: "button", class: "weui-btn weui-btn_default small-button", on: { click: () => choose(one) } }, "写进诊断")));
}

/** As many filled fields as the grade reaches; the words beside it say the same. */
const bars = (strength) => h("span", { class: "cand-bars", "aria-hidden": "true" }, Array.from({ length: FIELDS }, (_, place) => h("i", { class: place < strength ? "on" : null })));

const words = (label, lines) => lines.length > 0 && h("p", null, h("b", null, `${label}:`), lines.join("、"));

const points = (label, lines) => lines.length > 0 && h("div", { class: `cand-points cand-${label === "支持" ? "pro" : "contra"}` },
  h("p", null, h("b", null, `${label}:`), lines.map((one) => one.text).join("、")));

const sourcesOf = (one) => [...new Set([...one.speaks_for, ...one.speaks_against].map((each) => each.source))];

const ABSENT = { "": null, 1: true, 0: false };

/** Where each value stands in the form. What is in none of these stands under the last. */
const GROUPS = [
  ["生命体征", ["temperature", "heart_rate", "respiratory_rate", "spo2", "systolic", "diastolic"]],
  ["家里量的血压", ["systolic_home", "diastolic_home", "high_pressure_days"]],
  ["血糖", ["glucose", "glucose_fasting", "glucose_2h", "hba1c"]],
  ["查体、胸片、心电图和家族史", "signs"],
  ["化验", []],
];

/** The words of the list that ask for a field under another name than its label. */
const ASKED_AS = [
  [/听诊/, ["crackles", "breath_sounds_less"]], [/叩诊/, ["lung_dullness"]], [/胸片|CT/, ["chest_infiltrate"]], [/血常规/, ["wbc", "haemoglobin"]],
  [/呼吸次数|呼吸频率/, ["respiratory_rate"]], [/血氧/, ["spo2"]], [/脉搏|心率/, ["heart_rate"]], [/血压/, ["systolic", "diastolic"]],
  [/血糖/, ["glucose", "glucose_fasting"]], [/心电图/, ["ecg_ischaemia"]], [/肾功|尿素/, ["urea"]], [/家族史/, ["family_coronary"]],
];
const LEADING = 2;

/** What the first of the list still lack or can have checked here, and what was given before; not the vital signs that they already speak of. */
function matters(view) {
  const wanted = view.candidates.slice(0, LEADING).flatMap((one) => [...one.missing, ...one.checks]).join(" ").replaceAll(" ", "");
  const codes = new Set(ASKED_AS.filter(([words]) => words.test(wanted)).flatMap(([, fields]) => fields));
  const told = view.candidates.slice(0, LEADING).flatMap((one) => [...one.speaks_for, ...one.speaks_against]).map((one) => one.text).join(" ");
  const known = (code, label) => GROUPS[0][1].includes(code) && told.includes(label.slice(0, 2));
  return ({ code, label, value }) => !known(code, label) && ((value ?? null) !== null || codes.has(code) || wanted.includes(label.replace(/[((].*$/, "").replaceAll(" ", "")));
}

/** The fields that matter here open, the others folded by what they are; without any that matter the first group is open. */
function grouped(values, signs, view) {
  const first = [...values, ...signs].filter(matters(view));
  const left = (list) => list.filter((one) => !first.includes(one));
  const named = new Set(GROUPS.flatMap(([, codes]) => codes === "signs" ? [] : codes));
  const rest = GROUPS.map(([label, codes]) => [label, codes === "signs" ? left(signs)
    : left(values).filter(({ code }) => codes.length ? codes.includes(code) : !named.has(code))]).filter(([, members]) => members.length);
  const fields = (members) => h("div", { class: "cand-fields" }, members.map(field));
  return [
    first.length > 0 && h("fieldset", { class: "cand-first" }, h("legend", null, "这次先看这几样"), fields(first)),
    rest.map(([label, members], place) => h("details", { class: "cand-group", open: !first.length && place === 0 },
      h("summary", { class: "fold" }, `${label}(${members.length} 项)`), fields(members))),
  ];
}

const field = ({ label, unit, input }) => h("label", { class: "field" }, h("span", null, unit ? `${label}(${unit})` : label), input);

/** Values by number, signs by 有 / 没有 / 没查. */
function valuesForm(id, view, done) {
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const values = view.values.map((one) => ({ ...one, input: h("input", { inputmode: "decimal", maxlength: 7, autocomplete: "off", value: one.value ?? "" }) }));
  const signs = view.signs.map((one) => ({
    ...one,
    input: h("select", null, [["", "没查"], ["1", "有"], ["0", "没有"]].map(([code, label]) => h("option", { value: code, selected: code === (one.value === null ? "" : String(one.value)) }, label))),
  }));
  for (const { input } of values) mended(input, wrong, ...values.map((one) => one.input));
  const send = orderButton("存好,重新排", () => {
    const given = values.filter(({ input }) => input.value.trim());
    const bad = given.find(({ input, low, high }) => !(Number(input.value) >= low && Number(input.value) <= high));
    for (const one of values) one.input.setAttribute("aria-invalid", String(one === bad));
    wrong.textContent = bad ? `${bad.label}应在 ${bad.low} 到 ${bad.high} ${bad.unit} 之间。` : "";
    const folded = bad?.input.closest("details.cand-group");
    if (folded) folded.open = true;
    bad?.input.focus();
    if (bad) return null;
    const looked = signs.filter(({ input }) => input.value !== "");
    return [`consultations/${id}/values`, {
      values: Object.fromEntries(given.map(({ code, input }) => [code, Number(input.value)])),
      examined: Object.fromEntries(looked.map(({ code, input }) => [code, ABSENT[input.value]])),
    }];
  }, done, { trouble, method: "PUT", kind: "default" });
  return keepTyped(h("form", { class: "cand-form", novalidate: true, on: { submit: (event) => event.preventDefault() } },
    h("p", { class: "faint" }, "有就填,没有空着。"), grouped(values, signs, view), wrong, trouble, send));
}
