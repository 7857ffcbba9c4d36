// A case on one screen, from GET consultations/{id}/case: what those who treat the patient weigh, in the order in which they read it.

import { spoken } from "./dates.js";
import { cell, h } from "./dom.js";

const BEFORE = 3;
const STATUS = { present: "", absent: "没有", uncertain: "不确定:" };

/** `candidates`: the element of the candidate diseases (shared/candidates.js), left out where the reader may not see them. `images`: the element that shows the images (shared/images.js), left out where the reader may not see them. */
export function caseSummary(view, { images = null, candidates = null } = {}) {
  return h("div", { class: "case" },
    head(view), told(view), candidates && wide(candidates), vitals(view), safety(view), pictures(view, images), history(view), view.opinion && opinionPart(view.opinion), course(view));
}

const section = (heading, ...children) => h("section", { class: "panel case-part", "aria-label": heading }, h("h2", null, heading), children);
const wide = (element) => {
  element.classList.add("case-wide");
  return element;
};

function head(view) {
  const { patient } = view;
  const who = [patient.number && `${patient.number}号`, patient.name, patient.sex_label, patient.age].filter(Boolean).join(" · ");
  return h("section", { class: "panel panel-strong case-part case-wide", "aria-label": `会诊 ${view.code}` },
    h("h2", null, h("span", { class: `tag tag-${view.urgency}` }, view.urgency_label), `会诊 ${view.code}`),
    h("p", { class: "case-who" }, who),
    h("p", null, `${view.department} · ${view.state_label}${view.expert ? ` · ${view.expert}` : ""}`),
    h("p", { class: "faint" }, `${view.organisation} ${view.village_doctor} · ${spoken(view.requested_at)} 发起`));
}

function told(view) {
  return wide(section("主诉",
    h("p", { class: "case-complaint" }, marked(view.complaint, view.findings)),
    view.question && h("p", { class: "case-question" }, h("b", null, "村医想问:"), view.question),
    h("h3", null, `为什么是${view.urgency_label}`),
    view.reasons.length ? h("ul", { class: "case-list" }, view.reasons.map((one) => h("li", null, one))) : h("p", null, "没有说到危险的表现,按村医写的程度。"),
    view.suspected && h("p", null, h("b", null, "先要排除:"), view.suspected),
    view.do_now.length > 0 && h("details", { "data-id": "do_now" }, h("summary", { class: "fold" }, "已经告诉村医先做什么"), h("ul", { class: "case-list" }, view.do_now.map((one) => h("li", null, one))))));
}

/** The line as it was written, with every finding marked where it stands. Places count characters, not the halves of rare ones. */
export function marked(text, findings) {
  const letters = Array.from(text);
  const parts = [];
  let from = 0;
  for (const one of findings) {
    if (one.start < from || one.end > letters.length) continue;
    parts.push(letters.slice(from, one.start).join(""));
    const words = letters.slice(one.start, one.end).join("");
    const said = STATUS[one.status] + one.term;
    parts.push(h("mark", { class: `case-mark case-${one.status}`, title: said }, words, said !== words && h("span", { class: "unseen" }, `(${said})`)));
    from = one.end;
  }
  parts.push(letters.slice(from).join(""));
  return parts.filter((part) => part !== "");
}

function vitals(view) {
  const now = new Map(view.vitals);
  const before = [...new Set(view.earlier_vitals.map((one) => one.name))].filter((name) => !now.has(name));
  const labs = view.labs.length > 0 && [h("h3", null, "化验"), pairs(view.labs)];
  return section("生命体征",
    view.vitals.length > 0 && h("dl", { class: "case-vitals" }, view.vitals.map(([name, value]) => vital(name, value, view))),
    view.vitals.length === 0 && h("p", { class: "faint" }, "这次没有报生命体征,可以请村医现在量。"),
    before.length > 0 && h("dl", { class: "case-vitals" }, before.map((name) => vital(name, null, view))),
    labs);
}

