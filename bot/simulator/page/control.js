// The drawer of the demonstration: its time, the network and the platform's faults, and what is waiting to be sent.

import * as api from "./api.js";
import { lasting, short, spoken } from "./dates.js";
import { openDialog } from "./dialog.js";
import { button, h, replace } from "./dom.js";

const ASK_MS = 3000;
const DELAYS = [[0, "正常"], [800, "慢(0.8 秒)"], [3000, "很慢(3 秒)"], [6000, "超过微信的 5 秒"]];
const DROPS = [[0, "不丢"], [0.2, "丢两成"], [0.5, "丢一半"], [1, "全部丢"]];
const API_ERRORS = [[null, "没有"], [-1, "-1 系统繁忙"], [40001, "40001 令牌失效"], [45009, "45009 当天次数用完"], [45015, "45015 超过回复时限"], [45047, "45047 客服消息条数用完"],
  [48001, "48001 没有接口权限"]];

export function controlDrawer(clock, opener) {
  const panes = { clock: ["时间", () => clockPane(clock)], network: ["网络与故障", networkPane], outbox: ["发件箱", () => outboxPane(clock)] };
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "演示控制" });
  const pane = h("div", { class: "pane", role: "tabpanel", id: "control-pane" });
  let stop = null;

  function choose(name) {
    stop?.();
    for (const tab of tabs.children) {
      const chosen = tab.dataset.pane === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    const made = panes[name][1]();
    stop = made.stop;
    replace(pane, made.element);
  }

  const names = Object.keys(panes);
  for (const name of names) {
    tabs.append(button(panes[name][0], () => choose(name), { role: "tab", "aria-controls": "control-pane", data: { pane: name } }));
  }
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = names.indexOf(event.target.dataset.pane);
    const next = names[(at + step + names.length) % names.length];
    choose(next);
    tabs.querySelector(`[data-pane="${next}"]`).focus();
  });
  const { dialog } = openDialog("演示控制", [tabs, pane], { opener });
  dialog.addEventListener("close", () => stop?.());
  choose("clock");
}

const status = () => h("p", { class: "pane-status", role: "status" });

function clockPane(clock) {
  const shown = h("p", { class: "big-time" });
  const detail = h("p", { class: "faint" });
  const said = status();
  const moves = [
    button("快进 1 小时", () => move({ advance_s: 3600 }, "已快进 1 小时。"), { class: "primary" }),
    button("快进 10 分钟", () => move({ advance_s: 600 }, "已快进 10 分钟。"), { class: "plain-button" }),
    button("到下一个提醒", () => move({ to: "reminder" }, "已到下一个提醒。"), { class: "plain-button" }),
    button("到下一件到期的事", () => move({ to: "next" }, "已到下一件到期的事。"), { class: "plain-button" }),
    button("恢复真实时间", () => move({ to: "now" }, "已恢复真实时间。"), { class: "plain-button" }),
  ];

  function draw() {
    shown.textContent = clock.known ? spoken(clock.now()) : "—";
    const apart = Math.round(clock.offset / 1000);
    const coming = clock.overdue ? `;正在办:${clock.next.title}` : clock.next ? `;下一件到期的事:${clock.next.title},${clock.next.spoken}` : ";没有等着到期的事";
    replace(detail, !clock.known ? "" : (apart === 0 ? "和真实时间一致" : `比真实时间${apart > 0 ? "快" : "慢"} ${lasting(apart)}`) + coming);
  }

  async function move(how, done) {
    for (const one of moves) one.disabled = true;
    try {
      await clock.move(how);
      said.textContent = done;
    } catch (problem) {
      said.textContent = problem.message;
    }
    for (const one of moves) one.disabled = false;
    draw();
  }

  clock.addEventListener("moved", draw);
  // What it names comes due while one looks: then it asks what is next, and not more often than every few seconds.
  let asked = Date.now();
  const ticking = setInterval(() => {
    draw();
    if (!clock.overdue || Date.now() - asked < ASK_MS) return;
    asked = Date.now();
    clock.refresh().catch(() => undefined);
  }, 1000);
  clock.refresh().catch((problem) => { said.textContent = problem.message; });
  draw();
  return {
    element: [shown, detail, h("div", { class: "button-row" }, moves), said,
      h("p", { class: "faint" }, "快进的是业务时间:提醒、邀请到时、号源、免打扰时段都跟着走;登录、令牌和微信的时限仍按真实时间。")],
    stop: () => { clearInterval(ticking); clock.removeEventListener("moved", draw); },
  };
}

