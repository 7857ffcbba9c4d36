// 紧急调阅: a doctor opens a record in an emergency and reads it; the county's reviewers say whether it was justified.

import { Shell } from "../shared/shell.js";
import { oneCase, opened } from "./record.js";
import { refused } from "./emergency.js";
import { review } from "./review.js";
import { start } from "./start.js";

new Shell({
  "": { title: "紧急调阅", tab: "", open: start },
  opened: { title: "打开的档案", tab: "", above: "#/", open: opened },
  case: { title: "会诊", tab: "", above: "#/", open: oneCase },
  review: { title: "调阅审查", tab: "", above: "#/", open: review },
}, { tabs: () => null, refused });