/** One vital sign, `value` null where it was measured before and not now. */
function vital(name, value, view) {
  const points = view.earlier_vitals.filter((one) => one.name === name);
  const before = points.slice(-BEFORE).reverse().map((one) => `${spoken(one.at)} ${one.value}`).join(";");
  if (value !== null) points.push({ at: view.requested_at, value });
  return h("div", null, h("dt", null, name),
    h("dd", null, value !== null && h("b", null, value), points.length > 1 && trend(points), before && h("span", { class: "faint line" }, `以前:${before}`)));
}

/** A line of what was measured, oldest first; of a pressure the upper number. It says nothing that the words beside it do not. */
function trend(points) {
  const numbers = points.map((one) => Number.parseFloat(one.value));
  if (!numbers.every(Number.isFinite)) return null;
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const x = (place) => 3 + (place * 90) / (points.length - 1);
  const y = (number) => (high === low ? 15 : 27 - ((number - low) * 24) / (high - low));
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 96 30");
  drawing.setAttribute("class", "case-trend");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  line.setAttribute("points", numbers.map((number, place) => `${x(place)},${y(number)}`).join(" "));
  drawing.append(line);
  return drawing;
}

const pairs = (lines) => h("dl", { class: "case-pairs" }, lines.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

function safety(view) {
  return section("用药安全", view.safety_facts.length ? pairs(view.safety_facts) : h("p", { class: "faint" }, "没有记录。"));
}

function pictures(view, images) {
  return section("影像", images && view.images ? images : h("p", null, view.images ? `影像 ${view.images} 份` : view.missing.includes("material") ? "影像还没到。" : "没有影像。"));
}

/** The signed opinion with what was decided on it. */
export function opinionPart(one) {
  return wide(section(`专家意见 · 第 ${one.revision} 版`,
    one.diagnoses.length > 0 && h("p", null, h("b", null, "诊断:"), one.diagnoses.map((each) => (each.icd10 ? `${each.name}(${each.icd10})` : each.name)).join("、")),
    one.assessment && h("p", null, h("b", null, "判断:"), one.assessment),
    h("p", { class: "case-advice" }, h("b", null, "建议:"), one.advice),
    one.watch_for && h("p", null, h("b", null, "注意:"), one.watch_for),
    signed(one.signature_valid, `${one.expert} · ${spoken(one.given_at)}`),
    one.decision && h("div", { class: "case-decision" },
      h("p", null, h("b", null, `村医决定:${one.decision.choice_label}`), one.decision.reason && `(${one.decision.reason})`),
      signed(one.decision.signature_valid, `${one.decision.decided_by} · ${spoken(one.decision.decided_at)}`))));
}

/** Who signed, and whether the signature fits what stands here. */
export const signed = (valid, who) =>
  h("p", { class: valid ? "done-line" : "case-broken", role: valid ? null : "alert" }, valid ? `✓ 已签名:${who}` : `签名和内容对不上,请不要照此办理,马上联系管理员。(${who})`);

function history(view) {
  if (!view.history.length) return section("以前", h("p", { class: "faint" }, "在这里没有以前的记录。"));
  return section("以前", view.history.map((one) => one.lines.length
    ? h("details", { "data-id": `before-${one.at}` }, h("summary", { class: "fold" }, one.title, h("span", { class: "faint line" }, spoken(one.at))), one.lines.map((line) => h("p", null, line)))
    : cell(one.title, null, spoken(one.at))));
}

function course(view) {
  return h("details", { class: "panel case-part case-wide", "data-id": "timeline" }, h("summary", { class: "fold" }, "会诊经过"),
    h("ol", { class: "timeline" }, [...view.timeline].reverse().map((entry) => h("li", null, h("p", null, entry.label), h("p", { class: "faint" }, [spoken(entry.at), entry.who].filter(Boolean).join(" · "))))));
}
