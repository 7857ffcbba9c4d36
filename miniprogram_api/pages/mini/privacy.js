// 授权与隐私: what I agreed to, who looked at my record, and silence.

import { spoken } from "../shared/dates.js";
import { button, cell, cells, empty, h, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, whoAmI } from "./session.js";
import { PURPOSES, RELATIONS, channelName } from "./words.js";

export async function privacy({ query, go, again }) {
  const me = await whoAmI({ anew: true });
  const patient = me.patients.find((one) => one.patient_id === query.get("patient")) ?? me.patients.find((one) => one.relation === "self") ?? me.patients[0];
  if (!patient) return [empty("登记以后,这里能看到您同意过什么、谁看过您的记录。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "去登记")), reminders()];
  const log = await ask("GET", `patients/${patient.patient_id}/access-log`);
  const trouble = h("div");
  return [
    me.patients.length > 1 && h("div", { class: "choices", role: "group", "aria-label": "看谁的" }, me.patients.map((one) =>
      h("a", { class: "weui-btn weui-btn_default small-button", href: `#/privacy?patient=${one.patient_id}`, "aria-current": String(one === patient) }, `${one.full_name}(${RELATIONS[one.relation] ?? "家人"})`))),
    title("同意过什么"),
    cells(Object.keys(PURPOSES).map((purpose) => consentRow(patient, purpose, { trouble, go, again }))),
    trouble,
    title("谁看过记录"),
    log.entries.length ? cells(log.entries.map((entry) => cell(`${entry.who} · ${entry.action}`, entry.role, spoken(entry.at)))) : empty("还没有人看过。"),
    reminders(),
  ];
}

function consentRow(patient, purpose, { trouble, go, again }) {
  const given = patient.consents.find((one) => one.purpose === purpose && !one.withdrawn_at);
  if (!given) {
    return cell(PURPOSES[purpose], button("去同意", () => go(`consent/${patient.patient_id}/${purpose}?then=privacy`), "default", { class: "weui-btn weui-btn_default small-button" }), "还没有同意");
  }
  const withdraw = async () => {
    if (!(await confirmed(`撤回「${PURPOSES[purpose]}」?撤回后不能再用它预约或会诊,已有的病历按规定保存。`, "撤回", "不撤回"))) return;
    try {
      await ask("DELETE", `patients/${patient.patient_id}/consents/${purpose}`);
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  return cell(PURPOSES[purpose], button("撤回", withdraw, "warn", { class: "weui-btn weui-btn_warn small-button" }),
    `${spoken(given.given_at)} 在${channelName(given.channel)}同意,版本 ${given.version}`);
}

function reminders() {
  const said = h("p", { class: "actions", role: "status" });
  const order = (path, done) => async () => {
    try {
      await ask("POST", path, { body: {} });
      said.textContent = done;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      said.textContent = problem.message;
    }
  };
  return [
    title("提醒"),
    h("div", { class: "actions" },
      button("停止全部提醒", order("reminders/stop", "全部提醒已停。正在处理的急事仍会通知您。"), "default"),
      button("恢复提醒", order("reminders/resume", "提醒已恢复。"), "default")),
    said,
  ];
}
