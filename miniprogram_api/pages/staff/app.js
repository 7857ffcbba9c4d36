// The administrator's page: the county's houses, who works there, one person's roles and licence, registers taken in from tables, what goes because
// its time is over.

import { Shell } from "../shared/shell.js";
import { addPerson } from "./add.js";
import { disposals } from "./disposals.js";
import { house } from "./house.js";
import { houses } from "./houses.js";
import { person } from "./person.js";
import { registers } from "./registers.js";
import { refused, tabs } from "./staff.js";

new Shell({
  "": { title: "员工与机构", tab: "", open: houses },
  house: { title: "机构的人员", tab: "", above: "#/", open: house },
  add: { title: "登记人员", tab: "", above: "#/", open: addPerson },
  person: { title: "人员", tab: "", above: "#/", open: person },
  import: { title: "导入名册", tab: "import", open: registers },
  disposals: { title: "到期资料", tab: "disposals", open: disposals },
}, { tabs, refused });
