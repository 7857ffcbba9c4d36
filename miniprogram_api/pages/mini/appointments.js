// 我的预约: what is coming and what was, and giving a time back.

import { spoken } from "../shared/dates.js";
import { button, card, empty, h, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, whoAmI } from "./session.js";
import { APPOINTMENT_STATES } from "./words.js";

export async function appointments({ again }) {
  const [answer, me] = await Promise.all([ask("GET", "appointments"), whoAmI()]);
  const name = (id) => me.patients.find((one) => one.patient_id === id)?.full_name ?? "";
  const booked = answer.appointments.filter((one) => one.state === "booked");
  const past = answer.appointments.filter((one) => one.state !== "booked");
  if (!answer.appointments.length) return empty("还没有预约。", h("a", { class: "weui-btn weui-btn_primary", href: "#/book" }, "去预约"));
  return [
    booked.map((one) => upcoming(one, name(one.patient_id), again)),
    past.length > 0 && [title("以前的"), past.map((one) => card(...lines(one, name(one.patient_id)), h("p", { class: "faint" }, APPOINTMENT_STATES[one.state] ?? one.state)))],
  ];
}

const lines = ({ slot, code }, patient) => [
  h("h2", null, spoken(slot.starts_at)),
  h("p", null, `${slot.department} · ${slot.practitioner} ${slot.title_name}`),
  h("p", { class: "faint" }, [slot.organisation, patient, `预约号 ${code}`].filter(Boolean).join(" · ")),
];

function upcoming(one, patient, again) {
  const trouble = h("div");
  const wish = intention();
  const cancel = async () => {
    if (!(await confirmed(`取消${spoken(one.slot.starts_at)}的预约?取消后这个时间会让给别人。`, "取消预约", "留着"))) return;
    try {
      await ask("POST", `appointments/${one.appointment_id}/cancel`, { body: {}, key: wish.key() });
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  return h("section", { class: "panel panel-strong" }, ...lines(one, patient), trouble, button("取消预约", cancel, "warn"));
}
