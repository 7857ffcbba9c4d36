// What stands on a prescription, what the check says of it, and what is known of the patient. All are elements; nothing is asked from here.
//
//   prescriptionLines(rx)            the drugs: dose, way, how often, how long, how much, price
//   checkList(rx)                    findings, red ones first, each with its source and, once signed, the doctor's reason
//   checkList(check)                 the same for an answer of POST consultations/{id}/drug-check
//   factList(view, names, rx)        GET consultations/{id}/safety-facts beside it; names = GET drugs (may be null), rx for age and sex
//   signatureLine(rx)                whose hands it went through, and whether the signature fits
//
// rx is GET prescriptions/{id}.

import { spoken } from "./dates.js";
import { h } from "./dom.js";
import { yuan } from "./money.js";
import { sexLabel } from "./sexes.js";

const CLASSES = { 甲: "医保甲类", 乙: "医保乙类" };

/** 每天 2 次 */
const often = (times) => (times === 1 ? "每天 1 次" : `每天 ${times} 次`);

export function prescriptionLines(rx) {
  return h("div", { class: "rx" },
    h("p", { class: "rx-diagnosis" }, h("span", { class: "faint" }, "诊断 "), rx.diagnosis),
    h("ol", { class: "rx-lines" }, rx.items.map(line)),
    h("p", { class: "rx-total" }, h("span", null, `共 ${rx.items.length} 种药`), h("b", null, yuan(rx.fee_fen))),
    rx.note && h("p", null, h("span", { class: "faint" }, "医嘱 "), rx.note));
}

function line(item) {
  const once = item.pieces ? `每次 ${item.pieces}(${item.amount})` : `每次 ${item.amount}`;
  return h("li", null,
    h("p", null, h("b", null, item.name), h("span", { class: "faint" }, ` ${item.form}`)),
    h("p", { class: "rx-parts" }, [once, often(item.times_per_day), item.route, `${item.days} 天`].map((part) => h("span", null, part))),
    item.directions && h("p", null, item.directions),
    h("p", { class: "faint" }, `共 ${item.packs} ${item.pack} · ${yuan(item.fee_fen)} · ${CLASSES[item.coverage] ?? "医保目录外"}`));
}

/** Of a source: where the rule's text was read. */
const GRADES = { P: "据原文", 2: "据转述,待核对原文", "-": "待核对原文" };

export function checkList({ findings, sources = [], overrides = [], rules_signed: signed = true }) {
  const known = new Map(sources.map((one) => [one.code, one]));
  const reasons = new Map(overrides.map((one) => [one.key, one.reason]));
  const shown = new Set(findings.map((one) => one.key));
  const gone = overrides.filter((one) => !shown.has(one.key));
  return h("div", { class: "rx-checks" },
    findings.length === 0 && h("p", { class: "done-line" }, "✓ 用药检查没有发现问题。"),
    findings.length > 0 && h("ul", null, findings.map((one) => finding(one, known.get(one.source), reasons.get(one.key)))),
    gone.length > 0 && h("ul", null, gone.map((one) => h("li", { class: "rx-check" },
      h("p", null, h("span", { class: "tag" }, "签名时的提醒"), one.text), reason(one.reason)))),
    !signed && h("p", { class: "faint" }, "演示·用药规则未经临床审定。"));
}

function finding(one, source, given) {
  const stops = one.action === "B";
  return h("li", { class: stops ? "rx-check rx-stop" : "rx-check rx-warn", "data-key": one.key },
    h("p", null, h("span", { class: "rx-word" }, stops ? "✕ 不能用" : "! 提醒"), one.text),
    one.advice && h("p", null, `建议:${one.advice}`),
    given && reason(given),
    source && h("p", { class: "faint" }, `依据:${source.title}(${[source.edition, graded(source)].filter(Boolean).join(",")})`));
}

/** Whether its text was read, unless the title says so itself. */
const graded = (source) => !source.title.includes("待核对") && (GRADES[source.grade] ?? GRADES["-"]);

const reason = (words) => h("p", { class: "rx-reason" }, h("span", null, "医生的理由:"), words);

const PREGNANCY = { unknown: "没有问", no: "没有怀孕", yes: "怀孕", may_conceive: "可能怀孕" };

export function factList({ facts, recorded_at: at }, names, rx) {
  const drugs = new Map((names?.drugs ?? []).map((one) => [one.code, one.name]));
  const called = (codes, labels = {}) => codes.map((code) => labels[code] ?? drugs.get(code) ?? code);
  const allergies = [...called(facts.allergies, names?.allergies), facts.allergy_words].filter(Boolean).join("、");
  const current = [...called(facts.current), facts.current_words].filter(Boolean).join("、");
  const rows = [
    ["姓名", [rx.patient, sexLabel(rx.sex), rx.age].filter(Boolean).join(" · "), false],
    ["过敏", facts.allergies_asked ? allergies || "问过,没有" : "还没有问", allergies || !facts.allergies_asked],
    rx.sex !== "male" && ["怀孕", PREGNANCY[facts.pregnancy], facts.pregnancy === "yes" || facts.pregnancy === "may_conceive"],
    ["肾功能", kidney(facts), facts.egfr !== null && Number(facts.egfr) < 60],
    ["慢性病", called(facts.conditions, names?.conditions).join("、") || "没有记录", facts.conditions.length > 0],
    ["在用药", current || "没有记录", current !== ""],
    ["测量", measures(facts) || "没有记录", false],
  ];
  return h("div", { class: "rx-facts" },
    h("dl", { class: "case-pairs" }, rows.filter(Boolean).map(([name, value, marked]) =>
      h("div", null, h("dt", null, name), h("dd", { class: marked ? "rx-marked" : null }, value)))),
    h("p", { class: "faint" }, at ? `${spoken(at)} 记录` : "村医还没有记录用药安全资料。"));
}

const kidney = (facts) =>
  [facts.egfr !== null && `eGFR ${round(facts.egfr)}`, facts.creatinine !== null && `肌酐 ${round(facts.creatinine)} µmol/L`].filter(Boolean).join(" · ") || "没有查";

const measures = (facts) => [
  facts.systolic !== null && `收缩压 ${round(facts.systolic)}`,
  facts.heart_rate !== null && `心率 ${round(facts.heart_rate)}`,
  facts.potassium !== null && `血钾 ${round(facts.potassium)}`,
  facts.weight_kg !== null && `体重 ${round(facts.weight_kg)} kg`,
].filter(Boolean).join(" · ");

const round = (value) => String(Math.round(Number(value) * 10) / 10);

export function signatureLine(rx) {
  const hands = [`开方 ${rx.expert}`, rx.signer && `签名 ${rx.signer}(${spoken(rx.signed_at)})`, rx.pharmacist && `审方 ${rx.pharmacist}`, rx.dispensed_by && `发药 ${rx.dispensed_by}(${spoken(rx.dispensed_at)})`].filter(Boolean).join(" · ");
  return h("div", { class: "rx-hands" },
    rx.signature_valid === true && h("p", { class: "done-line" }, "✓ 签名核对无误,内容没有被改过。"),
    rx.signature_valid === false && h("p", { class: "rx-broken", role: "alert" }, "签名和内容对不上:不要签,不要放行,也不要发药。请联系管理员。"),
    h("p", { class: "faint" }, hands));
}
