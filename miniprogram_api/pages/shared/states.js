// What every page shows while it waits and when something went wrong, and the question before a step that is hard to undo.

import { button, h } from "./dom.js";

export const EXPIRED = "登录过期了。请从企业微信里再打开这一页,您写的都还在。";

export const loading = (text = "正在取…") => h("div", { class: "empty", role: "status" }, h("p", null, text));

/** Nothing answered: what to press then hangs on where it is told. */
const unanswered = (problem) => problem.offline === true && problem.status === 0;

/** A problem in the place of a page, with a way on. */
export const failed = (problem, again) =>
  h("div", { class: "empty", role: "alert" }, h("p", null, `${problem.message}${unanswered(problem) && again ? "有信号时点「再试」。" : ""}`), again && button("再试", again, "default"));

/** A problem beside what the person was doing. */
export const notice = (problem) => h("p", { class: "notice", role: "alert" }, `${problem.message ?? problem}${unanswered(problem) ? "有信号时,再点一次刚才的按钮。" : ""}`);

/** Ask before a step; resolves to true when it is confirmed. */
export function confirmed(question, yes, no = "先不") {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const dialog = h("dialog", { class: "confirm", "aria-label": question },
      h("p", null, question),
      h("div", { class: "confirm-buttons" },
        h("button", { type: "button", class: "weui-btn weui-btn_default", on: { click: () => dialog.close("no") } }, no),
        h("button", { type: "button", class: "weui-btn weui-btn_warn", on: { click: () => dialog.close("yes") } }, yes)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
