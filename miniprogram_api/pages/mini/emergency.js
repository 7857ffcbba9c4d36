// Danger, before everything else: what to do now.

import { h } from "../shared/dom.js";

export const emergencyCard = (emergency) =>
  h("section", { class: "panel panel-danger", role: "alert" },
    h("h2", null, emergency.first || `${emergency.suspected ? `可能是${emergency.suspected},` : ""}请马上打 120`),
    emergency.first && h("a", { href: "tel:12356" }, "拨打 12356 心理援助热线"),
    h("a", { href: "tel:120" }, "拨打 120"),
    emergency.do_now.length > 0 && h("p", null, `现在:${emergency.do_now.join(";")}`),
    emergency.do_not.length > 0 && h("p", null, `不要:${emergency.do_not.join(";")}`));

/** The signs that mean 120, for everybody who says that it gets worse. */
export const alwaysDanger = () =>
  h("section", { class: "panel panel-danger", role: "note" },
    h("h2", null, "有这些,马上打 120"),
    h("p", null, "喘不上气、剧烈胸痛、手脚没力、说不清话、叫不醒。"),
    h("a", { href: "tel:120" }, "拨打 120"));
