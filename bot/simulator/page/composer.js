// The bottom of a chat: text, voice (typed as what the platform would recognise), picture or file, place.

import { button, h, icon, iconButton, replace } from "./dom.js";
import { Problem } from "./api.js";

const LARGEST_FILE = 20 * 1024 * 1024;
const PLACES = [
  ["平塘县 平湖镇 卫生院", 25.8317, 107.3226],
  ["平塘县 克度镇 街上", 25.6512, 106.8569],
  ["平塘县 掌布镇 村口", 25.9442, 107.0241],
];

/** What can be sent where, as the platforms have it. */
const OFFERED = {
  official_account: { voice: true, image: true, file: false, place: true },
  mini_program: { voice: false, image: true, file: false, place: false },
  wecom_app: { voice: true, image: true, file: false, place: true },
  wecom_robot: { voice: true, image: true, file: true, place: false },
  group: { voice: false, image: true, file: true, place: false },
  sms: { voice: false, image: false, file: false, place: false },
};

/** `send(message)` resolves when it was stored. `mention`: the robot's name in a group, else "". */
export function composer({ chat, mention, send, fail }) {
  const offered = OFFERED[chat.startsWith("group:") ? "group" : chat] ?? OFFERED.official_account;
  const attachments = offered.image || offered.file || offered.place;
  const root = h("form", { class: "composer", "aria-label": "写消息", on: { submit: (event) => { event.preventDefault(); submit(); } } });
  const text = h("textarea", { rows: 1, "aria-label": "要说的话", enterkeyhint: "send", maxlength: 2000, on: { input: grow, keydown: key } });
  const chip = mention && h("button", { type: "button", class: "chip", "aria-pressed": "true", on: { click: toggle } }, `@${mention}`);
  const sendButton = h("button", { type: "submit", class: "send" }, "发送");
  const plus = attachments && iconButton("plus", "图片、文件、位置", () => panel(attachmentPanel));
  const voice = offered.voice && iconButton("voice", "发语音", () => panel(voicePanel));
  const below = h("div", { class: "composer-panel", hidden: true });
  let open = null;

  function toggle() {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
  }

  function grow() {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
    root.classList.toggle("has-text", Boolean(text.value.trim()));
  }

  function key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape") panel(null);
  }

  function submit() {
    const said = text.value.trim();
    if (!said) {
      text.focus();
      return;
    }
    const addressed = chip && chip.getAttribute("aria-pressed") === "true" ? `@${mention} ${said}` : said;
    text.value = "";
    grow();
    send({ type: "text", content: addressed });
    text.focus();
  }

  function panel(make) {
    open = open === make ? null : make;
    below.hidden = !open;
    replace(below, open ? open() : null);
    below.querySelector("input, textarea, button")?.focus();
  }

  function voicePanel() {
    const recognised = h("textarea", { rows: 2, "aria-label": "说了什么", placeholder: "把要说的话打在这里,当作平台识别出的文字", maxlength: 500 });
    const say = (recognition) => {
      panel(null);
      send({ type: "voice", recognition });
    };
    return h("div", { class: "voice-panel" },
      recognised,
      h("div", { class: "button-row" },
        button("发送语音", () => (recognised.value.trim() ? say(recognised.value.trim()) : recognised.focus()), { class: "primary" }),
        button("无识别(只有声音)", () => say(""), { class: "plain-button" })));
  }

  function attachmentPanel() {
    const picker = (name, label, accept, type) => {
      const input = h("input", { type: "file", accept, class: "unseen", "aria-label": label, on: { change: () => input.files[0] && attach(input.files[0], type) } });
      return h("label", { class: "attachment" }, input, icon(name), label);
    };
    return h("div", { class: "attachments" },
      offered.image && picker("image", "图片", "image/jpeg,image/png", "image"),
      offered.file && picker("file", "文件", "", "file"),
      offered.place && h("details", { class: "places" }, h("summary", null, icon("place"), "位置"),
        PLACES.map(([label, latitude, longitude]) => button(label, () => { panel(null); send({ type: "location", latitude, longitude, label }); }, { class: "menu-row" }))));
  }

  async function attach(chosen, type) {
    if (chosen.size > LARGEST_FILE) {
      fail(new Problem("文件超过 20 MB,微信里发不了。请换小一点的,或在上传页面上传。"));
      return;
    }
    panel(null);
    send({ type, name: chosen.name, data_base64: await base64(chosen) });
  }

  replace(root,
    chip && h("div", { class: "chips" }, chip, h("span", { class: "faint" }, "点一下取消 @")),
    h("div", { class: "composer-line" }, voice, text, plus, sendButton),
    below);
  return {
    element: root,
    fill(words) {
      text.value = words;
      grow();
      text.focus();
    },
  };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1] ?? "");
    reader.onerror = () => reject(new Problem("这个文件读不出来,请换一个。"));
    reader.readAsDataURL(file);
  });
}
