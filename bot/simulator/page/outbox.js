// What was sent to people through the platform, or was refused; below it what still waits inside the practice.

import * as api from "./api.js";
import { short } from "./dates.js";
import { button, h, replace } from "./dom.js";
import { exchangeDrawer } from "./exchange.js";
import { plainName } from "./inboxes.js";

const TYPES = { text: "文字", markdown: "文字", image: "图片", voice: "语音", video: "视频", file: "文件", msgmenu: "菜单消息", news: "图文", textcard: "卡片",
  template_card: "按钮卡片", card_update: "改卡片", template: "模板消息", miniprogrampage: "小程序卡片" };
const OUTCOMES = [["", "全部"], ["answered", "已送出"], ["error", "没有送出"]];
const STATES = { waiting: "等待", claimed: "处理中", done: "已处理", failed: "失败" };
const ASK_MS = 3000;

export function outboxPane({ clock, inboxes }) {
  const person = h("select", null, h("option", { value: "" }, "所有人"), [...inboxes.people.values()].map((one) => h("option", { value: one.key }, plainName(one.name))));
  const outcome = h("select", null, OUTCOMES.map(([value, words]) => h("option", { value }, words)));
  const sent = h("div", { class: "sent", "aria-live": "polite" }, h("p", { class: "state-line" }, "正在取发件箱…"));
  const inside = h("div", null);
  let shown = "";

  async function load() {
    try {
      const found = (await api.sent(person.value, outcome.value)).sent;
      // Drawn again only when something changed, so that whoever reads a row is not disturbed.
      if (JSON.stringify(found) !== shown) replace(sent, found.length ? sentTable(found, inboxes) : h("p", { class: "state-line" }, "没有这样的消息。"));
      shown = JSON.stringify(found);
    } catch (problem) {
      shown = "";
      replace(sent, h("p", { class: "state-line", role: "alert" }, problem.message));
    }
    if (inboxes.alone) return;
    try {
      const answer = await api.outbox();
      replace(inside,
        h("h3", null, "会诊里等着办的"),
        h("p", null, answer.waiting ? `等着处理 ${answer.waiting} 件` : "没有等着处理的事", answer.failed > 0 && h("strong", { class: "failed" }, `,失败 ${answer.failed} 件`)),
        answer.events.length > 0 && eventTable(answer.events, clock.now()));
    } catch (problem) {
      // Where no practice answers under this address, there is nothing of its to show.
      replace(inside, problem.status !== 404 && h("p", { class: "state-line", role: "alert" }, problem.message));
    }
  }

  for (const select of [person, outcome]) select.addEventListener("change", load);
  load();
  const refreshing = setInterval(load, ASK_MS);
  return {
    element: [
      h("div", { class: "filters" }, h("label", null, "给谁", person), h("label", null, "结果", outcome)),
      sent, inside,
    ],
    stop: () => clearInterval(refreshing),
  };
}

function sentTable(rows, inboxes) {
  const name = (key) => plainName(inboxes.person(key)?.name ?? key);
  return h("table", null,
    h("caption", { class: "unseen" }, "发给各人的消息,新的在前"),
    h("thead", null, h("tr", null, ["时间", "给谁", "内容", "结果"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, rows.map((row) => h("tr", { class: row.outcome === "error" ? "sent-failed" : "" },
      h("td", null, short(row.at, Date.now())),
      h("td", null, (row.people ?? []).slice(0, 3).map(name).join("、") || "—", (row.people ?? []).length > 3 && ` 等 ${row.people.length} 人`),
      h("td", null, h("span", { class: "faint" }, typeOf(row)), " ", row.summary ?? ""),
      h("td", null, row.outcome === "error" ? h("strong", { class: "failed" }, `没有送出${row.errcode ? ` ${row.errcode}` : row.status && row.status !== 200 ? ` HTTP ${row.status}` : ""}`)
        : row.outcome === "pending" ? "正在送" : "已送出",
        (row.warnings ?? []).length > 0 && h("div", { class: "failed" }, row.warnings.join(";")),
        row.outcome === "error" && h("div", { class: "wire" }, row.reason),
        button("看原文", (event) => exchangeDrawer(row.id, event.currentTarget), { class: "text-button" }))))));
}

const typeOf = (row) => (row.type === "template" && row.channel === "mini_program" ? "订阅消息" : TYPES[row.type] ?? row.type ?? "");

const eventTable = (rows, now) =>
  h("table", null,
    h("thead", null, h("tr", null, ["事件", "涉及的编号", "时间", "状态"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, rows.map((row) => h("tr", null,
      h("td", { class: "wire" }, row.topic),
      h("td", { class: "wire" }, Object.entries(row.body).map(([name, id]) => h("div", { title: id }, `${name} …${String(id).slice(-6)}`))),
      h("td", null, short(row.created_at, now)),
      h("td", null, STATES[row.state] ?? row.state, row.tries > 1 && `(第 ${row.tries} 次)`)))));
