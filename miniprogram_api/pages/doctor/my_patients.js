// The village doctor's own patients.

import { ask } from "../shared/asking.js";
import { sexLabel } from "../shared/sexes.js";

let list = null;
let locked = [];

/** Her patients by number. */
export async function myPatients({ anew = false } = {}) {
  if (anew || !list) ({ patients: list, locked = [] } = await ask("patient-list"));
  return list;
}

/** Those of the list that was read last whose records are locked: their numbers and ids, nothing more. */
export const lockedPatients = () => locked;

export const patientLine = (one) => `${one.number}号 ${one.full_name} ${sexLabel(one.sex)} ${one.age_years}岁`;
