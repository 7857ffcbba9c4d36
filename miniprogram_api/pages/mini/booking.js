// 预约: department, then doctor and time, then one look before it is booked.

import { day, hour, spoken } from "../shared/dates.js";
import { button, card, cells, empty, h, link, replace, title } from "../shared/dom.js";
import { Problem, newKey } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, askOrNull, whoAmI } from "./session.js";
import { RELATIONS } from "./words.js";

/** What was chosen on the way to the last page; a reload there starts at the departments again. */
let chosen = null;

export async function departments() {
  const [answer, intake, me] = await Promise.all([ask("GET", "departments"), askOrNull("intakes/current"), whoAmI({ anew: true })]);
  const advised = (intake?.assessment?.departments ?? []).map((department) => department.code);
  const rows = answer.departments.map(([code, name, free]) => ({ code, name, free }));
  const row = ({ code, name, free }) => link(`#/slots/${encodeURIComponent(code)}`, name, free ? `7 天内有 ${free} 个号` : "暂时没有号");
  const first = advised.map((code) => rows.find((one) => one.code === code)).filter(Boolean);
  const others = rows.filter((one) => !advised.includes(one.code)).sort((a, b) => Number(b.free > 0) - Number(a.free > 0));
  const fitting = others.filter((one) => forSomebody(one.code, me.patients));
  const unusual = others.filter((one) => !fitting.includes(one));
  if (!rows.length) return empty("现在没有开放预约的科室。着急的话,请联系村医或镇卫生院。");
  const without = me.patients.length > 0 && me.patients.every((one) => one.care_needs.length) && me.patients.find((one) => one.relation === "self" || one.guardian);
  return [
    without && h("p", { class: "notice mini-note", role: "status" }, `${without.relation === "self" ? "您" : without.full_name}还没有同意看病用的知情同意书,现在约不了。`,
      h("a", { href: `#/consent/${without.patient_id}/${without.care_needs[0]}?then=book` }, "先去看一眼")),
    first.length > 0 && [title("问诊后建议的科室"), cells(first.map(row))],
    fitting.length > 0 && [title(first.length ? "也可以选" : "选一个科室"), cells(fitting.map(row))],
    unusual.length > 0 && h("details", { class: "mini-others" }, h("summary", { class: "fold" }, "其他科室"),
      h("p", { class: "faint" }, "按登记的年龄和性别,您和家人一般用不到这些科室;影像检查要医生先开单。确实要看的,照样可以约;替没登记的家人约,请先在「家人」里登记。"),
      cells(unusual.map(row))),
  ];
}

const CHILDREN_ARE_BELOW = 18;
const OF_CHILDREN = new Set(["07", "08"]);
const OBSTETRICS = "05.02";
const OF_WOMEN = /^05/;
/** Pictures are taken because a doctor asks for them. */
const IMAGING = "32";

/** Whether somebody of those who are registered is likely to be a patient there: children's surgery is no first choice for who has no child.
    Nobody registered: everything but pictures. What is unlikely stands behind a fold and stays open to all: registers err, and medicine has exceptions. */
function forSomebody(code, patients) {
  if (code === IMAGING) return false;
  if (!patients.length) return true;
  if (code === OBSTETRICS) return patients.some((one) => one.sex === "female" && one.age_years >= 12 && one.age_years <= 55);
  if (OF_CHILDREN.has(code)) return patients.some((one) => one.age_years < CHILDREN_ARE_BELOW);
  return !OF_WOMEN.test(code) || patients.some((one) => one.sex === "female");
}

/** The levels that no later day will do for, and what to do instead. */
const TODAY = {
  critical: "您的情况不能等预约:马上打 120。", emergent: "您的情况不能等预约:现在就去医院急诊,加重马上打 120。",
  urgent: "您的情况要今天看,不要等到这一天:请今天去乡镇卫生院或县医院,加重马上打 120。",
};

export async function slots({ rest: [code], go }) {
  const [answer, intake] = await Promise.all([ask("GET", `slots?department=${encodeURIComponent(code)}&limit=60`), askOrNull("intakes/current")]);
  if (!answer.slots.length) {
    return empty("这个科室暂时没有空的时间。可以换一个科室,或明天早上再看看。", h("a", { class: "weui-btn weui-btn_default", href: "#/book" }, "换一个科室"));
  }
  const first = day(answer.slots[0].starts_at);
  return [
    first !== day(answer.now) && h("p", { class: "notice mini-note", role: "status" }, `今天没有号,最近的是 ${first}。`, TODAY[intake?.assessment?.level] && h("strong", null, TODAY[intake.assessment.level])),
    h("p", { class: "actions faint" }, `${answer.slots[0].department},点一个时间:`), slotList(answer.slots, (slot) => {
    chosen = { slot, key: newKey() };
    go("confirm");
  })];
}

