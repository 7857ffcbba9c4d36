// The end of a consultation: complete it once it is decided, then say how it was.

import { button, h } from "../../shared/dom.js";
import { confirmed } from "../../shared/states.js";
import { orderButton } from "../../shared/asking.js";
import { keepTyped } from "../../shared/parts.js";

export function finishPart(view, rating, again, prescriptions) {
  if (view.state === "IN_PROGRESS" && view.opinion?.decision) return complete(view, again, prescriptions.filter((one) => one.state === "PROPOSED"));
  if (view.state === "COMPLETED" && rating?.may_rate) return rate(view, again);
  if (view.state === "COMPLETED" && rating?.stars) return h("section", { class: "panel" }, h("p", { class: "done-line" }, `您评了 ${rating.stars} 星,谢谢您。`));
  return null;
}

const BEFORE_THE_END = { patient: "确认病人", consent: "知情同意书" };

/** A prescription that waits for her signature: said before the end, with the way to it. */
function unsigned(waiting) {
  if (!waiting.length) return null;
  const lead = () => {
    const place = document.querySelector(`[data-part="${waiting[0].prescription_id}"]`);
    place?.scrollIntoView({ block: "start" });
    place?.querySelector("button, textarea")?.focus({ preventScroll: true });
  };
  return h("div", { class: "notice", role: "note" }, h("p", null, `处方 ${waiting.map((one) => one.code).join("、")} 还等您签名,不签药师不会审。`), button("去签名", lead, "default"));
}

function complete(view, again, waiting) {
  const trouble = h("div");
  const wanted = view.missing.filter((one) => BEFORE_THE_END[one]).map((one) => BEFORE_THE_END[one]).join("、");
  const why = h("textarea", { rows: 2, maxlength: 200 });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const order = async () => {
    wrong.textContent = wanted && !why.value.trim() ? "请写明为什么补不了。" : "";
    if (wrong.textContent) {
      why.focus();
      return null;
    }
    const left = waiting.length ? `处方 ${waiting.map((one) => one.code).join("、")} 还没签名,完成后也能签。` : "";
    return (await confirmed(`${left}${wanted ? `还差${wanted},就这样完成会诊 ${view.code}?` : `完成会诊 ${view.code}?`}`, "完成", "先不")) ? [`consultations/${view.consultation_id}/complete`, { without: why.value.trim() }] : null;
  };
  return keepTyped(h("section", { class: "panel" }, h("h2", null, wanted ? `还差${wanted}` : "都办好了?"),
    h("p", { class: "faint" }, "完成后不能再补资料、不能再开急用一剂;已开的处方照常走。"),
    unsigned(waiting),
    wanted && h("label", { class: "doctor-reason" }, h("span", null, "先在上面补上;确实补不了,写明原因:"), why), wrong, trouble,
    orderButton("完成会诊", order, again, { trouble, kind: "default", stale: again })));
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
