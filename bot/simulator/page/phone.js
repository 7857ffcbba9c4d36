// One phone: whose it is, his list of chats, the open chat or page.

import * as api from "./api.js";
import { authenticatorTile } from "./authenticator.js";
import { avatar, chatAvatar } from "./avatar.js";
import { ChatView } from "./chat.js";
import { digits, short, shownAt } from "./dates.js";
import { append, button, h, icon, iconButton, replace } from "./dom.js";
import { plainName, preview, roleLabel } from "./inboxes.js";
import { badge, switcher } from "./switcher.js";
import { miniProgramAddress, phoneAddress, webview } from "./webview.js";

export class Phone {
  #entered = new Set();

  /** `number` from 1; `domainNow()` gives the demonstration's time in ms; `changed()` is called when person or chat changed. */
  constructor({ number, inboxes, domainNow, changed }) {
    Object.assign(this, { number, inboxes, domainNow, changed });
    this.view = "chats";
    this.owner = h("button", { type: "button", class: "owner", "aria-haspopup": "true", "aria-expanded": "false", on: { click: () => this.toggleSwitcher() } });
    this.time = h("span", null, "");
    this.bar = h("header", { class: "title-bar" });
    this.screen = h("div", { class: "screen" });
    this.other = h("div", { class: "other", role: "status", hidden: true });
    this.codes = h("div", { class: "codes", hidden: true });
    this.element = h("section", { class: "phone", tabindex: -1 }, this.owner, this.other, this.codes,
      h("div", { class: "device" },
        h("div", { class: "status-bar", "aria-hidden": "true" }, this.time, h("span", { class: "signals" })),
        this.bar, this.screen));
    inboxes.addEventListener("chat", (event) => this.#news(event.detail));
    inboxes.addEventListener("read", () => this.#refreshCounts());
    this.tick();
  }

  tick() {
    this.time.textContent = digits(this.domainNow());
  }

  get person() {
    return this.inboxes.person(this.key);
  }

  /** Say that somebody else with this role got a card; `open()` brings his phone here. The newest one stands. */
  announce({ person, chat, seq, title, open }) {
    this.announced = { key: person.key, chat, seq };
    this.other.hidden = false;
    replace(this.other, button([
      h("span", { class: "entry-text" }, `${plainName(person.name)}${person.role === this.person.role ? "" : `(${roleLabel(person.role)})`}收到:${title}`),
      h("b", null, "看他的手机"),
    ], open, { class: "other-open" }));
  }

  /** What was announced is over, or is seen now. Without arguments: whatever it was. */
  forget(key = this.announced?.key, seq = this.announced?.seq) {
    if (!this.announced || this.announced.key !== key || this.announced.seq !== seq) return;
    this.announced = null;
    this.other.hidden = true;
    replace(this.other);
    this.changed();
  }

  /** Hand the phone to somebody, and open one of his chats when named. */
  async assign(key, chat = null) {
    this.key = key;
    if (this.announced?.key === key) this.forget();
    this.element.setAttribute("aria-label", `第 ${this.number} 部手机:${plainName(this.person.name)},${roleLabel(this.person.role)}`);
    this.#drawOwner();
    this.#drawCodes();
    if (chat) this.openChat(chat);
    else this.showChats();
    this.changed();
    await this.catchUp();
  }

  async catchUp() {
    const key = this.key;
    const chats = this.inboxes.chats(key);
    const results = await Promise.allSettled(chats.map((chat) => this.inboxes.fetch(key, chat.id)));
    if (this.key === key && this.view === "chats") this.showChats();
    return results.every((result) => result.status === "fulfilled");
  }

  #drawOwner() {
    const person = this.person;
    replace(this.owner,
      avatar(person.name),
      h("span", { class: "entry-text" },
        h("span", { class: "entry-name" }, plainName(person.name), /演示/.test(person.name) && h("span", { class: "demo-tag" }, "演示"), h("span", { class: "role-tag" }, roleLabel(person.role))),
        [person.title, person.place].filter(Boolean).map((words) => h("span", { class: "faint" }, words))),
      icon("down"), h("span", { class: "unseen" }, "换一个人"));
  }

  #news({ person }) {
    if (person === this.key && this.view === "chats") this.showChats();
    this.#refreshCounts();
  }