function slotList(list, choose) {
  const days = new Map();
  for (const slot of list) {
    const name = day(slot.starts_at);
    days.set(name, [...(days.get(name) ?? []), slot]);
  }
  return [...days].map(([name, members]) => [title(name), cells(members.map((slot) => slotRow(slot, choose)))]);
}

const slotRow = (slot, choose) =>
  h("button", { type: "button", class: "weui-cell weui-cell_access", on: { click: () => choose(slot) } },
    h("span", { class: "weui-cell__bd" },
      h("span", { class: "line" }, `${hour(slot.starts_at)}  ${slot.practitioner}`),
      h("span", { class: "faint line" }, `${slot.title_name} · ${slot.organisation}`)),
    h("span", { class: "weui-cell__ft" }));

export async function confirmBooking({ go, again }) {
  if (!chosen) {
    go("book");
    return null;
  }
  if (chosen.booked) return done(chosen.booked);
  const [me, intake] = await Promise.all([whoAmI({ anew: true }), askOrNull("intakes/current")]);
  if (!me.patients.length) {
    return empty("预约要先登记是谁看病。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self&then=confirm" }, "去登记"));
  }
  const patient = me.patients.find((one) => one.patient_id === chosen.patient) ?? me.patients.find((one) => one.patient_id === intake?.patient_id)
    ?? me.patients.find((one) => one.relation === "self") ?? me.patients[0];
  chosen.patient = patient.patient_id;
  const { slot } = chosen;
  const [needed] = patient.care_needs;
  const carried = Boolean(intake) && (!intake.patient_id || intake.patient_id === patient.patient_id);
  const trouble = h("div");
  return [
    card(h("h2", null, spoken(slot.starts_at)), h("p", null, `${slot.department} · ${slot.practitioner} ${slot.title_name}`), h("p", { class: "faint" }, slot.organisation)),
    title("谁看病"),
    h("div", { class: "choices", role: "group", "aria-label": "谁看病" }, me.patients.map((one) =>
      h("button", { type: "button", "aria-pressed": String(one.patient_id === patient.patient_id), on: { click: () => { chosen.patient = one.patient_id; chosen.key = newKey(); again(); } } },
        `${one.full_name}(${RELATIONS[one.relation] ?? "家人"})`))),
    carried && h("p", { class: "actions faint" }, "您在聊天里说的病情会一起交给医生,不用再说一遍。"),
    trouble,
    h("div", { class: "actions" }, !needed
      ? button("确认预约", () => book(carried ? intake.intake_id : null, trouble, again))
      : [h("p", { class: "faint" }, "看病前请先看一眼知情同意书。"), h("a", { class: "weui-btn weui-btn_primary", href: `#/consent/${patient.patient_id}/${needed}?then=confirm` }, "去看知情同意书")]),
  ];
}

async function book(intakeId, trouble, again) {
  const { slot, patient, key } = chosen;
  trouble.replaceChildren();
  try {
    const booked = await ask("POST", "appointments", { body: { slot_id: slot.slot_id, patient_id: patient, intake_id: intakeId }, key });
    chosen = { booked };
    await again();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const free = problem.fields.free ?? [];
    trouble.append(notice(free.length ? "这个时间刚被约走,还有这些:" : problem));
    if (free.length) trouble.append(...slotList(free, (other) => { chosen = { slot: other, patient, key: newKey() }; again(); }).flat());
  }
}

function done({ slot, code, appointment_id: id }) {
  const place = h("div");
  const trouble = h("div");
  const wish = intention();
  const undo = async () => {
    if (!(await confirmed(`取消${spoken(slot.starts_at)}的预约?这个时间会让给别人。`, "取消预约", "留着"))) return;
    try {
      await ask("POST", `appointments/${id}/cancel`, { body: {}, key: wish.key() });
      chosen = null;
      replace(place, h("p", { class: "notice", role: "status" }, "预约取消了。"), h("div", { class: "actions" }, h("a", { class: "weui-btn weui-btn_primary", href: "#/book" }, "重新预约")));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  replace(place,
    h("p", { class: "notice notice-good", role: "status" }, "约好了。到时间前会在微信里提醒您。"),
    card(h("h2", null, spoken(slot.starts_at)), h("p", null, `${slot.department} · ${slot.practitioner} ${slot.title_name}`), h("p", { class: "faint" }, `${slot.organisation} · 预约号 ${code}`)),
    trouble,
    h("div", { class: "actions" }, h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回首页"), button("约错了,取消", undo, "warn")));
  return place;
}
