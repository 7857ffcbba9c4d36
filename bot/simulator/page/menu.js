// The menu below an Official Account's chat: one to three entries, each with up to five below it.

import { button, h } from "./dom.js";

/** `choose(item)` is called with the pressed entry; nothing is drawn without a menu. */
export function accountMenu(entries, choose) {
  if (!entries?.length) return null;
  const bar = h("nav", { class: "account-menu", "aria-label": "公众号菜单" });
  let open = null;

  const close = () => {
    open?.list.remove();
    open?.button.setAttribute("aria-expanded", "false");
    open = null;
  };

  function unfold(entry, opener) {
    const same = open?.button === opener;
    close();
    if (same) return;
    const list = h("div", { class: "account-submenu" }, entry.sub_button.map((item) => button(item.name, () => { close(); choose(item); })));
    opener.setAttribute("aria-expanded", "true");
    opener.parentElement.append(list);
    open = { button: opener, list };
    list.firstElementChild.focus();
  }

  for (const entry of entries) {
    const folded = entry.sub_button?.length > 0;
    bar.append(h("div", null, button(entry.name, (event) => (folded ? unfold(entry, event.currentTarget) : choose(entry)), { "aria-expanded": folded ? "false" : null })));
  }
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    const opener = open.button;
    close();
    opener.focus();
  });
  return bar;
}
