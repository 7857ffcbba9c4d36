// One consultation in full: what to do now, what is missing, the opinion and her decision, drugs, the end; everything else below.

import { day, hour, spoken } from "../../shared/dates.js";
import { Candidates } from "../../shared/candidates.js";
import { caseSummary } from "../../shared/case_summary.js";
import { h } from "../../shared/dom.js";
import { imageStrip } from "../../shared/images.js";
import { ask, askOrNull } from "../../shared/asking.js";
import { factsFold } from "../../shared/facts.js";
import { Parts, saidPart } from "../../shared/parts.js";
import { keptRecordings } from "../../shared/recordings.js";
import { decisionPart } from "./decision.js";
import { dosePart } from "./dose.js";
import { finishPart } from "./finish.js";
import { prescriptionPart } from "./medicines.js";
import { callLink, cancelButton, caseNeeds, isSending } from "./needs.js";
import { printButton, printSheet } from "./print.js";

const CLOSED = new Set(["COMPLETED", "CANCELLED"]);
const BEGUN = new Set(["IN_PROGRESS", "COMPLETED"]);
// Until somebody has begun, what to do now stands first.
const WAITING = new Set(["DRAFT", "PENDING", "ASSIGNED"]);
const ABOUT_ASKING = /^(wave|offer|offers|desk|accept|return|dispatch|begin)\b/;

export async function oneCase({ rest: [id] }) {
  // What she does stands on the left, what is known on the right; on a phone one below the other.
  const parts = { acts: new Parts(), told: new Parts() };
  const images = pictures();
  const candidates = new Candidates(id);
  const recordings = keptRecordings(id);
  let said = "";
  const again = async (words) => {
    said = words;
    await fresh({ force: true });
  };
  const fresh = async ({ force = false } = {}) => draw(parts, await read(id), { force, again, said, images, candidates, recordings });
  await fresh();
  const element = h("div", { class: "doctor-two" }, parts.acts.element, parts.told.element);
  return { element, fresh, busy: isSending };
}

async function read(id) {
  const view = await ask(`consultations/${id}/case`);
  const begun = BEGUN.has(view.state);
  const [medicines, doses, rating, facts] = await Promise.all([
    begun ? ask(`consultations/${id}/medicines`) : { prescriptions: [], dose: null },
    view.state === "IN_PROGRESS" && view.opinion?.decision ? ask("emergency-doses") : null,
    view.state === "COMPLETED" ? askOrNull(`consultations/${id}/rating`, "http.404") : null,
    view.state === "CANCELLED" ? null : ask(`consultations/${id}/safety-facts`),
  ]);
  return { view, medicines, doses, rating, facts };
}

function draw({ acts, told }, { view, medicines, doses, rating, facts }, { force, again, said, images, candidates, recordings }) {
  const status = { ...view, number: view.patient.number, patient: view.patient.name };
  const { opinion } = view;
  candidates.again();
  const recorded = recordings(view.timeline);
  const asking = view.timeline.filter((one) => ABOUT_ASKING.test(one.kind));
  acts.draw([
    saidPart(said),
    ["now", [view.state, view.do_now, view.next, view.expert, asking], () => [WAITING.has(view.state) && doNow(view), standing(view, asking)]],
    ["needs", [view.state, view.missing, view.images], () => !CLOSED.has(view.state) && needs(status, view, again)],
    ["decision", [opinion, view.state], () => decisionPart(view, again)],
    ["dose", [view.state, opinion?.decision, medicines.dose, doses], () => dosePart(view, medicines.dose, doses, again)],
    ["facts", Boolean(facts?.open), () => facts?.open && h("section", { class: "panel", "aria-label": "用药安全资料" }, factsFold(view.consultation_id, again))],
    ...medicines.prescriptions.map((one) => [one.prescription_id, one, () => prescriptionPart(one, again)]),
    ["finish", [view.state, view.missing, opinion?.decision, rating, medicines.prescriptions.map((one) => [one.code, one.state])], () => finishPart(view, rating, again, medicines.prescriptions)],
    ["recordings", Boolean(recorded), () => recorded],
  ], { force });
  told.draw([
    ["summary", { ...view, now: null, opinion: null }, () => caseSummary({ ...view, opinion: null }, { images: images(view), candidates: candidates.element })],
    ["ways", [view.state, Boolean(opinion)], () => h("div", { class: "actions" }, printButton(), cancelButton(status, again))],
    ["print", [{ ...view, now: null }, medicines], () => printSheet({ view, ...medicines })],
  ], { force });
}

/** The row of images, made anew only when there are more of them: each look is fetched over a weak link, and audited. */
function pictures() {
  let [strip, count] = [null, 0];
  return (view) => {
    if (view.images !== count) [strip, count] = [imageStrip(view.consultation_id), view.images];
    return strip;
  };
}

const broughtHere = new Set();

/** In sight as long as something is missing, and while she sees what she brought arrive; out of the way when she comes back. */
function needs(status, view, again) {
  const content = caseNeeds(status, view.images, again);
  const id = view.consultation_id;
  if (view.missing.length) {
    broughtHere.add(id);
    return h("section", { class: "panel", "aria-label": "资料" }, h("h2", null, "资料"), content);
  }
  return h("details", { class: "panel", "data-id": "needs", "aria-label": "资料", open: broughtHere.has(id) },
    h("summary", { class: "fold" }, `资料齐了${view.images ? `,影像 ${view.images} 份` : ""}(再补)`), content);
}

function doNow(view) {
  if (!view.do_now.length) return null;
  const [first, ...others] = view.do_now;
  return h("section", { class: "panel panel-danger", role: "alert" }, h("h2", null, first), others.length > 0 && h("p", null, `现在:${others.join(";")}`), h("a", { href: "tel:120" }, "拨打 120"));
}

/** Who is being asked since when, and what comes next. */
function standing(view, asking) {
  const when = (at) => (day(at) === day(view.now) ? hour(at) : spoken(at));
  return h("section", { class: "panel panel-strong", "aria-label": `会诊 ${view.code} 的进展` },
    h("h2", null, h("span", { class: `tag tag-${view.urgency}` }, view.urgency_label), `${view.code} · ${view.state_label}`),
    h("p", null, view.next),
    view.expert && h("p", null, h("b", null, view.expert)),
    callLink(view),
    asking.length > 0 && h("ol", { class: "doctor-asking" }, asking.slice(-4).reverse().map((one) => h("li", null, one.label, h("span", { class: "faint" }, ` ${[when(one.at), one.who].filter(Boolean).join(" · ")}`)))));
}
