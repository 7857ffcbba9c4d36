// Who else got a message: people whose phone is not on screen (the experts that were called, the scheduler who is alarmed).

import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { button, h, replace } from "./dom.js";
import { plainName, preview, roleLabel } from "./inboxes.js";
import { badge } from "./switcher.js";

/** `shown()` gives the keys on screen; `open(key, chat)` brings one there. */
export function newsDrawer({ inboxes, shown, open, opener }) {
  const list = h("div", { "aria-live": "polite" });
  const { dialog } = openDialog("谁有新消息", list, { opener });
  const draw = () => {
    const waiting = inboxes.waiting().sort((a, b) => Number(shown().has(a.person.key)) - Number(shown().has(b.person.key)));
    replace(list, waiting.length
      ? h("ul", { class: "chats" }, waiting.map((one) => h("li", null, button([
        avatar(one.person.name),
        h("span", { class: "entry-text" },
          h("span", { class: "entry-name" }, plainName(one.person.name), h("span", { class: "role-tag" }, roleLabel(one.person.role))),
          h("span", { class: "faint one-line" }, preview(one.message))),
        badge(one.count),
      ], () => { dialog.close(); open(one.person.key, one.chat.id); }, { class: "entry" }))))
      : h("p", { class: "state-line" }, "大家的消息都看过了。"));
  };
  inboxes.addEventListener("chat", draw);
  dialog.addEventListener("close", () => inboxes.removeEventListener("chat", draw));
  draw();
}

export const othersWaiting = (inboxes, shown) => inboxes.waiting().filter((one) => !shown.has(one.person.key)).length;