  #refreshCounts() {
    if (this.view === "chats" && this.key) this.showChats();
    const elsewhere = this.view === "chat" ? this.inboxes.unreadOf(this.key) : 0;
    const back = this.bar.querySelector(".back-count");
    if (back) replace(back, elsewhere > 0 ? String(elsewhere) : "");
  }

  #show(view, { left = null, title, right = null, element }) {
    this.chatView?.close();
    this.chatView = null;
    this.view = view;
    this.owner.setAttribute("aria-expanded", String(view === "switcher"));
    replace(this.bar, h("div", { class: "bar-side" }, left), typeof title === "string" ? h("h2", { class: "title" }, title) : title, h("div", { class: "bar-side bar-right" }, right));
    replace(this.screen, element);
  }

  toggleSwitcher() {
    if (this.view === "switcher") {
      this.showChats();
      return;
    }
    const list = switcher({ inboxes: this.inboxes, current: this.key, choose: (key) => { this.assign(key); this.owner.focus(); } });
    this.#show("switcher", { left: iconButton("close", "不换了", () => { this.showChats(); this.owner.focus(); }), title: "这是谁的手机", element: list.element });
    list.focus();
  }

  showChats() {
    const held = this.screen.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
    const chats = this.inboxes.chats(this.key).map((chat) => ({ ...chat, message: this.inboxes.last(this.key, chat.id), count: this.inboxes.unread(this.key, chat.id) }));
    const wecom = this.person.role !== "patient" && !(this.inboxes.alone && chats.some((chat) => chat.id === "official_account" || chat.id === "mini_program"));
    this.#show("chats", {
      title: wecom ? "企业微信" : "微信",
      element: chats.length
        ? h("ul", { class: "chats", "aria-label": "聊天" }, chats.map((chat) => h("li", null, this.#entry(chat))))
        : h("p", { class: "state-line" }, "这个人没有微信。村医会替他登记和上传。"),
    });
    if (held) [...this.screen.querySelectorAll(".entry")].find((entry) => entry.dataset.chat === held)?.focus();
  }

  /** The authenticator app lies above the screen: its code is wanted while a chat or a page is open. */
  #drawCodes() {
    if (this.tile?.key === this.key) return;
    this.tile?.close();
    this.tile = this.person.authenticator ? authenticatorTile(this.key) : null;
    this.codes.hidden = !this.tile;
    replace(this.codes, this.tile?.element);
  }

  #entry(chat) {
    const open = () => {
      if (chat.id === "mini_program") {
        this.openMiniProgram();
        return;
      }
      this.openChat(chat.id);
      this.#enter(chat);
    };
    const line = chat.message ? preview(chat.message) : chat.id === "mini_program" ? "点开进入小程序" : "还没有消息";
    return button([
      chatAvatar(chat.id),
      h("span", { class: "entry-text" }, h("span", { class: "entry-name" }, chat.title), h("span", { class: "faint one-line" }, line)),
      h("span", { class: "entry-side" }, chat.message && h("time", { class: "faint", datetime: shownAt(chat.message) }, short(shownAt(chat.message), this.domainNow())), badge(chat.count)),
    ], open, { class: "entry", data: { chat: chat.id } });
  }

  openChat(id) {
    const chat = this.inboxes.chats(this.key).find((one) => one.id === id);
    if (!chat) {
      this.showChats();
      return;
    }
    const view = new ChatView({
      inboxes: this.inboxes, person: this.person, chat,
      host: { open: (url) => this.openPage(url, id), openMiniProgram: (path) => this.openMiniProgram(path, id), now: () => this.domainNow() },
    });
    this.#show("chat", {
      left: [iconButton("back", "回到聊天列表", () => this.showChats()), h("span", { class: "back-count", "aria-hidden": "true" })],
      title: chat.title,
      right: id === "official_account" ? iconButton("more", "公众号选项", (event) => this.#followMenu(event.currentTarget)) : null,
      element: view.element,
    });
    this.chatView = view;
    this.openChatId = id;
    view.render();
    this.inboxes.markRead(this.key, id);
    this.#refreshCounts();
  }

  /** The robot and the app are told that somebody came in, once for a chat that is still empty. */
  #enter(chat) {
    if (!["wecom_robot", "wecom_app"].includes(chat.id) || chat.message || this.#entered.has(`${this.key}/${chat.id}`)) return;
    this.#entered.add(`${this.key}/${chat.id}`);
    api.enter(this.key, chat.id).catch((problem) => this.chatView?.fail(problem));
  }

  #followMenu(opener) {
    const existing = this.bar.querySelector(".menu-sheet");
    if (existing) {
      existing.remove();
      return;
    }
    const sheet = h("div", { class: "menu-sheet", role: "group", "aria-label": "公众号选项", on: { keydown: (event) => { if (event.key === "Escape") { sheet.remove(); opener.focus(); } } } },
      button(this.chatView.chat.following === false ? "关注公众号" : "取消关注", () => {
        sheet.remove();
        opener.focus();
        this.chatView.follow(this.chatView.chat.following === false);
      }));
    this.bar.append(sheet);
    sheet.firstElementChild.focus();
    this.#refusals(sheet, opener);
  }

  /** What he does not want from the account; the platform then refuses it to whoever sends it. */
  async #refusals(sheet, opener) {
    const key = this.key;
    const mini = this.inboxes.chats(key).some((chat) => chat.id === "mini_program");
    try {
      const now = await api.refusals(key);
      const turn = (label, name, on, off) => button(`${now[name] ? "恢复接收" : "不再接收"}${label}`, async () => {
        sheet.remove();
        opener.focus();
        await api.refuse(key, { [name]: now[name] ? off : on }).catch((problem) => this.chatView?.fail(problem));
      });
      append(sheet, [turn("模板消息", "templates", true, false), turn("客服消息", "customer_service", 45015, null), mini && turn("订阅消息", "subscriptions", true, false)]);
    } catch (problem) {
      this.chatView?.fail(problem);
    }
  }

  openPage(url, fromChat) {
    if (/^tel:/i.test(url)) {
      this.chatView?.fail({ message: `真手机会在这里拨打 ${url.slice(4)}。模拟器不打电话。` });
      return;
    }
    const address = phoneAddress(url, this.key);
    if (!address) {
      this.chatView?.fail({ message: "这是外部网页,模拟器里不打开。" });
      return;
    }
    const page = webview({ address, title: "网页", close: () => this.openChat(fromChat) });
    this.#show("web", page);
  }

  openMiniProgram(path = "", fromChat = null) {
    const back = () => (fromChat ? this.openChat(fromChat) : this.showChats());
    const page = webview({
      address: miniProgramAddress(this.key, path), title: "会诊", close: back,
      actions: fromChat === "mini_program" ? [] : [button("客服", () => this.openChat("mini_program"), { class: "text-button", "aria-label": "小程序的客服与通知" })],
    });
    this.#show("web", page);
    this.inboxes.markRead(this.key, "mini_program");
  }

  /** Put words into the composer of one of the person's chats, ready to be sent. */
  prepare(chat, words) {
    this.openChat(chat);
    this.chatView?.composer.fill(words);
  }
}
