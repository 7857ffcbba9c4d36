// The text of a consent, to be printed, read out and signed on paper by who has no WeChat.

import { h } from "../shared/dom.js";
import { ask } from "../shared/asking.js";
import { printButton } from "./cases/print.js";

const PURPOSES = new Set(["care", "consultation"]);

export async function consent({ rest: [purpose] }) {
  const text = await ask(`consent-texts/${PURPOSES.has(purpose) ? purpose : "care"}`);
  const lines = ["病人(或监护人)签名:", "与病人的关系:", "村医签名:", "日期:"];
  return {
    element: h("div", null,
      h("p", { class: "actions faint" }, "念给病人听,问清楚了再签。签好拍照,存进他的档案。"),
      h("h2", { class: "weui-cells__title" }, `${text.title}(版本 ${text.version})`),
      h("div", { class: "consent-text", tabindex: 0, role: "document", "aria-label": text.title }, text.text),
      h("div", { class: "actions" }, printButton()),
      h("article", { class: "print-sheet", "aria-hidden": "true" },
        h("p", { class: "print-title" }, text.title), h("p", { class: "print-text" }, text.text),
        h("p", null, `版本 ${text.version}`), lines.map((line) => h("p", { class: "print-blank" }, line)))),
  };
}
