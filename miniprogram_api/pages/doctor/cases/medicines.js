// A prescription for the village doctor: what it holds, what stands against it, signing it or handing it to the doctor above, how far it is,
// and taking back what she signed.

import { h } from "../../shared/dom.js";
import { checkList, prescriptionLines, signatureLine } from "../../shared/prescription.js";
import { mayStop, signingForm } from "../../shared/signing.js";

const NEXT = {
  PROPOSED: "专家开的,等您看过签名。",
  REFERRED: "已转给镇卫生院的医生签名,签好会告诉您。",
  SIGNED: "已签名,药师在审,一般当天有结果。",
  RETURNED: "药师退回了,专家会改;改好再请您签。",
  RELEASED: "药师审过了,可以取药,三天内有效。",
  DISPENSED: "药已经发了。",
  WITHDRAWN: "已撤回,不能用。",
  EXPIRED: "三天没有取药,已过期;要用请专家再开。",
};
const SIGNABLE = new Set(["PROPOSED", "REFERRED", "RETURNED"]);

/** `again(said)` asks anew after something was done with it, and tells the person what came of it. */
export function prescriptionPart(rx, again) {
  const changed = (next, said) => again(said);
  return h("section", { class: "panel", "aria-label": `处方 ${rx.code}` },
    h("h2", null, `处方 ${rx.code} · ${rx.state_label}`),
    h("p", null, NEXT[rx.state]),
    rx.return_reason && h("p", { class: "doctor-watch" }, `药师退回的理由:${rx.return_reason}`),
    prescriptionLines(rx),
    (SIGNABLE.has(rx.state) || rx.overrides.length > 0) && checkList(rx),
    signatureLine(rx),
    rx.state === "RELEASED" && rx.dispense_code && h("p", null, "取药码 ", h("b", { class: "doctor-code" }, rx.dispense_code)),
    (rx.state === "PROPOSED" || mayStop(rx)) && signingForm(rx, { as: "village_doctor", changed }));
}
