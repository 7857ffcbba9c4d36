// The expert's desk: what he is asked, his cases, one case with opinion and prescription, his duty.

import { caseDesk } from "./case.js";
import { queue } from "./queue.js";
import { roster } from "./roster.js";
import { Shell } from "../shared/shell.js";
import { GONE, refused, tabs } from "./desk.js";

new Shell({
  "": { title: "专家工作台", tab: "", open: queue },
  case: { title: "会诊", tab: "", above: "#/", open: caseDesk },
  roster: { title: "排班和请假", tab: "roster", open: roster },
}, { tabs, refused, gone: GONE });
