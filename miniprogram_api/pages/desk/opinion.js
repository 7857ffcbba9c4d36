// 意见: written from a starter or freely, read once more, signed. A later one is a new revision; none is changed.

import { Problem, request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { confirmed, notice } from "../shared/states.js";
import { Diagnoses } from "./diagnoses.js";
import { Draft } from "../shared/drafts.js";
import { orderButton } from "../shared/asking.js";
import { keepTyped } from "../shared/parts.js";
import { GAP, templatesFor } from "./templates.js";

const FIELDS = [
  ["assessment", "判断(您认为是什么,为什么)", 2000, 3],
  ["advice", "建议(现在做什么)", 4000, 6],
  ["watch_for", "注意(什么情况再呼叫或转院)", 2000, 2],
];

/** The form where none is signed yet; folded away for the next revision where one is. */
export function opinionForm(view, done) {
  if (view.state !== "ASSIGNED" && view.state !== "IN_PROGRESS") return null;
  const form = writing(view, done);
  if (!view.opinion) return withDiagnoses(h("section", { class: "panel", "aria-label": "写意见" }, h("h2", null, "写意见"), form), form);
  const decided = view.opinion.decision;
  return withDiagnoses(h("details", { class: "panel desk-fold", "data-id": "opinion", open: form.dataset.typed !== undefined },
    h("summary", { class: "fold" }, `改意见(写第 ${view.opinion.revision + 1} 版)`),
    h("p", { class: "faint" }, decided ? `村医对第 ${view.opinion.revision} 版的决定是「${decided.choice_label}」。新的一版要再决定。` : "新的一版签名后,村医按新的决定。"), form), form);
}

/** So that a candidate can be taken over as a diagnosis from beside the form. */
const withDiagnoses = (whole, { diagnoses }) => Object.assign(whole, { diagnoses });

function writing(view, done) {
  const draft = new Draft("opinion", view.consultation_id);
  const kept = draft.read();
  const start = Object.keys(kept).length ? kept : view.opinion ?? {};
  const fields = Object.fromEntries(FIELDS.map(([name, , most, rows]) => [name, h("textarea", { maxlength: most, rows, value: start[name] ?? "" })]));
  const diagnoses = new Diagnoses(start.diagnoses ?? [], () => {
    form.dataset.typed = "";
    draft.keep(values());
  });
  const values = () => ({ ...Object.fromEntries(FIELDS.map(([name]) => [name, fields[name].value.trim()])), diagnoses: diagnoses.values() });
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });

  const add = (name, words) => {
    const before = fields[name].value.trimEnd();
    fields[name].value = before ? `${before}\n${words}` : words;
    fields[name].dispatchEvent(new Event("input", { bubbles: true }));
  };
  const starters = templatesFor(view).map((one) => h("button", { type: "button", on: { click: () => {
    for (const [name, words] of Object.entries(one.fields)) add(name, words);
    fillNext(Object.keys(one.fields).map((name) => fields[name]));
  } } }, one.label));

  const sign = orderButton("签名", async () => {
    diagnoses.take();
    const body = values();
    const gap = FIELDS.find(([name]) => body[name].includes(GAP));
    wrong.textContent = body.advice.length < 2 ? "请写明建议:现在做什么。" : gap ? `还有没填的空(${GAP}):填好或删掉再签。` : "";
    if (wrong.textContent) {
      fillNext(gap ? [fields[gap[0]]] : [fields.advice]);
      return null;
    }
    const question = `确认签署会诊 ${view.code} 的意见?签名后村医马上收到,不能改,只能写新的一版。`;
    return (await confirmed(question, "确认签名", "再看看")) ? [`consultations/${view.consultation_id}/opinion`, { ...body, confirm: true }] : null;
  }, async () => {
    draft.clear();
    delete form.dataset.typed;
    await done();
  }, { trouble });

  const form = keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault(), input: () => draft.keep(values()) } },
    h("p", { class: "faint" }, "常用开头(点一下带出,空格处自己填)"),
    h("div", { class: "choices desk-starters" }, starters),
    diagnoses.element,
    FIELDS.map(([name, label]) => h("label", { class: "field desk-field" }, h("span", null, label), fields[name])),
    doses(add), wrong, trouble, h("div", { class: "actions" }, sign)));
  if (Object.keys(kept).length) form.dataset.typed = "";
  form.diagnoses = diagnoses;
  return form;
}

/** Put the cursor into the first gap, marked, so that typing fills it. */
function fillNext(areas) {
  const area = areas.find((one) => one.value.includes(GAP)) ?? areas[0];
  area.focus();
  const place = area.value.indexOf(GAP);
  if (place >= 0) area.setSelectionRange(place, place + GAP.length);
}

/** 急用一剂: the expert names it in his advice, the village doctor orders it by her decision after ruling out what forbids it. */
function doses(add) {
  const place = h("div");
  const open = async (event) => {
    if (!event.currentTarget.open || place.childElementCount) return;
    try {
      const { doses: list, rules_signed: rulesSigned } = await request("GET", "emergency-doses");
      replace(place, !rulesSigned && h("p", { class: "faint" }, "(演示·未经临床审定)"), list.map((one) => h("div", { class: "desk-dose" },
        h("p", null, h("b", null, `${one.name} ${one.amount}`), ` · ${one.when}`),
        h("p", { class: "faint" }, one.directions),
        one.watch && h("p", { class: "faint" }, one.watch),
        h("p", { class: "faint" }, `先排除:${Object.values(one.contraindications).join(";")}`),
        button("写进建议", () => add("advice", `急用一剂:${one.name} ${one.amount},${one.directions}。先排除:${Object.values(one.contraindications).join(";")}。`), "default"))));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(place, notice(problem));
    }
  };
  return h("details", { class: "desk-fold", on: { toggle: open } }, h("summary", { class: "fold" }, "急用一剂(村医凭决定下医嘱)"), place);
}
