// What pharmacist and signing doctor read of one prescription: its head, the drugs and the check beside what is known of the patient.

import { request } from "./api.js";
import { h } from "./dom.js";
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
    h("h2", null, h("span", { class: `tag tag-${rx.urgency}` }, rx.urgency_label), `处方 ${rx.code}`),
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
      panel("经手", signatureLine(rx), h("p", { class: "faint" }, `会诊 ${rx.consultation_code} · 第 ${rx.revision} 版`))));

export const panel = (heading, ...children) => h("section", { class: "panel", "aria-label": heading }, h("h3", null, heading), children);
