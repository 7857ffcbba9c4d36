// A queue of prescriptions with the clock running, and one of them opened beside it (below it on a phone). For pharmacist and signing doctor.

import { Problem, request, whyNot } from "./api.js";
import { spoken } from "./dates.js";
import { card, cells, empty, h, replace, title } from "./dom.js";
import { keepFresh } from "./fresh.js";
import { EXPIRED, failed, loading } from "./states.js";
import { sexLabel } from "./sexes.js";

const FRESH_MS = 15_000;
const CLOCK_MS = 10_000;
const WAITING = new Set(["REFERRED", "SIGNED", "RELEASED"]);

/** How new a prescription is said to be: what waits to be handed out was released just now, nobody has come. */
const NEW = { RELEASED: "刚放行" };

/** 12 分钟 */
export function waited(since, now, state) {
  const minutes = Math.max(0, Math.floor((now - Date.parse(since)) / 60_000));
  if (minutes < 1) return NEW[state] ?? "刚到";
  if (minutes < 60) return `已等 ${minutes} 分钟`;
  return minutes < 24 * 60 ? `已等 ${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分` : `已等 ${Math.floor(minutes / 1440)} 天`;
}

/**
 * `groups(view)`: [[heading, rows, what to say when there are none]]; `above(view, list)`: elements over the queue, or nothing;
 * `fetch(id)`: what is needed to show one; `draw(found, list)`: its element, found.rx its prescription; `notMine`: the sentence for other roles.
 */
export class Worklist {
  #queue = document.getElementById("queue");
  #detail = document.getElementById("detail");
  #offline = document.getElementById("offline");
  #view = null;
  #ahead = 0;
  #opened = null;
  #turn = 0;
  #told = "";

