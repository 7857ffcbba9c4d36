// A patient of hers: what was before, what runs, what drugs must not do to him, how he is insured.

import { Problem } from "../shared/api.js";
import { day, spoken } from "../shared/dates.js";
import { cells, h, link, title } from "../shared/dom.js";
import { ask, askOrNull, drugNames } from "../shared/asking.js";
import { lockedPart } from "./locked.js";
import { lockedPatients, myPatients, patientLine } from "./my_patients.js";
import { factsPart } from "../shared/facts.js";
import { insurancePart } from "./insurance.js";
import { choosePatient } from "./new.js";
import { kinPart } from "./kin.js";
import { plansPart } from "./plans.js";
import { prescriptionRow } from "./prescriptions.js";
import { readingsPart } from "./readings.js";
import { Parts, saidPart } from "../shared/parts.js";

const CLOSED = new Set(["COMPLETED", "CANCELLED"]);
const CONSENTS = { care: "看病与健康服务", sensitive: "使用健康信息", children: "孩子的信息", consultation: "远程会诊", recording: "录像", research: "研究", teaching: "教学" };

export async function patient({ rest: [id], go }) {
  const parts = new Parts();
  let said = "";
  const again = async (words) => {
    said = words;
    await fresh({ force: true });
  };
  const fresh = async ({ force = false } = {}) => {
    const found = await read(id);
    if (found.locked) parts.draw([saidPart(said), ["locked", found.locked, () => lockedPart(found.locked, again)]], { force });
    else draw(parts, found, { go, force, again, said });
  };
  await fresh();
  return { element: parts.element, fresh };
}

async function read(id) {
  const one = (await myPatients({ anew: true })).find((other) => other.patient_id === id);
  const locked = !one && lockedPatients().find((other) => other.patient_id === id);
  if (locked) return { locked };
  if (!one) throw new Problem("名单上没有这位病人,请回到「我的病人」再选。", { status: 404 });
  const [{ consultations }, { prescriptions }, { plans, now }, membership, pressures, sugars] = await Promise.all([
    ask(`patients/${id}/consultations`), ask(`patients/${id}/prescriptions`), ask(`patients/${id}/plans`),
    askOrNull(`patients/${id}/membership`, "coverage.membership_unknown"),
    ask(`patients/${id}/readings?task=blood_pressure`), ask(`patients/${id}/readings?task=fasting_glucose`),
  ]);
  // Facts are recorded within a consultation; those of the newest of her own are the patient's latest.
  const own = consultations.filter((each) => each.own);
  const latest = own.find((each) => !CLOSED.has(each.state)) ?? own[0] ?? null;
  const [facts, names] = latest ? await Promise.all([ask(`consultations/${latest.consultation_id}/safety-facts`), drugNames()]) : [null, null];
  const readings = [...pressures.readings, ...sugars.readings].sort((a, b) => b.taken_at.localeCompare(a.taken_at));
  return { one, now, readings, consultations, prescriptions, plans, membership, latest, facts, names };
}

function draw(parts, { one, now, readings, consultations, prescriptions, plans, membership, latest, facts, names }, { go, again, force, said }) {
  parts.draw([
    saidPart(said),
    ["head", one, () => head(one, go)],
    ["kin", one.patient_id, () => kinPart(one)],
    ["consultations", consultations, () => [title("会诊"), consultations.length ? cells(consultations.map(consultationRow)) : none("还没有会诊。")]],
    ["prescriptions", prescriptions, () => [title("处方"), prescriptions.length ? cells(prescriptions.map(prescriptionRow)) : none("还没有处方。")]],
    ["plans", [one.consents, plans], () => [title("随访"), plansPart(one, plans, again)]],
    ["readings", readings, () => readingsPart(one, readings, now, again)],
    ["facts", [facts, latest], () => [title("用药安全资料"), factsPart(facts, names, { patient: one.full_name, sex: one.sex, age: `${one.age_years} 岁` }, latest, again)]],
    ["insurance", membership, () => [title("医保"), insurancePart(one, membership, again)]],
  ], { force });
}

function head(one, go) {
  const consents = one.consents.filter((each) => !each.withdrawn_at).map((each) => `${CONSENTS[each.purpose] ?? each.purpose}(${day(each.given_at)})`);
  const ask = h("button", { type: "button", class: "weui-btn weui-btn_primary" }, "为这位病人请会诊");
  ask.addEventListener("click", () => {
    choosePatient(one.number);
    go("new");
  });
  return h("section", { class: "panel panel-strong" },
    h("h2", null, patientLine(one)),
    h("p", { class: "faint" }, [`${birthday(one.birth_date)}生`, one.phone && `电话 ${one.phone}`, one.has_wechat ? "有微信" : "没有微信"].filter(Boolean).join(" · ")),
    h("p", { class: "faint" }, consents.length ? `已同意:${consents.join("、")}` : "还没有签过知情同意。"),
    ask);
}

/** 1979年5月11日 */
const birthday = (date) => date.split("-").map(Number).map((number, place) => `${number}${"年月日"[place]}`).join("");

const none = (text) => h("p", { class: "doctor-none" }, text);

const consultationRow = (one) => {
  const detail = [spoken(one.asked_at), one.expert].filter(Boolean).join(" · ");
  const line = [h("span", { class: `tag tag-${one.urgency}` }, one.urgency_label), one.headline];
  return one.own ? link(`cases/#/case/${one.consultation_id}`, line, one.state_label, detail)
    : h("div", { class: "weui-cell" }, h("div", { class: "weui-cell__bd" }, h("p", null, line), h("p", { class: "faint" }, `${detail} · 别的村医发起`)), h("div", { class: "weui-cell__ft" }, one.state_label));
};
