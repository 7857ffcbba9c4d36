// An open chat: what was said, what is on its way, and the bottom line to say more.

import * as api from "./api.js";
import { row } from "./bubbles.js";
import { composer } from "./composer.js";
import { short, shownAt } from "./dates.js";
import { button, h, replace } from "./dom.js";
import { exchangeDrawer, pictureDrawer } from "./exchange.js";
import { accountMenu } from "./menu.js";

const PAUSE_MS = 5 * 60 * 1000;
/** What is hidden below by less is seen well enough. */
const UNSEEN_PX = 60;

export class ChatView {
  #rows = new Map();
  // Number of the first message of what is being answered; null after the person has spoken.
  #anchor = null;
  #placed = 0;
  // The person has pressed something and waits for what comes of it.
  #waiting = false;
  #news = null;
  #fresh = 0;
  #unread = 0;
  #onNews = (event) => event.detail.person === this.person.key && event.detail.chat === this.chat.id && this.render();

  /** `host` = {open(url), openMiniProgram(path), now()}: what the phone around can do. */
  constructor({ inboxes, person, chat, host }) {
    Object.assign(this, { inboxes, person, chat, host });
    this.list = h("div", { class: "messages", role: "log", "aria-label": `${chat.title}的消息`, tabindex: 0, "aria-busy": "true" });
    this.error = h("div", { class: "chat-error", role: "alert", hidden: true });
    this.composer = composer({
      chat: chat.id,
      mention: chat.id.startsWith("group:") ? chat.robot : "",
      send: (message) => this.say(message),
      fail: (problem) => this.fail(problem),
    });
    this.bottom = h("div", { class: "chat-bottom" });
    this.element = h("div", { class: "chat" }, this.list, this.error, this.bottom);
    this.#drawBottom();
    inboxes.addEventListener("chat", this.#onNews);
    this.list.addEventListener("scroll", () => this.#isAtEnd() && this.#noNews(), { passive: true });
    // A panel that opens below takes room: what was in view stays in view.
    this.resized = new ResizeObserver(() => this.loaded && this.#isFollowing() && this.#follow());
    this.resized.observe(this.list);
    replace(this.list, h("p", { class: "state-line" }, "正在取消息…"));
    this.load();
  }

  /** Whoever does not follow the Official Account can only follow it. */
  #drawBottom() {
    if (this.chat.following === false) {
      replace(this.bottom, h("div", { class: "follow-bar" }, h("p", null, `还没有关注${this.chat.title}`), button("关注公众号", () => this.follow(true), { class: "primary" })));
    } else replace(this.bottom, this.composer.element, accountMenu(this.chat.menu, (item) => this.choose(item)));
  }

  async follow(wanted) {
    try {
      const answer = await api.follow(this.person.key, wanted);
      this.chat.following = answer.following;
      this.#drawBottom();
    } catch (problem) {
      this.fail(problem);
    }
  }

  close() {
    this.inboxes.removeEventListener("chat", this.#onNews);
    this.resized.disconnect();
  }

  async load() {
    try {
      await this.inboxes.fetch(this.person.key, this.chat.id);
      this.loaded = true;
      this.error.hidden = true;
      this.render();
    } catch (problem) {
      if (!this.loaded) replace(this.list, h("p", { class: "state-line" }, "消息还没取到。"));
      this.fail(problem, () => this.load());
    }
  }

  render() {
    if (!this.loaded) return;
    const following = this.#isFollowing();
    const shown = this.inboxes.messages(this.person.key, this.chat.id);
    if (shown.length === 0 && !this.list.querySelector(".row")) {
      replace(this.list, h("p", { class: "state-line" }, this.#emptyLine()));
    } else {
      this.list.querySelector(".state-line")?.remove();
      this.#place(shown);
    }
    if (this.list.getAttribute("aria-live") === null) {
      // Only what comes from now on is read out, not the history.
      requestAnimationFrame(() => this.list.setAttribute("aria-live", "polite"));
      this.list.setAttribute("aria-busy", "false");
      this.#anchor = shown.at(-1)?.seq ?? null;
      this.#follow();
    } else if (following || (this.#waiting && this.#fresh)) this.#follow(this.#fresh);
    else if (this.#fresh) this.#tellNews(this.#fresh);
    if (this.#fresh) this.#waiting = false;
    if (this.element.isConnected && !document.hidden) this.inboxes.markRead(this.person.key, this.chat.id);
  }

  #place(shown) {
    let before = null;
    this.#fresh = 0;
    for (const message of shown) {
      const fingerprint = JSON.stringify(message);
      const held = this.#rows.get(message.seq);
      if (held?.fingerprint !== fingerprint) {
        const element = row(message, this.chat.id, this.#actions(message));
        if (held) held.element.replaceWith(element);
        else {
          this.#insert(element, message.seq);
          this.#fresh += 1;
          this.#anchor = message.from === "person" ? null : (this.#anchor ?? message.seq);
        }
        this.#rows.set(message.seq, { element, fingerprint, time: held?.time });
      }
      this.#time(message, before);
      before = message;
    }
  }

  #insert(element, seq) {
    const next = [...this.list.querySelectorAll(":scope > .row[data-seq]")].find((other) => Number(other.dataset.seq) > seq);
    this.list.insertBefore(element, next ?? this.list.querySelector(":scope > .row-pending, :scope > .news"));
  }

  #time(message, before) {
    const held = this.#rows.get(message.seq);
    const wanted = !before || new Date(shownAt(message)) - new Date(shownAt(before)) > PAUSE_MS;
    if (wanted && !held.time) held.time = h("p", { class: "time-line" }, h("time", { datetime: shownAt(message) }, short(shownAt(message), this.host.now())));
    if (wanted) held.element.before(held.time);
    else held.time?.remove();
  }

  #emptyLine() {
    if (this.inboxes.alone) return "还没有消息。写点什么,发出去就行。";
    if (this.chat.id.startsWith("group:")) return "群里还没有人说话。发「会诊 3号 …」试试。";
    return this.person.role === "patient" ? "还没有消息。把哪里不舒服写在下面,发出去就行。" : "还没有消息。发「帮助」看看能说什么。";
  }

  #actions(message) {
    return {
      tap: (key, selected) => this.tap(message, key, selected),
      open: (url) => this.open(message, url),
      openMiniProgram: (path) => this.host.openMiniProgram(path),
      showExchange: (id, opener) => exchangeDrawer(id, opener),
      enlarge: (url, name) => pictureDrawer(url, name),
    };
  }

  open(message, url) {
    const page = /^miniprogram:(.*)$/i.exec(url);
    const menu = /^weixin:\/\/bizmsgmenu\?(.*)$/i.exec(url);
    if (menu) this.tap(message, new URLSearchParams(menu[1]).get("msgmenuid") ?? "");
    else if (page) this.host.openMiniProgram(page[1]);
    else this.host.open(url);
  }

  async say(message) {
    const waiting = this.#pending(message);
    try {
      const stored = await api.send(this.person.key, this.chat.id, message);
      waiting.remove();
      const arrived = stored?.message ?? stored;
      if (arrived?.seq && arrived.type) this.inboxes.take({ person: this.person.key, chat: this.chat.id, message: arrived });
      else await this.load();
    } catch (problem) {
      waiting.classList.add("row-failed");
      replace(waiting.querySelector(".pending-state"), h("span", { role: "alert" }, problem.message), button("重发", () => { waiting.remove(); this.say(message); }, { class: "plain-button" }));
      this.#toEnd();
    }
  }

  #pending(message) {
    const words = { text: message.content, voice: "[语音]", image: `[图片] ${message.name ?? ""}`, file: `[文件] ${message.name ?? ""}`, location: `[位置] ${message.label ?? ""}` }[message.type];
    const waiting = h("div", { class: "row row-mine row-pending" }, h("div", { class: "said" }, h("div", { class: "bubble" }, words), h("p", { class: "pending-state faint" }, "正在发…")));
    this.list.querySelector(".state-line")?.remove();
    this.list.append(waiting);
    this.#toEnd();
    return waiting;
  }

  /** A press on the Official Account's own menu. */
  async choose(item) {
    try {
      const answer = await api.tap(this.person.key, this.chat.id, { key: item.key ?? (item.type === "miniprogram" ? item.pagepath : item.url) });
      if (answer.url) this.host.open(answer.url);
      else if (answer.page) this.host.openMiniProgram(answer.page);
    } catch (problem) {
      this.fail(problem);
    }
  }

  /** Press a menu row or a card button; true when the platform took it. */
  async tap(message, key, selected) {
    this.#anchor = null;
    this.#waiting = true;
    try {
      await api.tap(this.person.key, this.chat.id, selected ? { seq: message.seq, key, selected } : { seq: message.seq, key });
      this.error.hidden = true;
      return true;
    } catch (problem) {
      this.fail(problem);
      return false;
    }
  }

  fail(problem, again) {
    this.error.hidden = false;
    replace(this.error, h("span", null, problem.message), again && button("再试", again, { class: "plain-button" }),
      button("知道了", () => { this.error.hidden = true; }, { class: "plain-button" }));
  }

  /** Whether the person stays where the chat put him, or at its end; who scrolled back to read is left alone. */
  #isFollowing() {
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    return Math.abs(scrollTop - this.#placed) < 4 || scrollHeight - scrollTop - clientHeight < 120;
  }

  #isAtEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < UNSEEN_PX;
  }

  /** To the end, but not past the beginning of what was answered: in danger the first line is the one that matters. */
  #follow(fresh = 0) {
    requestAnimationFrame(() => {
      const first = this.#anchor === null ? null : this.#rows.get(this.#anchor)?.element;
      const end = this.list.scrollHeight - this.list.clientHeight;
      this.list.scrollTop = first ? Math.min(end, first.offsetTop - 8) : end;
      this.#placed = this.list.scrollTop;
      // What came after the beginning of a long answer lies below: it is told, not followed.
      if (fresh && end - this.list.scrollTop > UNSEEN_PX) this.#tellNews(fresh);
    });
  }

  #noNews() {
    this.#unread = 0;
    this.#news?.remove();
  }

  /** Something came while the person read elsewhere: one press leads there. */
  #tellNews(fresh) {
    this.#unread += fresh;
    this.#news?.remove();
    this.#news = button(`↓ ${this.#unread} 条新消息`, () => this.#toEnd(), { class: "news" });
    this.list.append(this.#news);
  }

  #toEnd() {
    requestAnimationFrame(() => {
      this.list.scrollTop = this.list.scrollHeight;
      this.#placed = this.list.scrollTop;
    });
  }
}
