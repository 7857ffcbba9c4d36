// 新会诊: the same line as in the group, put together by a form; then what was understood, what to do now, and what is still missing.

import { newKey, Problem, request } from "../shared/api.js";
import { marked } from "../shared/case_summary.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { notice } from "../shared/states.js";
import { ask, whoAmI } from "../shared/asking.js";
import { myPatients, patientLine } from "./my_patients.js";
import { Draft } from "../shared/drafts.js";
import { CONSCIOUSNESS, consultationLine, pressureProblem, URGENCIES, VITALS, vitalProblem } from "./line.js";

const STILL_COMING_MS = 2000;
const TRIES = 15;
const MISSING = { patient: "确认病人", consent: "知情同意书的照片", material: "心电图或影像" };
let chosen = null;

/** Come from a patient's page: the form begins with her number. */
export function choosePatient(number) {
  chosen = String(number);
}

export async function newConsultation({ go, again }) {
  const [me, list] = await Promise.all([whoAmI(), myPatients({ anew: true })]);
  if (!list.length) return { element: empty("名单上还没有病人。先登记一位,再为他请会诊。", h("a", { class: "weui-btn weui-btn_primary", href: "#/enlist" }, "登记病人")) };
  const draft = new Draft("consultation", me.practitioner_id);
  const place = h("div");
  const made = (answer) => {
    draft.clear();
    replace(place, told(answer, { go, again }));
    place.querySelector("[tabindex]")?.focus();
  };
  const form = new Form(list, draft, made);
  replace(place, form.element);
  return { element: place };
}

class Form {
  constructor(list, draft, made) {
    Object.assign(this, { list, draft, made });
    const kept = draft.read();
    this.values = { complaint: "", question: "", consciousness: "", urgency: "", ...kept.values };
    this.sent = kept.sent ?? null;
    if (chosen) this.values.number = chosen;
    chosen = null;
    this.wrong = {};
    this.trouble = h("div");
    this.who = h("p", { class: "doctor-who", "aria-live": "polite" });
    this.element = h("form", { novalidate: true, on: { submit: (event) => event.preventDefault(), input: () => this.keep() } },
      this.field("number", "病人编号", { inputmode: "numeric", maxlength: 4, list: "numbers" }), h("datalist", { id: "numbers" }, list.map((one) => h("option", { value: one.number }, patientLine(one)))),
      h("div", { class: "doctor-says" }, this.who),
      this.area("complaint", "怎么不好(用您平时的话)", "胸痛2小时,出冷汗", 600),
      h("div", { class: "doctor-vitals" }, VITALS.map((one) => this.field(one.name, `${one.label} ${one.unit}`, { inputmode: "decimal", maxlength: 5 }))),
      this.choice("consciousness", "神志", CONSCIOUSNESS), this.choice("urgency", "您看有多急", URGENCIES),
      this.area("question", "想问专家什么(可以不填)", "要不要马上转院?", 300),
      this.trouble,
      h("div", { class: "actions" }, button("请会诊", () => this.send())),
      h("p", { class: "actions faint" }, "危急的不等资料,马上呼叫专家;您写的急只会往上加,不会往下减。"));
    this.tell();
  }

  field(name, label, attributes) {
    this.wrong[name] = h("span", { class: "wrong", role: "alert", id: `wrong-${name}` });
    return h("label", { class: "field" }, h("span", null, label), h("input", { name, autocomplete: "off", "aria-describedby": `wrong-${name}`, value: this.values[name] ?? "", ...attributes }), this.wrong[name]);
  }

  area(name, label, example, longest) {
    this.wrong[name] = h("span", { class: "wrong", role: "alert", id: `wrong-${name}` });
    return h("label", { class: "field" }, h("span", null, label), h("textarea", { name, rows: 3, maxlength: longest, placeholder: `比如:${example}`, "aria-describedby": `wrong-${name}`, value: this.values[name] }), this.wrong[name]);
  }

