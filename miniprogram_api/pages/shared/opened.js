// What pharmacist and signing doctor read of one prescription: its head, the drugs and the check beside what is known of the patient.

import { Problem, request } from "./api.js";
import { Candidates } from "./candidates.js";
import { caseSummary } from "./case_summary.js";
import { h, replace } from "./dom.js";
import { notice } from "./states.js";
import { checkList, factList, prescriptionLines, signatureLine } from "./prescription.js";

let names = null;

/** The prescription, the facts, and the drug list for their names (once; without it codes are shown). */
export async function fetchOpened(id) {
  const rx = await request("GET", `prescriptions/${id}`);
  const [facts, drugs] = await Promise.all([
    request("GET", `consultations/${rx.consultation_id}/safety-facts`),
    names ?? request("GET", "drugs").catch(() => null),
  ]);
  names = drugs;
  return { rx, facts, names: drugs };
}

const SINCE = { REFERRED: "proposed_at", SIGNED: "signed_at", RELEASED: "reviewed_at" };

export const head = (rx) =>
  h("header", { class: "wl-head" },
    h("h2", { tabindex: -1 }, h("span", { class: `tag tag-${rx.urgency}` }, rx.urgency_label), `处方 ${rx.code}`),
    h("p", null, rx.state_label),
    SINCE[rx.state] && h("p", { class: "wl-clock", "data-since": rx[SINCE[rx.state]] }));

/** `more`: further panels beside the patient's facts. */
export const beside = ({ rx, facts, names: list }, ...more) =>
  h("div", { class: "wl-two" },
    h("div", null,
      panel("处方", prescriptionLines(rx)),
      panel("用药检查", checkList(rx))),
    h("div", null,
      panel("病人", factList(facts, list, rx)),
      more,
      panel("经手", signatureLine(rx), h("p", { class: "faint" }, `第 ${rx.revision} 版`))));

/** The case that it was prescribed for, fetched when it is unfolded. `candidates`: with the candidate diseases, for who may read them. */
export function caseFold(rx, { candidates = false } = {}) {
  const place = h("div", null);
  const open = async () => {
    if (!fold.open || place.childElementCount) return;
    try {
      const view = await request("GET", `consultations/${rx.consultation_id}/case`);
      replace(place, caseSummary(view, { candidates: candidates ? new Candidates(rx.consultation_id).element : null }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(place, notice(problem));
      fold.addEventListener("toggle", () => !fold.open && replace(place), { once: true });
    }
  };
  const fold = h("details", { class: "wl-fold", on: { toggle: open } }, h("summary", { class: "fold" }, `看会诊 ${rx.consultation_code} 的病情`), place);
  return fold;
}

export const panel = (heading, ...children) => h("section", { class: "panel", "aria-label": heading }, h("h2", null, heading), children);
