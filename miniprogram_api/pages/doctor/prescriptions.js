// 处方: what she has to sign or to hand on, and how far each is.

import { cells, empty, h, link, title } from "../shared/dom.js";
import { yuan } from "../shared/money.js";
import { ask } from "../shared/asking.js";
import { Parts, saidPart } from "../shared/parts.js";
import { prescriptionPart } from "./cases/medicines.js";
import { printButton, printSheet } from "./cases/print.js";

const WAITS_FOR_HER = new Set(["PROPOSED"]);
const RUNS = new Set(["REFERRED", "SIGNED", "RETURNED", "RELEASED"]);

export async function prescriptions() {
  const parts = new Parts();
  const fresh = async () => {
    const { prescriptions: all } = await ask("prescriptions");
    const [mine, running] = [all.filter((one) => WAITS_FOR_HER.has(one.state)), all.filter((one) => RUNS.has(one.state))];
    const over = all.filter((one) => !mine.includes(one) && !running.includes(one));
    parts.draw([["all", all, () => (all.length ? [group("等您签", mine), group("在路上", running), group("以前的", over)]
      : empty("还没有处方。专家开了处方,会出现在这里,也会在聊天里告诉您。"))]]);
  };
  await fresh();
  return { element: parts.element, fresh };
}

const group = (heading, list) => list.length > 0 && [title(heading), cells(list.map(prescriptionRow))];

/** One line: what it holds, for whom, how far it is. */
export const prescriptionRow = (one) =>
  link(`#/rx/${one.prescription_id}`, one.items.map((item) => item.name).join("、"), one.state_label, [one.code, one.patient, one.age, yuan(one.fee_fen)].filter(Boolean).join(" · "));

export async function prescription({ rest: [id] }) {
  const parts = new Parts();
  let said = "";
  const again = async (words) => {
    said = words;
    await fresh({ force: true });
  };
  const fresh = async ({ force = false } = {}) => {
    const found = await ask(`prescriptions/${id}`);
    parts.draw([
      saidPart(said),
      ["prescription", found, () => [prescriptionPart(found, again), printSheet({ prescriptions: [found] })]],
      ["ways", found.consultation_id, () => h("div", { class: "actions" }, h("a", { class: "weui-btn weui-btn_default", href: `cases/#/case/${found.consultation_id}` }, `打开会诊 ${found.consultation_code}`), printButton())],
    ], { force });
  };
  await fresh();
  return { element: parts.element, fresh };
}