  choice(name, label, options) {
    const buttons = Object.entries(options).map(([code, words]) => h("button", { type: "button", "data-code": code }, words));
    const press = () => { for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.code === (this.values[name] ?? ""))); };
    for (const one of buttons) {
      one.addEventListener("click", () => {
        this.values[name] = one.dataset.code;
        press();
        this.keep();
      });
    }
    press();
    return h("div", { class: "field", role: "group", "aria-label": label }, h("span", null, label), h("div", { class: "choices doctor-choices" }, buttons));
  }

  input(name) {
    return this.element.elements.namedItem(name);
  }

  keep() {
    for (const input of this.element.querySelectorAll("[name]")) this.values[input.name] = input.value;
    this.draft.keep({ values: this.values, sent: this.sent });
    this.tell();
  }

  patient() {
    return this.list.find((one) => String(one.number) === (this.values.number ?? "").trim().replace(/号$/, ""));
  }

  tell() {
    const one = this.patient();
    this.who.textContent = one ? `${patientLine(one)}${one.has_wechat ? "" : "(没有微信)"}` : this.values.number?.trim() ? "名单上没有这个编号。" : "";
  }

  problems() {
    const found = {};
    if (!this.patient()) found.number = this.values.number?.trim() ? "名单上没有这个编号,先在「我的病人」里登记。" : "请写病人的编号。";
    if (this.values.complaint.trim().length < 2) found.complaint = "请写病人怎么不好,几个字也行。";
    for (const one of VITALS) {
      const problem = vitalProblem(one, this.values[one.name] ?? "");
      if (problem) found[one.name] = problem;
    }
    const pressure = pressureProblem(this.values.systolic ?? "", this.values.diastolic ?? "");
    if (pressure && !found.systolic && !found.diastolic) found[this.values.systolic?.trim() ? "diastolic" : "systolic"] = pressure;
    return found;
  }

  check() {
    const found = this.problems();
    for (const [name, place] of Object.entries(this.wrong)) {
      place.textContent = found[name] ?? "";
      this.input(name).setAttribute("aria-invalid", String(name in found));
    }
    const first = Object.keys(this.wrong).find((name) => found[name]);
    if (first) this.input(first).focus();
    return !first;
  }

  async send() {
    replace(this.trouble);
    this.keep();
    if (!this.check()) return;
    const line = consultationLine({ ...this.values, number: this.patient().number });
    // The same words again are the same request, also after the page was left; other words are another one.
    if (this.sent?.line !== line) this.sent = { line, key: newKey() };
    this.keep();
    try {
      const answer = await requested(this.sent);
      if (!answer.id) throw new Problem(answer.text || "没有建成会诊,请看看写的内容再试。");
      this.made(answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(this.trouble, notice(problem));
      this.trouble.scrollIntoView({ block: "center" });
    }
  }
}

/** Say the line, as in a chat; the answer may take a moment longer than one request waits. Gives what was replied and the new consultation. */
async function requested({ line, key }) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { replies } = await request("POST", "commands", { body: { text: line }, key });
    if (replies.length) {
      const todo = replies.flatMap((one) => one.choices ?? []).find((one) => one.code.startsWith("todo:"));
      return { text: replies.find((one) => one.shape === "text")?.text ?? "", id: todo?.code.slice("todo:".length) ?? null };
    }
    await new Promise((resolve) => { setTimeout(resolve, STILL_COMING_MS); });
  }
  throw new Problem("系统还在处理。请到「会诊」里看看,没有的话再点一次。");
}

/** The answer: danger first, then what was understood, then what is still missing. */
function told({ text, id }, { go, again }) {
  const understood = h("div", { "aria-live": "polite" });
  ask(`consultations/${id}/case`).then((view) => replace(understood, read(view)), () => {});
  const lines = text.split("\n");
  const danger = /^\*\*.*(120|转运)/.test(lines[0]);
  const first = danger ? [lines.shift(), lines[0]?.startsWith("现在:") ? lines.shift() : null].filter(Boolean) : [];
  return [
    danger && h("section", { class: "panel panel-danger", role: "alert", tabindex: -1 }, first.map((one, place) => h(place ? "p" : "h2", null, plain(one))), h("a", { href: "tel:120" }, "拨打 120")),
    h("section", { class: "panel panel-strong", role: "status", tabindex: danger ? null : -1 }, lines.map((one) => h("p", null, plain(one)))),
    understood,
    h("div", { class: "actions" },
      h("a", { class: "weui-btn weui-btn_primary", href: `cases/#/case/${id}` }, "去补资料、看进展"),
      button("再请一个", () => again(), "default"), button("回到我的病人", () => go(""), "default")),
  ];
}

const read = (view) => h("section", { class: "panel", "aria-label": "系统听懂了什么" },
  h("h2", null, "系统听懂了"),
  h("p", { class: "case-complaint" }, marked(view.complaint, view.findings)),
  view.vitals.length > 0 && h("p", null, view.vitals.map(([name, value]) => `${name} ${value}`).join(" · ")),
  view.question && h("p", { class: "case-question" }, h("b", null, "想问:"), view.question),
  h("p", null, view.missing.length ? `还差:${view.missing.map((one) => MISSING[one] ?? one).join("、")}` : "资料齐了。"),
  h("p", { class: "faint" }, "标出来的是听懂的症状。听错了,请在会诊里和专家说,或取消后重写。"));

const plain = (text) => text.replaceAll("**", "");
