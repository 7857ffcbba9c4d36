// Avatars made from a name: the surname on a quiet colour. No pictures of people exist in the demonstration.

import { h } from "./dom.js";
import { plainName } from "./inboxes.js";

const COLOURS = ["#2f6f8f", "#8a5a2b", "#5b6e2e", "#7a4f87", "#a24a4a", "#2f7a5f", "#4f5fa0", "#8a6d1f"];
const SERVICES = {
  official_account: ["诊", "#06753a"],
  mini_program: ["约", "#06753a"],
  wecom_app: ["台", "#1f5fa8"],
  wecom_robot: ["助", "#1f5fa8"],
  sms: ["短", "#555555"],
};

const disc = (text, colour) => {
  const element = h("span", { class: "avatar", "aria-hidden": "true" }, text);
  element.style.setProperty("--disc", colour);
  return element;
};

export function avatar(name) {
  const plain = plainName(name) || "?";
  const sum = [...plain].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return disc([...plain][0], COLOURS[sum % COLOURS.length]);
}

export function chatAvatar(chat) {
  if (chat.startsWith("group:")) return disc("群", "#3f6b4f");
  return disc(...(SERVICES[chat] ?? ["信", "#555555"]));
}
