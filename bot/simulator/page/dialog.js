// A drawer over the page: closes with Escape, the cross or a tap beside it, and gives the focus back.

import { h, iconButton, replace } from "./dom.js";

export function openDialog(title, content, { className = "drawer", opener = document.activeElement } = {}) {
  const body = h("div", { class: "dialog-body" }, content);
  const dialog = h("dialog", { class: className, "aria-label": title },
    h("header", { class: "dialog-head" }, h("h2", null, title), iconButton("close", "关闭", () => dialog.close())),
    body);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, show: (...children) => replace(body, ...children) };
}
