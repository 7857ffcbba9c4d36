// The expert's opinion with its signature, and the village doctor's own decision on it.

import { opinionPart } from "../../shared/case_summary.js";
import { h } from "../../shared/dom.js";
import { confirmed } from "../../shared/states.js";
import { orderButton } from "../../shared/asking.js";
import { Draft } from "../../shared/drafts.js";
import { mended } from "../../shared/mended.js";
import { keepTyped } from "../../shared/parts.js";

const CHOICES = { agree: "同意", partly: "部分同意", disagree: "不同意" };
const LONGEST = 2000;

export function decisionPart(view, again) {
  const { opinion } = view;
  if (!opinion) return view.state === "IN_PROGRESS" ? h("section", { class: "panel" }, h("h2", null, "专家意见"), h("p", { class: "faint" }, "专家还在看,意见写好马上到这里。")) : null;
  return [opinionPart(opinion), view.state === "IN_PROGRESS" && !opinion.decision && decide(view, again)];
}

function decide({ consultation_id: id, opinion }, again) {
  const draft = new Draft("decision", id);
  let chosen = "";
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert", id: "wrong-reason" });
  const reason = h("textarea", { rows: 3, maxlength: LONGEST, "aria-describedby": "wrong-reason", value: draft.read().reason ?? "", on: { input: () => draft.keep({ reason: reason.value }) } });
  const label = h("span", null, "理由(同意可以不写)");
  const buttons = Object.entries(CHOICES).map(([code, words]) => h("button", { type: "button", "aria-pressed": "false", "data-code": code }, words));
  const form = keepTyped(h("form", { class: "panel", novalidate: true, "aria-label": "我的决定", on: { submit: (event) => event.preventDefault() } }));
  const clear = mended(reason, wrong, reason);
  for (const one of buttons) {
    one.addEventListener("click", () => {
      chosen = one.dataset.code;
      form.dataset.typed = "";
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === one));
      label.textContent = chosen === "agree" ? "理由(同意可以不写)" : "理由(专家和病历都要看)";
      clear();
    });
  }
  const send = orderButton("签名决定", async () => {
    wrong.textContent = !chosen ? "请先选同意、部分同意还是不同意。" : chosen !== "agree" && reason.value.trim().length < 2 ? "部分同意或不同意,请写明理由。" : "";
    reason.setAttribute("aria-invalid", String(Boolean(chosen && wrong.textContent)));
    if (wrong.textContent) {
      (chosen ? reason : buttons[0]).focus();
      return null;
    }
    const sure = await confirmed(`确认签名:${CHOICES[chosen]}${opinion.expert}的意见(第 ${opinion.revision} 版)。签名后和意见一起存档,不能改。`, "确认签名");
    return sure ? [`consultations/${id}/decision`, { opinion_id: opinion.opinion_id, choice: chosen, reason: reason.value.trim(), confirm: true }] : null;
  }, async () => {
    draft.clear();
    await again();
  }, { trouble, stale: again });
  form.append(h("h2", null, "我的决定"), h("p", { class: "faint" }, "专家提建议,由您决定、由您负责。"),
    h("div", { class: "choices doctor-choices", role: "group", "aria-label": "决定" }, buttons),
    h("label", { class: "doctor-reason" }, label, reason), wrong, trouble, send);
  return form;
}
