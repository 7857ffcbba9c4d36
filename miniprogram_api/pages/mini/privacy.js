// 授权与隐私: what I agreed to, who looked at my record, and silence.

import { day, spoken } from "../shared/dates.js";
import { button, cell, cells, empty, h, title } from "../shared/dom.js";
import { reminderSwitch } from "./reminders.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, whoAmI } from "./session.js";
import { PURPOSES, RELATIONS, channelName } from "./words.js";

export async function privacy({ query, go, again }) {
  const me = await whoAmI({ anew: true });
  const patient = me.patients.find((one) => one.patient_id === query.get("patient")) ?? me.patients.find((one) => one.relation === "self") ?? me.patients[0];
  if (!patient) return [empty("登记以后,这里能看到您同意过什么、谁看过您的记录。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "去登记")), await reminderSwitch()];
  const log = await ask("GET", `patients/${patient.patient_id}/access-log`);
  const trouble = h("div");
  return [
    me.patients.length > 1 && h("div", { class: "choices", role: "group", "aria-label": "看谁的" }, me.patients.map((one) =>
      h("a", { class: "weui-btn weui-btn_default small-button", href: `#/privacy?patient=${one.patient_id}`, "aria-current": String(one === patient) }, `${one.full_name}(${RELATIONS[one.relation] ?? "家人"})`))),
    title("同意过什么"),
    cells(Object.keys(PURPOSES).map((purpose) => consentRow(patient, purpose, { trouble, go, again }))),
    trouble,
    title("谁看过记录"),
    looked(log.entries),
    await reminderSwitch(),
  ];
}

function consentRow(patient, purpose, { trouble, go, again }) {
  const given = patient.consents.find((one) => one.purpose === purpose && !one.withdrawn_at);
  if (!given) {
    const last = patient.consents.filter((one) => one.purpose === purpose && one.withdrawn_at).sort((a, b) => b.withdrawn_at.localeCompare(a.withdrawn_at))[0];
    const said = last ? `${spoken(last.withdrawn_at)} 撤回了,现在还没有同意(那时是版本 ${last.version})` : "还没有同意";
    return cell(PURPOSES[purpose], button("去同意", () => go(`consent/${patient.patient_id}/${purpose}?then=privacy`), "default", { class: "weui-btn weui-btn_default small-button" }), said);
  }
  const wish = intention();
  const withdraw = async () => {
    if (!(await confirmed(`撤回「${PURPOSES[purpose]}」?撤回后不能再用它预约或会诊,已有的病历按规定保存。`, "撤回", "不撤回"))) return;
    try {
      await ask("DELETE", `patients/${patient.patient_id}/consents/${purpose}`, { key: wish.key() });
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  return cell([PURPOSES[purpose], " ", h("a", { href: `#/consent/${patient.patient_id}/${purpose}?then=privacy` }, "看原文")], button("撤回", withdraw, "warn", { class: "weui-btn weui-btn_warn small-button" }),
    `${spoken(given.given_at)} 在${channelName(given.channel)}同意,版本 ${given.version}`);
}

const OWN = new Set(["本人或家人", "患者"]);
const MACHINE = "系统";
const SHOWN = 30;

/** People first; what oneself looked at and what the system did for the care itself is folded away. The same thing again by the same person on one day is one line. */
function looked(entries) {
  if (!entries.length) return empty("还没有人看过。");
  const others = together(entries.filter((entry) => !OWN.has(entry.role) && entry.role !== MACHINE));
  const own = together(entries.filter((entry) => OWN.has(entry.role)));
  const machine = together(entries.filter((entry) => entry.role === MACHINE));
  return [
    others.length ? cells(others.slice(0, SHOWN).map(line)) : h("p", { class: "actions faint" }, "除了您和家人,还没有人看过。"),
    others.length > SHOWN && h("details", { class: "actions" }, h("summary", { class: "fold" }, `更早的 ${others.length - SHOWN} 条`), cells(others.slice(SHOWN).map(line))),
    own.length > 0 && h("details", { class: "actions" }, h("summary", { class: "fold" }, "本人和家人自己看的"), cells(own.map(line))),
    machine.length > 0 && h("details", { class: "actions" }, h("summary", { class: "fold" }, "系统自动做的(提醒、算费用、画图)"), cells(machine.map(line))),
  ];
}

const line = ({ entry, count }) => cell(`${entry.who} · ${entry.action}${count > 1 ? ` ${count} 次` : ""}`, entry.role, spoken(entry.at));

function together(entries) {
  const found = new Map();
  for (const entry of entries) {
    const name = [entry.who, entry.role, entry.action, day(entry.at)].join("|");
    const known = found.get(name);
    if (known) known.count += 1;
    else found.set(name, { entry, count: 1 });
  }
  return [...found.values()];
}
