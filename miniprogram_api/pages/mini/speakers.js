// 谁能替我办: who speaks for me (for my child), what each may do, until when, and how to end it.

import { day } from "../shared/dates.js";
import { button, card, empty, h, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, whoAmI } from "./session.js";
import { SCOPES } from "./words.js";

const TERMS = [["", "一直可以,直到我移除"], ["7", "7 天"], ["30", "30 天"], ["365", "一年"]];
const DAY = 86400 * 1000;

/** Those about whom this person decides: himself and the minors whose guardian he is. */
export const decidesFor = (me) => me.patients.filter((one) => one.relation === "self" || one.guardian);

export async function speakers({ query, again }) {
  const me = await whoAmI({ anew: true });
  const mine = decidesFor(me);
  const patient = mine.find((one) => one.patient_id === query.get("patient")) ?? mine[0];
  if (!patient) return empty("先登记本人,才能看谁能替您办。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "登记本人"));
  const view = await ask("GET", `patients/${patient.patient_id}/speakers`);
  const whose = patient.relation === "self" ? "我" : patient.full_name;
  const others = view.speakers.filter((one) => !(one.mine && patient.relation === "self"));
  const live = others.filter((one) => one.standing === "live");
  const waiting = others.filter((one) => one.standing === "term_over" || one.standing === "of_age");
  const ended = others.filter((one) => one.standing === "ended");
  return [
    mine.length > 1 && h("div", { class: "choices", role: "group", "aria-label": "看谁的" }, mine.map((one) =>
      h("a", { class: "weui-btn weui-btn_default small-button", href: `#/speakers?patient=${one.patient_id}`, "aria-current": String(one === patient) }, one.full_name))),
    title(`现在能替${whose}办的`),
    live.length ? live.map((one) => panel(patient, one, again)) : h("p", { class: "actions faint" }, `除了${patient.relation === "self" ? "您自己" : "他自己"},没有别人。`),
    waiting.length > 0 && [title("到期了,等您决定"), waiting.map((one) => panel(patient, one, again))],
    title(patient.relation === "self" ? "让家人来帮我" : "让别的家人来帮他"),
    letIn(patient, again),
    ended.length > 0 && h("details", { class: "actions" }, h("summary", { class: "fold" }, `已经结束的 ${ended.length} 位`), ended.map((one) => panel(patient, one, again))),
  ];
}

function panel(patient, one, again) {
  const trouble = h("div", { "aria-live": "polite" });
  const address = `patients/${patient.patient_id}/speakers/${one.relation_id}`;
  const order = (method, options) => async () => {
    try {
      await ask(method, address, options());
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  const end = async () => {
    const question = one.mine ? "不再替他办?之后您看不到他的记录。" : `不再由${one.called}办?马上生效,他看不到记录,也不能预约。`;
    if (await confirmed(question, "结束", "先不")) await order("DELETE", () => ({}))();
  };
  const live = one.standing === "live";
  const what = one.guardian ? "监护人,都能办。孩子满 18 岁自动结束,除非他本人同意继续。" : one.scope.length ? one.scope.map((scope) => SCOPES[scope]).join("、") : "什么都不能办";
  const element = card(
    h("h2", null, one.called, " ", h("span", { class: "tag tag-plain" }, one.mine ? `${one.relation_label}(您)` : one.relation_label)),
    h("p", null, `能办:${what}`),
    h("p", { class: "faint" }, [`从 ${day(one.since)} 起`, one.until && `到 ${day(one.until)} 为止`, one.ended_at && `${day(one.ended_at)} 结束`, !live && !one.ended_at && one.standing_label].filter(Boolean).join(",")),
    trouble,
    one.may_limit && limits(one, live, order),
    one.may_end && button(one.mine ? "我不再替他办" : "不再由他办", end, "default"));
  element.dataset.relation = one.relation_id;
  return element;
}

/** What he may do and until when; the same form lets it go on after it had ended. */
function limits(one, live, order) {
  const boxes = Object.entries(SCOPES).map(([code, label]) => {
    const box = h("input", { type: "checkbox", value: code, checked: one.scope.includes(code) });
    return { box, line: h("label", { class: "check" }, box, h("span", null, label)) };
  });
  const term = h("select", { "aria-label": "多久" }, TERMS.map(([days, label]) => h("option", { value: days }, label)));
  const save = order("PUT", () => ({ body: {
    scope: boxes.filter(({ box }) => box.checked).map(({ box }) => box.value),
    until: term.value ? new Date(Date.now() + Number(term.value) * DAY).toISOString() : null,
  } }));
  return h("details", { "data-id": one.relation_id }, h("summary", { class: "fold" }, live ? "改他能办什么" : "让他继续办"),
    h("fieldset", { class: "checks" }, h("legend", null, "他可以"), boxes.map(({ line }) => line)),
    h("label", { class: "field" }, h("span", null, "多久"), term),
    button(live ? "保存" : "同意他继续", save));
}

/** A relative registers on her own phone, is refused with a code, and reads it out. */
function letIn(patient, again) {
  const trouble = h("div", { "aria-live": "polite" });
  const code = h("input", { "aria-label": "6 位确认码", maxlength: 6, autocapitalize: "characters", autocomplete: "off", spellcheck: "false" });
  const confirm = async () => {
    if (!/^[0-9A-Za-z]{6}$/.test(code.value.trim())) {
      trouble.replaceChildren(notice("确认码是 6 位字母和数字,在他的手机上。"));
      code.focus();
      return;
    }
    if (!(await confirmed(`让这位家人替${patient.relation === "self" ? "您" : patient.full_name}办?他能预约、看记录、同意和收通知,之后随时可以改。`, "让他办", "先不"))) return;
    try {
      await ask("POST", `patients/${patient.patient_id}/speakers`, { body: { claim_code: code.value.trim().toUpperCase() } });
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  return card(
    h("p", null, "请他在自己的手机上点「家人」→「添加家人」,填好姓名和身份证号。他手机上会出现一个 6 位确认码,念给您听,填在这里。"),
    h("label", { class: "field" }, h("span", null, "确认码"), code),
    trouble, button("让他替我办", confirm));
}
