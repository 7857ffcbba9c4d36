// 授权与隐私: what I agreed to, who looked at my record, and silence.

import { day, spoken } from "../shared/dates.js";
import { button, cell, cells, empty, h, link, title } from "../shared/dom.js";
import { reminderSwitch } from "./reminders.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { consentPanels } from "./consents.js";
import { ask, whoAmI } from "./session.js";
import { named } from "./words.js";

export async function privacy({ query, go, again, called }) {
  const me = await whoAmI({ anew: true });
  const patient = me.patients.find((one) => one.patient_id === query.get("patient")) ?? me.patients.find((one) => one.relation === "self") ?? me.patients[0];
  if (!patient) return [empty("登记以后,这里能看到您同意过什么、谁看过您的记录。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "去登记")), cells(link("#/erasure", "注销账号、删除资料")), await reminderSwitch()];
  called(`${named(patient)}的授权与隐私`);
  const decides = patient.relation === "self" || patient.guardian;
  const reads = patient.scope.includes("record");
  const of = (what) => ask("GET", `patients/${patient.patient_id}/${what}`);
  const [log, consents, emergencies] = reads ? await Promise.all([of("access-log"), of("consents"), of("break-glass")]) : [null, null, null];
  const looksTitle = title("谁看过记录");
  // The chat leads here with what was asked for.
  if (query.get("at") === "looked") setTimeout(() => looksTitle.scrollIntoView());
  return [
    me.patients.length > 1 && h("div", { class: "choices", role: "group", "aria-label": "看谁的" }, me.patients.map((one) =>
      h("a", { class: "weui-btn weui-btn_default small-button", href: `#/privacy?patient=${one.patient_id}`, "aria-current": String(one === patient) }, named(one)))),
    title("同意过什么"),
    consents ? consentPanels(patient, consents.lines, again) : h("p", { class: "actions faint" }, "他只让您办事,没让您看他的记录和授权。"),
    decides && cells(link(`#/speakers?patient=${patient.patient_id}`, patient.relation === "self" ? "谁能替我办" : "谁能替他办", "", "看有谁、能办什么、随时移除")),
    !decides && giveUp(patient, go),
    log && [looksTitle, emergencies.openings.length > 0 && openedInEmergency(emergencies.openings), looked(log.entries)],
    title("更正、复印、投诉、注销"), rights(),
    cells(link("#/erasure", "注销账号、删除我的资料", "", "先看什么马上删、什么依法要留"),
      decides && patient.relation !== "self" && link(`#/erasure?patient=${patient.patient_id}`, `删除${patient.full_name}的资料`, "", "您是监护人")),
    await reminderSwitch(),
  ];
}

const RIGHTS = [
  ["更正", "姓名、身份证号写错了:带身份证找村医或卫生院核对更正。病历写错了:找写的医生,由他补写更正,原来的字会留着。"],
  ["复印", "会诊经过、处方和报告在这里随时能看。要盖章的复印件:带身份证到看病的卫生院或医院病案室;请人代办,再带他的身份证和您的委托书。"],
  ["投诉", "先找村医,或看病的卫生院、医院(院办、医务科)。不满意,打 12345 政务服务热线,请他们转县卫生健康局。"],
  ["删除和注销", "点下面「注销账号、删除我的资料」。没看过病的资料马上删;病历从最后一次看病起至少保存 15 年(医疗机构病历管理规定第二十九条),看病时聊的话至少保存 3 年(互联网诊疗监管细则):锁定,不再使用,到期删除。认为留得不对:找村医或卫生院,也可打 12345。"],
];

/** How it goes, and whom to ask. The law's terms; a house may keep longer. The chat says the same (bot/phrases/rights.py). */
const rights = () => h("section", { class: "panel", "aria-label": "更正、复印、投诉、注销" }, RIGHTS.map(([what, how]) => h("p", null, h("b", null, `${what}:`), how)));

/** Who speaks for somebody may always stop doing so. */
function giveUp(patient, go) {
  const trouble = h("div", { "aria-live": "polite" });
  const wish = intention();
  const stop = async () => {
    if (!(await confirmed(`不再替${patient.full_name}办?之后您看不到他的记录,要再办须重新登记。`, "不再办", "先不"))) return;
    try {
      await ask("DELETE", `patients/${patient.patient_id}/speakers/${patient.relation_id}`, { key: wish.key() });
      go("family");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  return h("div", { class: "actions" }, trouble, button("我不再替他办", stop, "default"));
}

/** Each opening by a doctor who had no part in it: who, why, and what the county found. */
const openedInEmergency = (openings) => cells(openings.map((one) =>
  cell(`${one.doctor} · 紧急调阅`, null, `${spoken(one.at)},理由:${one.reason_label}。县里审查:${one.verdict_label}。${one.verdict_label === "不合理" ? "您可以投诉,见下面「投诉」。" : ""}`)));

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
