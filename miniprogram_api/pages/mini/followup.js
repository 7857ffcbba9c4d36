// 随访: what is to be done today, the next dates, what was measured, and what to do when it gets worse.

import { day, spoken } from "../shared/dates.js";
import { button, card, cells, empty, h, replace, title } from "../shared/dom.js";
import { Problem, newKey } from "../shared/api.js";
import { confirmed, notice } from "../shared/states.js";
import { reminderSwitch } from "./reminders.js";
import { ask, whoAmI } from "./session.js";
import { conversation } from "./talk.js";
import { trendPicture } from "./trend.js";
import { MEASURES, RELATIONS, UNITS, levelTag, marked } from "./words.js";

const SHOWN = 10;
const FRESH_MS = 24 * 3600 * 1000;

/** Reminded of, or due until the end of this day. */
export const isToday = (due, now) => due.state === "reminded" || due.due_at <= now || day(due.due_at) === day(now);

export async function followup({ query, again }) {
  const me = await whoAmI();
  if (!me.patients.length) return empty("登记以后,村医可以给您建随访计划。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "去登记"));
  const { plans: running } = await ask("GET", "plans");
  const patient = me.patients.find((one) => one.patient_id === query.get("patient")) ?? me.patients.find((one) => one.patient_id === running[0]?.patient_id)
    ?? me.patients.find((one) => one.relation === "self") ?? me.patients[0];
  const id = patient.patient_id;
  const [{ plans, now }, ...measured] = await Promise.all([ask("GET", `patients/${id}/plans`), ...Object.keys(MEASURES).map((task) => ask("GET", `patients/${id}/readings?task=${task}`))]);
  const live = plans.filter((one) => one.running);
  const ended = plans.filter((one) => !one.running);
  const newest = measured.map(({ readings }) => readings.at(-1)).filter(Boolean);
  return [
    newest.filter((one) => one.level === "danger" && Date.parse(now) - Date.parse(one.taken_at) < FRESH_MS).map(stillDangerous),
    me.patients.length > 1 && whose(me.patients, patient),
    live.length === 0 && card(h("p", null, ended.length ? "随访已经结束。平时量的还可以记在这里。" : "还没有随访计划。高血压、糖尿病,可以请村医建一个;平时量的现在就可以记在这里。")),
    live.map((plan) => tasks(plan, now, id)),
    h("div", { class: "mini-two" },
      h("a", { class: "weui-btn weui-btn_default", href: `#/measure/${id}/blood_pressure` }, "记血压"),
      h("a", { class: "weui-btn weui-btn_default", href: `#/measure/${id}/fasting_glucose` }, "记血糖")),
    h("div", { class: "actions" }, h("a", { class: "weui-btn weui-btn_warn", href: `#/worse/${id}` }, "更难受了(加重)")),
    Object.keys(MEASURES).map((task, place) => history(task, measured[place].readings)),
    await reminderSwitch(),
    live.map((plan) => about(plan, again)),
    ended.length > 0 && [title("结束的随访"), cells(ended.map((plan) => h("div", { class: "weui-cell" }, h("div", { class: "weui-cell__bd" },
      h("p", null, plan.title), h("p", { class: "faint" }, `${day(plan.started_at)}开始,${day(plan.ended_at)}结束`)))))],
  ];
}

/** The last value was dangerous, less than a day ago: that stands before everything else. */
const stillDangerous = (one) =>
  h("section", { class: "panel panel-danger", role: "note" },
    h("h2", null, `上次${MEASURES[one.task]} ${one.said},很危险`),
    h("p", null, marked(one.advice)),
    h("a", { href: "tel:120" }, "拨打 120"));

const whose = (patients, chosen) =>
  h("div", { class: "choices", role: "group", "aria-label": "看谁的" }, patients.map((one) =>
    h("a", { class: "weui-btn weui-btn_default small-button", href: `#/followup?patient=${one.patient_id}`, "aria-current": String(one === chosen) }, `${one.full_name}(${RELATIONS[one.relation] ?? "家人"})`)));

function tasks(plan, now, patientId) {
  const today = plan.due.filter((due) => isToday(due, now));
  const later = plan.due.filter((due) => !isToday(due, now));
  return h("section", { class: "panel panel-strong", "aria-label": plan.title },
    h("h2", null, plan.title),
    today.length ? today.map((due) => task(due, patientId)) : h("p", null, "今天没有要做的。"),
    later.map((due) => h("p", { class: "faint" }, `下一次${due.label}:${spoken(due.due_at)}`)),
    plan.missed_in_row > 0 && h("p", { class: "faint" }, `有 ${plan.missed_in_row} 次没有记上,量了就补记一次。`));
}

const task = (due, patientId) => [
  h("p", { class: "mini-big" }, `今天:${due.label}`),
  due.task === "visit" ? h("p", null, "请找村医看一看,带上平时的记录和药。")
    : h("a", { class: "weui-btn weui-btn_primary", href: `#/measure/${patientId}/${due.task}` }, `${due.label},现在记`),
];

function history(task, readings) {
  if (!readings.length) return null;
  const newest = [...readings].reverse();
  return [
    title(`${MEASURES[task]}(${UNITS[task]})`),
    trendPicture(newest[0], readings),
    h("div", { class: "weui-cells", role: "list", "aria-label": `${MEASURES[task]}记录` }, newest.slice(0, SHOWN).map((one) => h("div", { class: "weui-cell", role: "listitem" },
      h("div", { class: "weui-cell__bd" }, h("p", null, h("strong", null, one.said)), h("p", { class: "faint" }, spoken(one.taken_at))),
      h("div", { class: "weui-cell__ft" }, levelTag(one.level, one.level_label))))),
    newest.length > SHOWN && h("p", { class: "actions faint" }, `只列出最近 ${SHOWN} 次,一共记了 ${newest.length} 次。`),
  ];
}

function about(plan, again) {
  const trouble = h("div");
  const key = newKey();
  const end = async () => {
    if (!(await confirmed(`结束「${plan.title}」?结束后不再提醒您量。以后想再随访,请找村医重新建。`, "结束随访", "不结束"))) return;
    try {
      await ask("POST", `plans/${plan.plan_id}/end`, { body: { reason: "refused" }, key });
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  return card(
    h("h2", null, `关于${plan.title}`),
    h("p", null, `${day(plan.started_at)}开始${plan.village_doctor ? `,${plan.village_doctor}管` : ""}。`),
    h("details", null, h("summary", { class: "fold" }, "按什么规范做的"), plan.sources.map((one) => h("p", { class: "faint" }, one))),
    !plan.rules_signed && h("p", { class: "faint" }, "演示·随访模板未经临床审定。"),
    trouble, button("不再随访", end, "default"));
}

/** 加重: danger stands first; then what was said goes into the pre-consultation, which asks back on this page. */
export async function worse({ rest: [patientId] }) {
  return conversation({
    begin: { button: `signs:${patientId}` },
    question: "哪里更难受?从什么时候开始的?",
    label: "哪里更难受",
    lacking: "先写一句哪里更难受,例如:头更痛了,从早上开始。",
    send: "告诉医生",
    note: "说的话会马上问诊,也会告诉您的村医。这不是诊断。",
  }).elements;
}
