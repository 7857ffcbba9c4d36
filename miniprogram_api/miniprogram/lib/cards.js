// What is next for the person, as cards: danger first, then what is running, then what is coming, then what could be done.

const { cards: words } = require("../words.js");
const { sameDay, spoken } = require("./dates.js");

const RUNNING = ["DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS"];

const card = (key, title, lines, action = {}) => ({
  key, title, lines: lines.filter(Boolean), hint: "", strong: false, danger: false, to: "", call: "", native: "", press: "", ...action,
});

/** `found`: {me, intake, appointments, consultations, calls, plans, now, prescriptions}, each as the practice answers. */
function cardsOf({ me, intake, appointments, consultations, calls, plans, now, prescriptions }) {
  const emergency = intake && intake.assessment && intake.assessment.emergency;
  const next = appointments.filter((one) => one.state === "booked").sort((a, b) => a.slot.starts_at.localeCompare(b.slot.starts_at))[0];
  return [
    emergency && emergencyCard(emergency),
    ...calls.filter((one) => !one.closed).map(callCard),
    ...[].concat(...plans.map((plan) => plan.due.filter((due) => isToday(due, now)).map((due) => taskCard(plan, due)))),
    ...prescriptions.filter((one) => one.stage === "ready").map(medicineCard),
    ...consultations.filter((one) => RUNNING.includes(one.state)).map(consultationCard),
    next && appointmentCard(next),
    intake && !emergency && intakeCard(intake, Boolean(next)),
    !me.patients.some((patient) => patient.relation === "self") && card("register", words.register, [words.registerHint], { to: "register?relation=self", press: words.goRegister }),
    !me.phone_verified && card("phone", words.phone, [words.phoneHint], { native: "/pages/welcome/welcome", press: words.goPhone }),
  ].filter(Boolean);
}

const emergencyCard = ({ first, headline, comfort, suspected, do_now: now, do_not: not }) =>
  card("emergency", first || headline || words.emergency(suspected), [comfort, now.length > 0 && words.doNow(now), not.length > 0 && words.doNot(not)],
    { danger: true, call: "120", press: words.call120 });

function callCard({ consultation_id: id, seats }) {
  const inside = seats.filter((one) => one.present && one.seat !== "patient").map((one) => one.person || one.label);
  return card(`call-${id}`, inside.length ? words.callRunning : words.call, [inside.length ? words.inside(inside) : words.callHint],
    { strong: true, to: `consultation/${id}`, press: words.goCall });
}

/** Reminded of, or due until the end of this day. */
const isToday = (due, now) => due.state === "reminded" || new Date(due.due_at) <= new Date(now) || sameDay(due.due_at, now);

const taskCard = ({ plan_id: plan, patient_id: patient, title }, due) =>
  card(`${plan}-${due.task}-${due.due_at}`, words.today(due.label), [], {
    strong: true, hint: title,
    ...(due.task === "visit" ? { to: `followup?patient=${patient}`, press: words.seePlan } : { to: `measure/${patient}/${due.task}`, press: words.goMeasure }),
  });

const medicineCard = (one) =>
  card(one.prescription_id, [one.stage_label, one.patient].filter(Boolean).join(" · "), [one.until && words.fetchBefore(spoken(one.until))],
    { strong: true, hint: words.prescription(one.code), to: `prescription/${one.prescription_id}`, press: words.seeMedicine });

const consultationCard = (one) =>
  card(one.consultation_id, words.consultation(one.code), [[one.state_label, one.expert].filter(Boolean).join(" · "), one.next],
    { strong: true, to: `consultation/${one.consultation_id}`, press: words.seeConsultation });

const appointmentCard = ({ slot, code }) =>
  card("appointment", words.appointment, [spoken(slot.starts_at), `${slot.department} · ${slot.practitioner} ${slot.title_name}`],
    { hint: `${slot.organisation} · ${words.appointmentCode(code)}`, to: "appointments", press: words.seeAppointment });

function intakeCard({ state, question, assessment }, hasAppointment) {
  if (state === "open" && question) return card("intake", words.intakeOpen, [question.text], { hint: words.intakeOpenHint });
  const department = assessment && assessment.level && assessment.departments[0];
  if (!department) return null;
  const hint = assessment.reasons.some((reason) => !reason.signed) ? words.notSigned : words.notDiagnosis;
  return card("intake", words.intakeResult(department.name), assessment.advice,
    hasAppointment ? { hint } : { hint, to: `slots/${department.code}`, press: words.book(department.name) });
}

module.exports = { cardsOf };
