// What went over the wire for one message: as it travelled, beside what was inside.

import * as api from "./api.js";
import { short } from "./dates.js";
import { openDialog } from "./dialog.js";
import { button, h } from "./dom.js";

const CHANNELS = { official_account: "公众号", mini_program: "小程序", wecom_app: "企业微信应用", wecom_robot: "企业微信机器人" };
const OUTCOMES = { answered: "已回答", silent: "已收下,没有当场回答", invalid: "回答不合规则", timeout: "超时没有回答", dropped: "按设定丢弃", refused: "连不上",
  status: "状态码不对", pending: "进行中", ok: "成功", error: "平台拒绝" };

export async function exchangeDrawer(id, opener) {
  const { show } = openDialog("这条消息的来往", h("p", { class: "state-line" }, "正在取记录…"), { opener });
  const load = async () => {
    try {
      show(record(await api.exchange(id)));
    } catch (problem) {
      show(h("p", { class: "state-line", role: "alert" }, problem.status === 404 ? "这条记录太旧,已经不在了。" : problem.message), button("再试", load, { class: "primary" }));
    }
  };
  await load();
}

export function pictureDrawer(url, name) {
  openDialog(name, h("img", { src: url, alt: name, class: "whole-picture" }), { className: "drawer drawer-wide" });
}

function record(exchange) {
  return [
    h("dl", { class: "facts" },
      h("dt", null, "方向"), h("dd", null, exchange.kind === "callback" ? "微信 → 会诊(回调)" : "会诊 → 微信(接口)"),
      h("dt", null, "渠道"), h("dd", null, CHANNELS[exchange.channel] ?? exchange.channel),
      h("dt", null, "地址"), h("dd", { class: "wire" }, exchange.address),
      h("dt", null, "结果"), h("dd", null, OUTCOMES[exchange.outcome] ?? exchange.outcome, exchange.reason ? `:${exchange.reason}` : "")),
    (exchange.warnings ?? []).length > 0 && h("ul", { class: "warnings" }, exchange.warnings.map((warning) => h("li", null, warning))),
    (exchange.attempts ?? []).map(attempt),
    !(exchange.attempts ?? []).length && h("p", { class: "state-line" }, "还没有送出。"),
  ];
}

function attempt(one, index) {
  const label = one.refresh ? "取后文" : one.duplicate ? "重复投递" : `第 ${one.number || index + 1} 次`;
  return h("section", { class: "attempt" },
    h("h3", null, label, h("span", { class: `outcome outcome-${one.outcome}` }, OUTCOMES[one.outcome] ?? one.outcome), h("span", { class: "faint" }, `${one.took_ms} 毫秒 · ${short(one.at, Date.now())}`)),
    one.reason && h("p", { class: "faint" }, one.reason),
    one.request && pair("请求", one.request, `${one.request.method ?? "POST"} ${one.request.url ?? ""}`),
    one.answer && pair("回答", one.answer, `状态 ${one.answer.status}`));
}

function pair(title, side, line) {
  return h("div", { class: "pair" },
    h("h4", null, title, " ", h("span", { class: "wire faint" }, line)),
    h("div", { class: "pair-columns" },
      h("figure", null, h("figcaption", null, "线上原文(已加密)"), h("pre", { tabindex: 0 }, side.raw || "(空)")),
      h("figure", null, h("figcaption", null, "解密后"), h("pre", { tabindex: 0 }, pretty(side.decrypted) || "(空)"))));
}

function pretty(text) {
  if (!text) return "";
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.replace(/^<xml>/, "<xml>\n").replace(/(<\/[^>]+>)(?=<)/g, "$1\n");
  }
}
