// The end of a consultation: complete it once it is decided, then say how it was.

import { h } from "../../shared/dom.js";
import { confirmed } from "../../shared/states.js";
import { orderButton } from "../../shared/asking.js";
import { keepTyped } from "../../shared/parts.js";

export function finishPart(view, rating, again) {
  if (view.state === "IN_PROGRESS" && view.opinion?.decision) return complete(view, again);
  if (view.state === "COMPLETED" && rating?.may_rate) return rate(view, again);
  if (view.state === "COMPLETED" && rating?.stars) return h("section", { class: "panel" }, h("p", { class: "done-line" }, `您评了 ${rating.stars} 星,谢谢您。`));
  return null;
}

function complete(view, again) {
  const trouble = h("div");
  return h("section", { class: "panel" }, h("h2", null, "都办好了?"), h("p", { class: "faint" }, "完成后不能再补资料、不能再开急用一剂;已开的处方照常走。"), trouble,
    orderButton("完成会诊", async () => (await confirmed(`完成会诊 ${view.code}?`, "完成", "先不")) ? [`consultations/${view.consultation_id}/complete`, {}] : null, again, { trouble, kind: "default", stale: again }));
}

function rate(view, again) {
  let stars = 0;
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const words = h("textarea", { rows: 2, maxlength: 500 });
  const form = keepTyped(h("form", { class: "panel", "aria-label": "评价", on: { submit: (event) => event.preventDefault() } }));
  const buttons = [1, 2, 3, 4, 5].map((count) => h("button", { type: "button", "aria-pressed": "false", "aria-label": `${count} 星` }, `${count}★`));
  buttons.forEach((one, place) => one.addEventListener("click", () => {
    stars = place + 1;
    form.dataset.typed = "";
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === one));
    wrong.textContent = "";
  }));
  const send = orderButton("评价", () => {
    wrong.textContent = stars ? "" : "请先点几颗星。";
    return stars ? [`consultations/${view.consultation_id}/rating`, { stars, words: words.value.trim() }] : null;
  }, again, { trouble, kind: "default", stale: again });
  form.append(h("h2", null, "这次会诊怎么样?"), h("div", { class: "choices doctor-choices", role: "group", "aria-label": "几颗星" }, buttons),
    h("label", { class: "doctor-reason" }, h("span", null, "想说的话(可以不写)"), words), wrong, trouble, send);
  return form;
}
