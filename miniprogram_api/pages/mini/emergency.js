// Danger, before everything else: what to do now.

import { h } from "../shared/dom.js";

const CALLS = { 120: "拨打 120", 110: "拨打 110", 12356: "拨打 12356 心理援助热线" };
const heading = ({ first, headline, suspected }) => first || headline || `${suspected ? `可能是${suspected},` : ""}请马上打 120`;

export const emergencyCard = (emergency) =>
  h("section", { class: "panel panel-danger", role: "alert" },
    h("h2", null, heading(emergency)),
    (emergency.first ? ["12356", "110", "120"] : emergency.calls).map((number) => h("a", { href: `tel:${number}` }, CALLS[number])),
    emergency.comfort && h("p", null, emergency.comfort),
    emergency.do_now.length > 0 && h("p", null, `现在:${emergency.do_now.join(";")}`),
    emergency.do_not.length > 0 && h("p", null, `${/^[不别]/.test(emergency.do_not[0]) ? "" : "不要:"}${emergency.do_not.join(";")}`));

/** The signs that mean 120, for everybody who says that it gets worse. */
export const alwaysDanger = () =>
  h("section", { class: "panel panel-danger", role: "note" },
    h("h2", null, "有这些,马上打 120"),
    h("p", null, "喘不上气、剧烈胸痛、手脚没力、说不清话、叫不醒。"),
    h("a", { href: "tel:120" }, "拨打 120"));
