// The village doctor's page: her patients, a new consultation, prescriptions. Her cases lie in cases/.

import { consent } from "./consent.js";
import { enlist } from "./enlist.js";
import { patient } from "./patient.js";
import { patients } from "./patients.js";
import { prescription, prescriptions } from "./prescriptions.js";
import { newConsultation } from "./new.js";
import { Shell } from "../shared/shell.js";
import { refused, tabsFrom } from "./tabs.js";

new Shell({
  "": { title: "我的病人", tab: "patients", open: patients },
  enlist: { title: "登记病人", tab: "patients", above: "#/", open: enlist },
  patient: { title: "病人", tab: "patients", above: "#/", open: patient },
  consent: { title: "纸质同意书", tab: "patients", above: "#/", open: consent },
  new: { title: "新会诊", tab: "new", open: newConsultation },
  prescriptions: { title: "处方", tab: "prescriptions", open: prescriptions },
  rx: { title: "处方详情", tab: "prescriptions", above: "#/prescriptions", open: prescription },
}, { tabs: tabsFrom(""), refused });
