// How the backups stand, in one line; red, with what to do next, when something is late or went wrong.

import { h } from "../shared/dom.js";

export const backups = (last) => {
  const late = last.to_do.length > 0;
  return h("section", { class: `panel staff-backups${late ? " staff-late" : ""}`, "aria-label": "备份" },
    h("p", { class: late ? "wrong" : "" }, h("b", null, "备份"), " ", last.line),
    last.to_do.map((words) => h("p", null, words)));
};