function networkPane() {
  const said = status();
  const form = h("form", { class: "conditions", on: { change: save, submit: (event) => event.preventDefault() } }, h("p", { class: "state-line" }, "正在取设置…"));
  let fields = {};

  const choice = (label, options, current) => {
    const known = options.some(([value]) => value === current);
    const all = known ? options : [...options, [current, String(current)]];
    const select = h("select", null, all.map(([value, text]) => h("option", { value: JSON.stringify(value), selected: value === current }, text)));
    return [select, h("label", { class: "field" }, h("span", null, label), select)];
  };

  function draw(conditions) {
    const [delay, delayRow] = choice("网络", DELAYS, conditions.delay_ms);
    const [drop, dropRow] = choice("丢失回调", DROPS, conditions.drop_callbacks);
    const [error, errorRow] = choice("接口总是报错", API_ERRORS, conditions.api_error);
    const duplicate = h("input", { type: "checkbox", checked: conditions.duplicate_callbacks });
    const seed = h("input", { type: "number", min: 0, max: 2 ** 31, value: conditions.seed, inputmode: "numeric" });
    fields = { delay, drop, error, duplicate, seed };
    replace(form, delayRow, dropRow, h("label", { class: "field" }, h("span", null, "每个回调送两遍"), duplicate), errorRow,
      h("label", { class: "field" }, h("span", null, "随机种子"), seed),
      button("恢复正常", () => put({ delay_ms: 0, drop_callbacks: 0, duplicate_callbacks: false, api_error: null, seed: Number(seed.value) || 0 }), { class: "plain-button" }));
  }

  function save() {
    return put({
      delay_ms: JSON.parse(fields.delay.value), drop_callbacks: JSON.parse(fields.drop.value), duplicate_callbacks: fields.duplicate.checked,
      api_error: JSON.parse(fields.error.value), seed: Number(fields.seed.value) || 0,
    });
  }

  async function put(wanted) {
    try {
      draw((await api.setConditions(wanted)) ?? wanted);
      said.textContent = "已生效。";
    } catch (problem) {
      said.textContent = problem.message;
    }
  }

  api.conditions().then(draw).catch((problem) => replace(form, h("p", { class: "state-line", role: "alert" }, problem.message)));
  return { element: [form, said, h("p", { class: "faint" }, "故障按种子抽取,同一个种子可以重演。微信的规矩照旧:5 秒没有回答就重试,最多送 3 次。")] };
}

function outboxPane(clock) {
  const list = h("div", { "aria-live": "polite" }, h("p", { class: "state-line" }, "正在取发件箱…"));
  async function load() {
    try {
      const answer = await api.outbox();
      replace(list,
        h("p", null, answer.waiting ? `等着处理 ${answer.waiting} 件` : "没有等着处理的事", answer.failed > 0 && h("strong", { class: "failed" }, `,失败 ${answer.failed} 件`)),
        answer.events.length > 0 && outboxTable(answer.events, clock.now()));
    } catch (problem) {
      replace(list, h("p", { class: "state-line", role: "alert" }, problem.message));
    }
  }
  load();
  const refreshing = setInterval(load, 3000);
  return { element: list, stop: () => clearInterval(refreshing) };
}

const STATES = { waiting: "等待", claimed: "处理中", done: "已处理", failed: "失败" };

const outboxTable = (rows, now) =>
  h("table", null,
    h("thead", null, h("tr", null, ["事件", "涉及的编号", "时间", "状态"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, rows.map((row) => h("tr", null,
      h("td", { class: "wire" }, row.topic),
      h("td", { class: "wire" }, Object.entries(row.body).map(([name, id]) => h("div", { title: id }, `${name} …${String(id).slice(-6)}`))),
      h("td", null, short(row.created_at, now)),
      h("td", null, STATES[row.state] ?? row.state, row.tries > 1 && `(第 ${row.tries} 次)`)))));