  constructor({ groups, above, fetch, draw, notMine }) {
    Object.assign(this, { groups, above, fetch, draw, notMine });
    window.addEventListener("hashchange", () => this.#show());
    keepFresh(() => this.refresh(), FRESH_MS);
    setInterval(() => this.#tick(), CLOCK_MS);
    replace(this.#queue, loading());
    this.refresh().then(() => this.#show());
  }

  get view() {
    return this.#view;
  }

  /** The practice's time now, in milliseconds. */
  get now() {
    return Date.now() + this.#ahead;
  }

  /** Ask for the queue anew. Resolves when it is drawn, or when it is said why not. */
  async refresh() {
    try {
      this.#view = await request("GET", "prescriptions/waiting");
      this.#ahead = Date.parse(this.#view.now) - Date.now();
      this.#offline.hidden = true;
      this.#drawQueue();
      await this.#followOpened();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#refused(problem);
    }
  }

  /** A step was made with `id`, or somebody else was faster: `next` is the prescription as it is now (null: ask), `said` a sentence about it.
   *  Who has gone back meanwhile, or opened another, finds it in the queue. */
  async changed(id, next, said) {
    const shown = this.#opened?.rx.prescription_id === id;
    if (shown && next === null) await this.#open(id, said, false);
    else if (shown) this.#drawDetail({ ...this.#opened, rx: next }, said, true);
    this.#told = "";
    await this.refresh();
  }

  open(id) {
    location.hash = `#/rx/${id}`;
  }

  #refused(problem) {
    if (this.#view !== null) this.#bar(problem.status === 401 ? EXPIRED : `${problem.message}(下面是上次取到的)`);
    else if (problem.status === 401) replace(this.#queue, empty("请从企业微信里打开这一页。"));
    else if (problem.status === 403) replace(this.#queue, empty(whyNot(problem, this.notMine)));
    else replace(this.#queue, failed(problem, async () => { await this.refresh(); await this.#show(); }));
  }

  #bar(sentence) {
    this.#offline.hidden = false;
    this.#offline.textContent = sentence;
  }

  #drawQueue() {
    const { now: _, ...rest } = this.#view;
    const told = JSON.stringify([rest, this.#asked()]);
    if (told === this.#told || inUse(this.#queue)) return this.#tick();
    this.#told = told;
    const open = [...this.#queue.querySelectorAll("details[open]")].map((one) => one.dataset.name);
    replace(this.#queue, this.above?.(this.#view, this), this.groups(this.#view).map((one) => this.#group(one)));
    for (const one of this.#queue.querySelectorAll("details")) if (open.includes(one.dataset.name)) one.open = true;
    this.#tick();
  }

  #group({ heading, rows, none, folded }) {
    const lines = rows.length ? cells(rows.map((one) => this.#row(one))) : card(h("p", { class: "faint" }, none));
    if (folded) return h("details", { class: "wl-fold", "data-name": heading }, h("summary", { class: "fold" }, `${heading}(${rows.length})`), lines);
    return h("section", null, title(rows.length ? `${heading}(${rows.length})` : heading), lines);
  }

  #row(one) {
    const waits = WAITING.has(one.state);
    const who = [one.patient, sexLabel(one.sex), one.age].filter(Boolean).join(" · ");
    return h("a", { class: "weui-cell weui-cell_access wl-row", href: `#/rx/${one.prescription_id}`, "aria-current": one.prescription_id === this.#asked() ? "true" : null },
      h("span", { class: "weui-cell__bd" },
        h("span", { class: "line" }, h("span", { class: `tag tag-${one.urgency}` }, one.urgency_label), one.drugs.join("、")),
        h("span", { class: "line" }, who),
        h("span", { class: "faint line" }, [one.code, waits ? null : one.state_label, one.signer && `${one.signer}签`, one.overrides > 0 && `带 ${one.overrides} 条提醒`, !waits && one.pharmacist && `${one.pharmacist}审`].filter(Boolean).join(" · ")),
        waits ? h("span", { class: "line wl-clock", "data-since": one.waiting_since, "data-state": one.state }) : h("span", { class: "faint line" }, spoken(one.waiting_since))));
  }

  #tick() {
    for (const place of document.querySelectorAll("[data-since]")) {
      const said = waited(place.dataset.since, this.now, place.dataset.state);
      if (place.textContent !== said) place.textContent = said;
    }
  }

  #asked() {
    return /^#\/rx\/([0-9A-Z]{26})$/.exec(location.hash)?.[1] ?? null;
  }

  async #show() {
    const id = this.#asked();
    document.body.dataset.shown = id === null ? "queue" : "detail";
    if (this.#view === null) return;
    this.#told = "";
    this.#drawQueue();
    if (id === null) {
      this.#opened = null;
      replace(this.#detail, empty("点左边的处方,在这里看。"));
    } else if (this.#opened?.rx.prescription_id !== id) {
      window.scrollTo(0, 0);
      replace(this.#detail, this.#back(), loading());
      await this.#open(id, "", true);
      this.#detail.querySelector("h2")?.focus({ preventScroll: true });
    }
  }

  #back() {
    return h("a", { class: "back wl-back", href: "#/" }, "‹ 返回");
  }

  /** `fresh`: nothing of it is shown yet. */
  async #open(id, said, good) {
    const turn = ++this.#turn;
    try {
      const found = await this.fetch(id);
      if (turn === this.#turn && id === this.#asked()) this.#drawDetail(found, said, good);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn !== this.#turn) return;
      if (this.#opened?.rx.prescription_id === id) this.#bar(`${said || problem.message}(下面是上次取到的)`);
      else replace(this.#detail, this.#back(), problem.status === 403 ? empty("这张处方不归您这里管。") : failed(problem, () => this.#open(id, said, good)));
    }
  }

  #drawDetail(found, said, good) {
    this.#opened = found;
    replace(this.#detail, this.#back(), said && h("p", { class: good ? "notice notice-good" : "notice", role: "status" }, said), this.draw(found, this));
    this.#tick();
    if (said) window.scrollTo(0, 0);
  }

  /** What somebody else did meanwhile to the one that is open is said; the queue tells that it moved. */
  async #followOpened() {
    const opened = this.#opened;
    if (!opened || opened.rx.prescription_id !== this.#asked()) return;
    const lists = Object.values(this.#view).filter(Array.isArray).flat();
    const row = lists.find((one) => one.prescription_id === opened.rx.prescription_id);
    const [before, listed] = [opened.listed, row ? `${row.state}:${row.revision}` : null];
    opened.listed = listed;
    if (listed === before || this.#asOpened(row) || (before === undefined && !row)) return;
    const found = await this.fetch(opened.rx.prescription_id);
    if (this.#opened !== opened || this.#asOpened(found.rx)) return;
    const who = found.rx.state === "RELEASED" || found.rx.state === "RETURNED" ? found.rx.pharmacist : found.rx.state === "SIGNED" ? found.rx.signer : null;
    this.#drawDetail({ ...found, listed }, `${who ?? "别的同事"}刚刚处理了这张处方,现在是“${found.rx.state_label}”。`, false);
  }

  /** Whether the row says nothing else than what is shown: the same state of the same revision. */
  #asOpened(row) {
    return row?.state === this.#opened.rx.state && row.revision === this.#opened.rx.revision;
  }
}

const inUse = (place) => place.contains(document.activeElement) && document.activeElement.matches("textarea, input");
