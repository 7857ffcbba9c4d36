// The village doctor's cases: the open ones with what each still needs, and one of them in full.

import { Shell } from "../../shared/shell.js";
import { refused, tabsFrom } from "../tabs.js";
import { oneCase } from "./case.js";
import { list } from "./list.js";

new Shell({
  "": { title: "我的会诊", tab: "cases", open: list },
  case: { title: "会诊", tab: "cases", above: "#/", open: oneCase },
}, { tabs: tabsFrom("../"), refused });
