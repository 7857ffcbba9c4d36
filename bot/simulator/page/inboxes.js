// What every person has on his phone, as far as this page has seen it: messages by chat, and which of them were read.

import * as api from "./api.js";

const READ_KEY = "huizhen.simulator.read";
const PAGE = 500;

export const ROLES = [
  ["patient", "患者"],
  ["village_doctor", "村医"],
  ["expert", "专家"],
  ["duty_doctor", "值班医生"],
  ["scheduler", "调度员"],
  ["pharmacist", "药师"],
  ["administrator", "管理员"],
  ["auditor", "审计员"],
  ["person", "用户"],
];
export const roleLabel = (role) => new Map(ROLES).get(role) ?? role;

/** A name without the mark of the demonstration, which the page shows as a label of its own. */
export const plainName = (name) => name.replace(/[((]演示[))]/g, "").trim();

/** Events: "chat" (detail: {person, chat, seq}) when messages came or changed; "read" when something was read. */
export class Inboxes extends EventTarget {
  people = new Map();
  alone = false;
  #chats = new Map();
  #read = new Map(Object.entries(stored()));

  async load() {
    const roster = await api.people();
    // Alone: no practice of ours stands behind the platform, and people may have any role or none.
    this.alone = roster.alone === true;
    this.people = new Map(roster.people.map((person) => [person.key, { ...person, role: new Map(ROLES).has(person.role) ? person.role : "person" }]));
    for (const person of roster.people) {
      for (const chat of person.chats ?? []) if (chat.last) this.#put(person.key, chat.id, chat.last);
    }
  }

  person(key) {
    return this.people.get(key);
  }

  chats(key) {
    return this.person(key)?.chats ?? [];
  }

  messages(key, chat) {
    const held = this.#chats.get(`${key}/${chat}`);
    return held ? [...held.values()].sort((a, b) => a.seq - b.seq) : [];
  }

  last(key, chat) {
    return this.messages(key, chat).at(-1) ?? null;
  }

  unread(key, chat) {
    const mark = this.#read.get(`${key}/${chat}`) ?? 0;
    return this.messages(key, chat).filter((message) => message.seq > mark && message.from !== "person").length;
  }

  unreadOf(key) {
    return this.chats(key).reduce((sum, chat) => sum + this.unread(key, chat.id), 0);
  }

  /** What is unread and meant for this person alone; the talk of a group would mark every member. */
  unreadPersonally(key) {
    return personal(this.chats(key)).reduce((sum, chat) => sum + this.unread(key, chat.id), 0);
  }

  /** Everybody who has something unread of his own, the latest first: [{person, chat, message, count}]. */
  waiting() {
    const found = [];
    for (const person of this.people.values()) {
      for (const chat of personal(person.chats ?? [])) {
        const count = this.unread(person.key, chat.id);
        if (count) found.push({ person, chat, count, message: this.last(person.key, chat.id) });
      }
    }
    return found.sort((a, b) => b.message.seq - a.message.seq);
  }

  markRead(key, chat) {
    const last = this.last(key, chat)?.seq ?? 0;
    if ((this.#read.get(`${key}/${chat}`) ?? 0) >= last) return;
    this.#read.set(`${key}/${chat}`, last);
    keep(this.#read);
    this.dispatchEvent(new CustomEvent("read", { detail: { person: key, chat } }));
  }

  take(news) {
    const message = news.message ?? news.update;
    if (!message) return;
    this.#put(news.person, news.chat, message);
    this.#tell(news.person, news.chat, message.seq);
  }

  /** Ask for the whole chat: changed cards keep their number, so asking only for what is newer would miss them. */
  async fetch(key, chat) {
    let changed = false;
    let after = 0;
    for (;;) {
      const list = await api.messages(key, chat, after);
      for (const message of list) changed = this.#put(key, chat, message) || changed;
      if (list.length < PAGE) break;
      after = list.at(-1).seq;
    }
    if (changed) this.#tell(key, chat, null);
    return this.messages(key, chat);
  }

  #put(key, chat, message) {
    const name = `${key}/${chat}`;
    if (!this.#chats.has(name)) this.#chats.set(name, new Map());
    const held = this.#chats.get(name);
    if (JSON.stringify(held.get(message.seq)) === JSON.stringify(message)) return false;
    held.set(message.seq, message);
    return true;
  }

  #tell(person, chat, seq) {
    this.dispatchEvent(new CustomEvent("chat", { detail: { person, chat, seq } }));
  }
}

const personal = (chats) => chats.filter((chat) => !chat.id.startsWith("group:"));

function stored() {
  try {
    return JSON.parse(localStorage.getItem(READ_KEY)) ?? {};
  } catch {
    return {};
  }
}

function keep(read) {
  try {
    localStorage.setItem(READ_KEY, JSON.stringify(Object.fromEntries(read)));
  } catch {
    // A browser that stores nothing only forgets what was read.
  }
}

/** One line for the list of chats. */
export function preview(message) {
  if (!message) return "";
  const said = {
    text: () => message.content,
    markdown: () => message.content.replace(/[*#>`]/g, ""),
    notice: () => message.content,
    voice: () => `[语音]${message.recognition ? ` ${message.recognition}` : ""}`,
    image: () => "[图片]",
    video: () => "[视频]",
    file: () => `[文件] ${message.name ?? ""}`,
    location: () => `[位置] ${message.label ?? ""}`,
    link: () => `[链接] ${message.title}`,
    articles: () => `[链接] ${message.items[0].title}`,
    menu: () => message.head || message.items.map((item) => item.content).join(" / "),
    card: () => `[卡片] ${message.card.main_title?.title ?? message.card.sub_title_text ?? ""}`,
    template: () => `[服务通知] ${Object.values(message.data)[0] ?? ""}`,
    subscription: () => `[服务通知] ${Object.values(message.data)[0] ?? ""}`,
    mini_program_page: () => `[小程序] ${message.title}`,
  }[message.type];
  const line = (said ? said() : `[${message.type}]`).replace(/<[^>]*>/g, "").replace(/\s+/g, " ").trim();
  return message.from === "member" ? `${plainName(message.sender ?? "")}:${line}` : line;
}
