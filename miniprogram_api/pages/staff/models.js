// How the model of candidate diseases is used, how often doctors agree with it, and whether it drifts: figures of a crowd, the version in use first.

import { day } from "../shared/dates.js";
import { h } from "../shared/dom.js";

const STATES = { few: "病例太少,还比不了", steady: "稳定", shifting: "有些变化", moved: "明显变了,请临床负责人看看是病人变了,还是模型该改了" };
const ROWS = [["first", "排在第 1"], ["among_three", "在前 3"], ["among_five", "在前 5"], ["none", "都不在"]];

export function models({ models: versions }) {
  if (!versions.length) return null;
  const [now, ...before] = versions;
  return h("section", { class: `panel${now.drift?.state === "moved" ? " staff-late" : ""}`, "aria-label": "候选诊断的模型" },
    h("h2", null, "候选诊断的模型"), version(now),
    before.length > 0 && h("details", { "data-id": "models" }, h("summary", { class: "fold" }, "以前的版本"), before.map(version)));
}

const version = (one) => h("div", { class: "staff-model" },
  h("p", { class: "faint hash" }, `${one.model} · ${one.digest.slice(0, 12)}`),
  h("p", null, `用了 ${one.uses} 次,最近 ${day(one.last_at)};签了意见、没写编码诊断的 ${one.uncoded} 次。`),
  agreed("和签名诊断比", one.all), one.seen.first.of > 0 && agreed("其中签名前看过单子的", one.seen),
  h("p", null, h("b", null, "漂移:"), drift(one.drift)));

function agreed(label, shares) {
  if (!shares.first.of) return h("p", null, `${label}:还没有。`);
  return h("div", null, h("p", null, `${label}(共 ${shares.first.of} 次;细线是 95% 区间)`), h("dl", { class: "staff-shares" }, ROWS.map(([name, words]) => share(words, shares[name]))));
}

/** A bar as wide as the share, over a line as wide as its interval; the numbers stand beside it. */
function share(words, { count, of, low, high }) {
  const bar = h("span", { class: "staff-bar", "aria-hidden": "true" }, h("i"), h("u"));
  bar.children[0].style.width = `${(100 * count) / of}%`;
  bar.children[1].style.left = `${100 * low}%`;
  bar.children[1].style.width = `${100 * (high - low)}%`;
  return h("div", null, h("dt", null, words), h("dd", null, bar, ` ${count}/${of}`, h("span", { class: "unseen" }, `,区间 ${low} 到 ${high}`)));
}

function drift(found) {
  if (!found) return "还没有比过(每天比一次)。";
  const moved = found.moved.map(([name, index]) => `${name} ${index.toFixed(2)}`).join("、");
  return `${STATES[found.state]}(${found.day},最近 ${found.cases} 次)${moved ? `:${moved}` : ""}。`;
}
