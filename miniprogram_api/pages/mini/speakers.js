// 谁能替我办: who speaks for me (for my child), what each may do, until when, and how to end it.

import { day } from "../shared/dates.js";
import { button, card, empty, h, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, whoAmI } from "./session.js";
import { SCOPES, named } from "./words.js";

const TERMS = [["", "一直可以,直到我移除"], ["7", "7 天"], ["30", "30 天"], ["365", "一年"]];
const DAY = 86400 * 1000;

/** Those about whom this person decides: himself and the minors whose guardian he is. */
export const decidesFor = (me) => me.patients.filter((one) => one.relation === "self" || one.guardian);

export async function speakers({ query, again, called }) {
  const me = await whoAmI({ anew: true });
  const mine = decidesFor(me);
  const patient = mine.find((one) => one.patient_id === query.get("patient")) ?? mine[0];
  if (!patient) return empty("先登记本人,才能看谁能替您办。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "登记本人"));
  const view = await ask("GET", `patients/${patient.patient_id}/speakers`);
  const whose = patient.relation === "self" ? "我" : patient.full_name;
  if (mine.length > 1 || patient.relation !== "self") called(`谁能替${patient.relation === "self" ? named(patient) : whose}办`);
  const others = view.speakers.filter((one) => !(one.mine && patient.relation === "self"));
  const live = others.filter((one) => one.standing === "live");
  const waiting = others.filter((one) => one.standing === "term_over" || one.standing === "of_age");
  const ended = others.filter((one) => one.standing === "ended");
  return [
    mine.length > 1 && h("div", { class: "choices", role: "group", "aria-label": "看谁的" }, mine.map((one) =>
      h("a", { class: "weui-btn weui-btn_default small-button", href: `#/speakers?patient=${one.patient_id}`, "aria-current": String(one === patient) }, named(one)))),
    title(`现在能替${whose}办的`),
    live.length ? live.map((one) => panel(patient, one, again)) : h("p", { class: "actions faint" }, `除了${patient.relation === "self" ? "您自己" : "他自己"},没有别人。`),
    waiting.length > 0 && [title("到期了,等您决定"), waiting.map((one) => panel(patient, one, again))],
    title(patient.relation === "self" ? "让家人来帮我" : `让别的家人来帮${whose}`),
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
    const question = one.mine ? `不再替${patient.full_name}办?之后您看不到他的记录。` : `不再由${one.called}替${patient.full_name}办?马上生效,他看不到记录,也不能预约。`;
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

/** What he may do and until when. `scope`: what is chosen already. */
function choosing(scope) {
  const boxes = Object.entries(SCOPES).map(([code, label]) => {
    const box = h("input", { type: "checkbox", value: code, checked: scope.includes(code) });
    return { box, line: h("label", { class: "check" }, box, h("span", null, label)) };
  });
  const term = h("select", { "aria-label": "多久" }, TERMS.map(([days, label]) => h("option", { value: days }, label)));
  return {
    fields: [h("fieldset", { class: "checks" }, h("legend", null, "他可以"), boxes.map(({ line }) => line)), h("label", { class: "field" }, h("span", null, "多久"), term)],
    chosen: () => ({
      scope: boxes.filter(({ box }) => box.checked).map(({ box }) => box.value),
      until: term.value ? new Date(Date.now() + Number(term.value) * DAY).toISOString() : null,
    }),
  };
}

/** The same form lets it go on after it had ended. */
function limits(one, live, order) {
  const { fields, chosen } = choosing(one.scope);
  return h("details", { "data-id": one.relation_id }, h("summary", { class: "fold" }, live ? "改他能办什么" : "让他继续办"), fields, button(live ? "保存" : "同意他继续", order("PUT", () => ({ body: chosen() }))));
}

/** What stands chosen before the patient chooses: the errands. What opens the record or speaks in his name he ticks himself. */
const FIRST = ["book", "notices"];

/** A relative registers on her own phone, is refused with a code, and reads it out. Who it is is shown, and what he may do chosen, before anything is given. */
function letIn(patient, again) {
  const whom = patient.relation === "self" ? "我" : patient.full_name;
  const trouble = h("div", { "aria-live": "polite" });
  const found = h("div", { "aria-live": "polite" });
  const code = h("input", { "aria-label": "6 位确认码", maxlength: 6, autocapitalize: "characters", autocomplete: "off", spellcheck: "false" });
  code.addEventListener("input", () => found.replaceChildren());
  const trying = async (act) => {
    trouble.replaceChildren();
    try {
      await act();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  const look = () => trying(async () => {
    const typed = code.value.trim().toUpperCase();
    if (!/^[0-9A-Z]{6}$/.test(typed)) {
      trouble.replaceChildren(notice("确认码是 6 位字母和数字,在他的手机上。"));
      code.focus();
      return;
    }
    const claimant = await ask("POST", `patients/${patient.patient_id}/speakers/claimant`, { body: { claim_code: typed } });
    found.replaceChildren(decide(claimant, typed));
  });
  const decide = (claimant, typed) => {
    const { fields, chosen } = choosing(FIRST);
    const give = () => trying(async () => {
      const body = claimant.guardian ? {} : chosen();
      if (body.scope?.length === 0) {
        trouble.replaceChildren(notice("至少选一样他能办的。"));
        return;
      }
      const what = claimant.guardian ? "他是监护人,都能办" : body.scope.map((one) => SCOPES[one]).join("、");
      if (!(await confirmed(`让${claimant.called}替${patient.full_name}办?${what}。之后随时可以改。`, "让他办", "先不"))) return;
      await ask("POST", `patients/${patient.patient_id}/speakers`, { body: { claim_code: typed, ...body } });
      await again();
    });
    return h("section", { "aria-label": "请核对是谁" },
      h("p", null, "这个确认码是", h("b", null, claimant.called), `的,说是${patient.full_name}的${claimant.relation_label}。不认识,就不要往下点。`),
      claimant.guardian ? h("p", { class: "faint" }, "监护人,都能办,孩子满 18 岁自动结束。") : fields,
      button(`让${claimant.called}替${whom}办`, give));
  };
  return card(
    h("p", null, "请他在自己的手机上点「家人」→「添加家人」,填好姓名和身份证号。他手机上会出现一个 6 位确认码,念给您听,填在这里。"),
    h("label", { class: "field" }, h("span", null, "确认码"), code),
    trouble, button("看看是谁", look, "default"), found);
}
