// One message of any type as it looks in the chat.

import { avatar, chatAvatar } from "./avatar.js";
import { templateCard } from "./card.js";
import { button, h, icon, iconButton } from "./dom.js";
import { plainName } from "./inboxes.js";
import { linked, markdown } from "./richtext.js";

const NOTICE_NAMES = { progress: "会诊进度通知", appointment: "预约通知" };
const VALUE_LABELS = { thing: "内容", time: "时间", date: "日期", phrase: "状态", name: "姓名", character_string: "编号", number: "数量", amount: "金额", keyword: "内容",
  first: "", remark: "备注" };

/**
 * A row of the chat. `act` = {tap(key, selected), open(url), openMiniProgram(path), showExchange(id, opener), enlarge(url, name)}.
 */
export function row(message, chat, act) {
  if (message.type === "notice" || message.type === "system") {
    return h("div", { class: "row row-notice", data: { seq: message.seq } }, h("p", { class: "system-line" }, message.content), raw(message, act));
  }
  const mine = message.from === "person";
  const who = mine ? "我" : plainName(message.sender ?? "");
  const face = mine || message.from === "member" ? avatar(message.sender ?? who) : chatAvatar(chat.startsWith("group:") ? "wecom_robot" : chat);
  return h("div", { class: `row ${mine ? "row-mine" : "row-theirs"}`, data: { seq: message.seq } },
    face,
    h("div", { class: "said" },
      h("span", { class: chat.startsWith("group:") && !mine ? "sender" : "unseen" }, `${who}${mine || chat.startsWith("group:") ? "" : "说"}`),
      content(message, act)),
    raw(message, act));
}

const raw = (message, act) =>
  message.exchange
    ? iconButton("braces", "看这条消息的原始回调", (event) => act.showExchange(message.exchange, event.currentTarget), { class: "icon-button raw" })
    : null;

const bubble = (...children) => h("div", { class: "bubble" }, ...children);

function content(message, act) {
  const draw = {
    text: () => bubble(message.quote && h("p", { class: "quote" }, message.quote.content), linked(message.content, act.open)),
    markdown: () => running(message, act),
    voice: () => voice(message),
    image: () => picture(message, act),
    video: () => bubble(h("video", { src: message.url, controls: true, preload: "none" })),
    file: () => file(message),
    location: () => bubble(h("p", null, message.label || "我的位置"), h("p", { class: "faint" }, `${message.latitude}, ${message.longitude}`)),
    link: () => article(message, act),
    articles: () => h("div", { class: "articles" }, message.items.map((item) => article(item, act))),
    menu: () => menu(message, act),
    card: () => templateCard(message.card, act),
    template: () => notice(message, act),
    subscription: () => notice(message, act),
    mini_program_page: () => miniProgramPage(message, act),
  }[message.type];
  return draw ? draw() : bubble(h("p", { class: "faint" }, `[模拟器还不会显示的消息:${message.type}]`));
}

function running(message, act) {
  const shown = bubble(markdown(message.content ?? "", act.open), (message.images ?? []).map((url) => h("img", { src: url, alt: "助手发来的图片" })));
  if (message.finished === false) shown.append(h("span", { class: "typing", role: "status" }, message.content ? "还在写…" : "正在想…"));
  if (message.interrupted) shown.append(h("p", { class: "faint" }, "(回答中断了)"));
  return shown;
}

function voice(message) {
  const seconds = Math.max(2, Math.min(60, Math.round((message.recognition ?? "").length / 4)));
  return bubble(
    h("p", { class: "voice-line" }, icon("voice"), `语音 ${seconds}″`),
    h("p", { class: "faint" }, message.recognition ? `识别:${message.recognition}` : "平台没有识别出文字"));
}

function picture(message, act) {
  const name = message.name || "图片";
  return button(h("img", { src: message.url, alt: name, loading: "lazy" }), () => act.enlarge(message.url, name), { class: "picture", "aria-label": `放大看:${name}` });
}

const file = (message) =>
  h("a", { class: "bubble file", href: message.url ?? "#", download: message.name ?? "", rel: "noopener" }, h("b", null, message.name || "文件"), h("span", { class: "faint" }, "点这里保存"));

const article = (message, act) =>
  button([
    h("b", null, message.title),
    message.description && h("span", { class: "faint" }, message.description),
    message.picture && h("img", { src: message.picture, alt: "", loading: "lazy" }),
    h("span", { class: "article-open" }, "点开"),
  ], () => act.open(message.url), { class: "bubble article" });

function menu(message, act) {
  const rows = h("div", { class: "menu-rows" });
  for (const item of message.items) {
    rows.append(button(item.content, async () => {
      for (const other of rows.children) other.disabled = true;
      await act.tap(item.id);
      for (const other of rows.children) other.disabled = false;
    }, { class: "menu-row" }));
  }
  return h("div", { class: "bubble menu" }, message.head && h("p", { class: "menu-head" }, linked(message.head, act.open)), rows,
    message.tail && h("p", { class: "menu-tail" }, linked(message.tail, act.open)));
}

function notice(message, act) {
  const title = NOTICE_NAMES[message.name] ?? (/[\u4e00-\u9fff]/.test(message.name ?? "") ? message.name : "服务通知");
  const label = (name) => (/[\u4e00-\u9fff]/.test(name) ? name : (VALUE_LABELS[name.replace(/\d+$/, "")] ?? ""));
  const target = message.url ? () => act.open(message.url) : message.page ? () => act.openMiniProgram(message.page) : null;
  return h("div", { class: "card" },
    h("div", { class: "card-body" },
      h("p", { class: "card-title" }, title),
      h("dl", { class: "card-facts" }, Object.entries(message.data).map(([name, value]) => [h("dt", null, label(name)), h("dd", null, value)]))),
    target && button("查看详情", target, { class: "card-link" }));
}

const miniProgramPage = (message, act) =>
  button([h("span", { class: "faint" }, "小程序 · 会诊"), h("b", null, message.title)], () => act.openMiniProgram(message.path ?? ""), { class: "bubble article" });
