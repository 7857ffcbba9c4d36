// The village doctor's own patients.

import { ask } from "../shared/asking.js";
import { sexLabel } from "../shared/sexes.js";

let list = null;

/** Her patients by number. */
export async function myPatients({ anew = false } = {}) {
  if (anew || !list) list = (await ask("patient-list")).patients;
  return list;
}

export const patientLine = (one) => `${one.number}号 ${one.full_name} ${sexLabel(one.sex)} ${one.age_years}岁`;
