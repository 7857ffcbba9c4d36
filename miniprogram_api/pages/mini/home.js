// 首页: what is next for me. Danger stands first, then what is running, then what is coming, then what could be done.

import { spoken } from "../shared/dates.js";
import { card, h, replace } from "../shared/dom.js";
import { emergencyCard } from "./emergency.js";
import { isToday } from "./followup.js";
import { toFetch } from "./prescriptions.js";
import { ask, askOrNull, whoAmI } from "./session.js";
import { conversation } from "./talk.js";
import { urgencyTag } from "./words.js";

const CALLABLE = new Set(["ASSIGNED", "IN_PROGRESS"]);
const RUNNING = new Set(["DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS"]);

export async function home() {
  const me = await whoAmI({ anew: true });
  const [intake, booked, running, followed, medicine] = await Promise.all([
    askOrNull("intakes/current"),
    ask("GET", "appointments"),
    ask("GET", "consultations"),
    ask("GET", "plans"),
    ask("GET", "prescriptions/stages"),
  ]);
  const callable = running.consultations.filter((one) => CALLABLE.has(one.state));
  const calls = await Promise.all(callable.map((one) => ask("GET", `consultations/${one.consultation_id}/call`)));
  const name = (id) => (me.patients.length > 1 ? me.patients.find((one) => one.patient_id === id)?.full_name ?? "" : "");
  const next = booked.appointments.filter((one) => one.state === "booked").sort((a, b) => a.slot.starts_at.localeCompare(b.slot.starts_at))[0];
  const cards = [
    intake?.assessment?.emergency && !isOpen(intake) && emergencyCard(intake.assessment.emergency),
    intake && isOpen(intake) && answerCard(intake),
    calls.filter((one) => !one.closed).map(callCard),
    followed.plans.flatMap((plan) => plan.due.filter((due) => isToday(due, followed.now)).map((due) => taskCard(plan, due, name(plan.patient_id)))),
    medicine.prescriptions.filter((one) => one.stage === "ready").map(toFetch),
    running.consultations.filter((one) => RUNNING.has(one.state)).map(consultationCard),
    next && appointmentCard(next),
    intake && !isOpen(intake) && !intake.assessment?.emergency && intakeCard(intake, Boolean(next)),
    me.patients.filter(lacksConsent).map(consentCard),
    !me.patients.some((patient) => patient.relation === "self") && registerCard(),
    !(intake && isOpen(intake)) && pointCard(),
  ].flat().filter(Boolean);
  return cards;
}

function callCard(call) {
  const inside = call.seats.filter((one) => one.present && one.seat !== "patient");
  return h("section", { class: "panel panel-strong" },
    h("h2", null, inside.length ? "视频已经开始" : "可以进视频了"),
    h("p", null, inside.length ? `${inside.map((one) => one.person ?? one.label).join("、")}在视频里等您。` : "点下面进去,医生来了就能看到、听到。"),
    h("a", { class: "weui-btn weui-btn_primary", href: `../room/${encodeURIComponent(call.consultation_id)}/` }, "进入视频"));
}

const taskCard = (plan, due, whose) =>
  h("section", { class: "panel panel-strong" },
    h("h2", null, `今天:${due.label}`),
    h("p", { class: "faint" }, [plan.title, whose].filter(Boolean).join(" · ")),
    due.task === "visit" ? h("a", { class: "weui-btn weui-btn_default", href: `#/followup?patient=${plan.patient_id}` }, "看随访")
      : h("a", { class: "weui-btn weui-btn_primary", href: `#/measure/${plan.patient_id}/${due.task}` }, "现在记"));

const consultationCard = (one) =>
  card(h("h2", null, urgencyTag(one.urgency, one.urgency_label), `会诊 ${one.code}`),
    h("p", null, `${one.state_label}${one.expert ? ` · ${one.expert}` : ""}`),
    h("p", null, one.next),
    h("a", { class: "weui-btn weui-btn_default", href: `#/consultation/${one.consultation_id}` }, "看经过"));

const appointmentCard = ({ slot, code }) =>
  h("section", { class: "panel panel-strong" }, h("h2", null, "下一次看病"),
    h("p", null, spoken(slot.starts_at)),
    h("p", null, `${slot.department} · ${slot.practitioner} ${slot.title_name}`),
    h("p", { class: "faint" }, `${slot.organisation} · 预约号 ${code}`),
    h("a", { class: "weui-btn weui-btn_default", href: "#/appointments" }, "看预约"));

const isOpen = (intake) => intake.state !== "closed" && Boolean(intake.question);

/** The question that is open is answered here: tapped, written, or pointed at. */
function answerCard(intake) {
  const talk = conversation({
    asked: intake.question, question: "点一个,或者自己写:", label: "您的回答", lacking: "先点一个,或者写一句。", send: "回答",
    note: "在这里回答和在聊天里回答一样。这不是诊断。",
  });
  const { danger, talk: log, field, trouble, submit, note } = talk.parts;
  if (intake.assessment?.emergency) replace(danger, emergencyCard(intake.assessment.emergency));
  return [
    danger,
    h("section", { class: "panel home-ask", "aria-label": "问诊还没问完" }, h("h2", null, "问诊还没问完"), log, field, trouble, submit, note,
      !intake.assessment?.emergency && h("a", { class: "weui-btn weui-btn_default", href: "#/where" }, "说不清?看人体图点一点")),
  ];
}

function intakeCard(intake, hasAppointment) {
  const assessment = intake.assessment;
  if (!assessment?.level) return null;
  const department = assessment.departments[0];
  return card(
    h("h2", null, urgencyTag(assessment.level), department ? `建议看${department.name}` : "预问诊结果"),
    assessment.reasons.length > 0 && h("p", null, `为什么:${assessment.reasons.map((reason) => reason.text).join(";")}`),
    assessment.advice.map((line) => h("p", null, line)),
    h("p", { class: "faint" }, assessment.reasons.some((reason) => !reason.signed) ? "演示·未经临床审定。这不是诊断。" : "这不是诊断。"),
    department && !hasAppointment && h("a", { class: "weui-btn weui-btn_primary", href: `#/slots/${department.code}` }, `预约${department.name}`));
}

/** Who does not know what to call it points at it. */
const pointCard = () =>
  card(h("h2", null, "哪里不舒服?"), h("p", null, "在聊天里说一句就行。不知道怎么说,就在人体图上点一点。"),
    h("a", { class: "weui-btn weui-btn_default", href: "#/where" }, "看人体图"));

/** Who may agree for him, and has not: nothing can be booked. */
const lacksConsent = (one) => one.care_needs.length > 0 && (one.relation === "self" || one.guardian);
const consentCard = (one) =>
  card(h("h2", null, `${one.relation === "self" ? "您" : one.full_name}还没有同意看病用的知情同意书`), h("p", null, "没有同意,不能预约、建随访。有生命危险时照样先救人。"),
    h("a", { class: "weui-btn weui-btn_primary", href: `#/consent/${one.patient_id}/${one.care_needs[0]}` }, "去看知情同意书"));

const registerCard = () =>
  card(h("h2", null, "先登记本人信息"), h("p", null, "预约和会诊要用真实姓名。登记一次,以后不用再填。"), h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "去登记"));
