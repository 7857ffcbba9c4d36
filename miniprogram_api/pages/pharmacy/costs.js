// What the patient pays, and why.

import { h } from "../shared/dom.js";
import { inYuan, yuan } from "../shared/money.js";
import { panel } from "../shared/opened.js";

export const costs = (quote) =>
  panel("费用(估算)",
    h("dl", { class: "wl-sums" },
      h("dt", null, "一共"), h("dd", null, yuan(quote.fee_fen)),
      h("dt", null, "医保报"), h("dd", null, yuan(quote.pays_fen)),
      h("dt", { class: "wl-own" }, "病人付"), h("dd", { class: "wl-own" }, yuan(quote.own_fen))),
    quote.pays_fen === 0 && h("p", null, inYuan(quote.reason)),
    h("details", null, h("summary", { class: "fold" }, "怎么算的"),
      quote.pays_fen > 0 && h("p", null, inYuan(quote.reason)),
      h("ul", { class: "wl-lines" }, quote.lines.map((line) => h("li", null, `${line.name} ${yuan(line.fee_fen)}:${inYuan(line.reason)}`))),
      h("p", { class: "faint" }, inYuan(quote.note))));
