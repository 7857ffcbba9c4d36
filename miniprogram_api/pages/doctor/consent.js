// The texts of a consent, to be printed, read out and signed on paper by who has no WeChat. The sheet for the care has two, each with its own signature.

import { h } from "../shared/dom.js";
import { ask } from "../shared/asking.js";
import { printButton } from "./cases/print.js";

const SEPARATE = new Set(["sensitive", "children"]);
const ALONE = new Set(["consultation", "recording", "research", "teaching"]);
const LINES = ["病人(或监护人)签名:", "与病人的关系:", "村医签名:", "日期:"];

export async function consent({ rest: [purpose, second] }) {
  const asked = ALONE.has(purpose) ? [purpose] : ["care", SEPARATE.has(second) ? second : "sensitive"];
  const texts = await Promise.all(asked.map((one) => ask(`consent-texts/${one}`)));
  return {
    element: h("div", null,
      h("p", { class: "actions faint" }, texts.length > 1 ? "念给病人听,问清楚了再签。两份分开签,一起拍进一张照片,存进他的档案。" : "念给病人听,问清楚了再签。签好拍照,存进他的档案。"),
      texts.map((text) => [
        h("h2", { class: "weui-cells__title" }, `${text.title}(版本 ${text.version})`),
        h("div", { class: "consent-text", tabindex: 0, role: "document", "aria-label": text.title }, text.text)]),
      h("div", { class: "actions" }, printButton()),
      h("article", { class: "print-sheet", "aria-hidden": "true" }, texts.map((text) => [
        h("p", { class: "print-title" }, text.title), h("p", { class: "print-text" }, text.text),
        h("p", null, `版本 ${text.version}`), LINES.map((line) => h("p", { class: "print-blank" }, line))]))),
  };
}
