// The faults of the network and of the platform: each with what it does, drawn from a seed.

import * as api from "./api.js";
import { button, h, replace } from "./dom.js";

const CUSTOM = "/cgi-bin/message/custom/send";
const TEMPLATE = "/cgi-bin/message/template/send";
const SUBSCRIBE = "/cgi-bin/message/subscribe/send";
const APP = "/cgi-bin/message/send";

/** name of the condition, label, what it does, choices [value, words]; without choices a switch. */
const FAULTS = [
  ["delay_ms", "网络", "回调和接口都慢这么多;超过 5 秒,微信断开重送,一共送 3 次", [[0, "正常"], [800, "慢(0.8 秒)"], [3000, "很慢(3 秒)"], [6000, "超过微信的 5 秒"]]],
  ["drop_callbacks", "丢失回调", "这么多回调在路上丢了,微信以为没有回答,再送", [[0, "不丢"], [0.2, "丢两成"], [0.5, "丢一半"], [1, "全部丢"]]],
  ["duplicate_callbacks", "每个回调送两遍", "第一遍还没答完,第二遍就到了;只许算一次"],
  ["reorder_callbacks", "后说的话先到", "同一个聊天里,前一句等后一句先送到(最多等 3 秒)"],
  ["platform_down", "微信停机", "接口不通,回调暂停;恢复以后接着送,一条不少",
    [[null, "没有"], ["http", "接口答 HTTP 502"], ["hang", "接口一直不答"], ["refuse", "连接被断开"]]],
  ["api_error_rate", "接口随机失败", "这么多调用没有办成:一半答 -1 系统繁忙,一半 HTTP 502", [[0, "没有"], [0.05, "百分之五"], [0.2, "两成"], [0.5, "一半"], [1, "全部"]]],
  ["api_error", "接口总是报错", "每次调用都答这个错误码", [[null, "没有"], [-1, "-1 系统繁忙"], [40001, "40001 令牌失效"], [45009, "45009 当天次数用完"],
    [45015, "45015 超过回复时限"], [45047, "45047 客服消息条数用完"], [48001, "48001 没有接口权限"]]],
  ["exhausted_apis", "当天次数用完", "这些接口答 45009,别的照常", [[[], "没有"], [[CUSTOM], "客服消息"], [[TEMPLATE], "模板消息"], [[SUBSCRIBE], "订阅消息"],
    [[APP], "企业微信应用消息"], [[CUSTOM, TEMPLATE, SUBSCRIBE, APP], "以上四种"], [["*"], "全部接口"]]],
  ["lost_tokens", "令牌一直失效", "每个令牌刚领到就不能用:只许重领一次,不许一直重试", [[null, "没有"], [40001, "40001 无效"], [42001, "42001 过期"]]],
  ["customer_service_refused", "客服消息发不出", "所有人的客服消息都答这个错误码", [[null, "没有"], [45015, "45015 超过回复时限"], [45047, "45047 条数用完"]]],
  ["subscriptions_refused", "订阅消息被拒收", "所有人的订阅消息都答 43101;一个人的在他手机的「公众号选项」里"],
];
const NORMAL = Object.fromEntries(FAULTS.map(([name, , , choices]) => [name, choices ? choices[0][0] : false]));

export function faultsPane() {
  const said = h("p", { class: "pane-status", role: "status" });
  const form = h("form", { class: "conditions", on: { change: save, submit: (event) => event.preventDefault() } }, h("p", { class: "state-line" }, "正在取设置…"));
  let fields = {};

  function row(label, control, does) {
    const about = `fault-${label}`;
    // The whole row is the target; the name said aloud is the label without the choices that stand beside it.
    control.setAttribute("aria-label", label);
    control.setAttribute("aria-describedby", about);
    return [h("label", { class: "field" }, h("span", null, label), control), h("p", { class: "faint field-about", id: about }, does)];
  }

  function choice(choices, current) {
    const same = JSON.stringify(current);
    const all = choices.some(([value]) => JSON.stringify(value) === same) ? choices : [...choices, [current, [current].flat().join("、")]];
    return h("select", null, all.map(([value, words]) => h("option", { value: JSON.stringify(value), selected: JSON.stringify(value) === same }, words)));
  }

  function draw(conditions) {
    const seed = h("input", { type: "number", min: 0, max: 2 ** 31, value: conditions.seed, inputmode: "numeric" });
    fields = { seed };
    const rows = FAULTS.map(([name, label, does, choices]) => {
      const changed = JSON.stringify(conditions[name]) !== JSON.stringify(NORMAL[name]);
      fields[name] = choices ? choice(choices, conditions[name]) : h("input", { type: "checkbox", checked: conditions[name] });
      return h("div", { class: changed ? "fault fault-on" : "fault" }, row(label, fields[name], does));
    });
    replace(form, rows, h("div", { class: "fault" }, row("随机种子", seed, "同一个种子,丢的、失败的是同样的几次")),
      h("div", { class: "button-row" },
        button("现在让所有令牌失效", lose, { class: "plain-button" }),
        button("恢复正常", () => put({ ...NORMAL, seed: Number(seed.value) || 0 }), { class: "plain-button" })));
  }

  const value = (control) => (control.type === "checkbox" ? control.checked : control.type === "number" ? Number(control.value) || 0 : JSON.parse(control.value));

  function save() {
    return put(Object.fromEntries(Object.entries(fields).map(([name, control]) => [name, value(control)])));
  }

  async function put(wanted) {
    try {
      const held = Object.entries(fields).find(([, control]) => control === document.activeElement)?.[0];
      draw((await api.setConditions(wanted)) ?? wanted);
      if (held) fields[held].focus();
      said.textContent = "已生效。";
    } catch (problem) {
      said.textContent = problem.message;
    }
  }

  async function lose() {
    try {
      said.textContent = `${(await api.loseTokens()).lost} 个令牌从现在起失效。`;
    } catch (problem) {
      said.textContent = problem.message;
    }
  }

  api.conditions().then(draw).catch((problem) => replace(form, h("p", { class: "state-line", role: "alert" }, problem.message)));
  return { element: [form, said] };
}
