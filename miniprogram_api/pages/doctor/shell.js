// What both documents of the village doctor share: which page the address names, its states, and asking anew without drawing under a finger.

import { stepsOf } from "../shared/address.js";
import { Problem } from "../shared/api.js";
import { empty, h, replace } from "../shared/dom.js";
import { failed, loading } from "../shared/states.js";
import { drawTabs } from "./tabs.js";

const FRESH_MS = 15_000;
const TOUCH_MS = 800;

/**
 * Run the pages of one document. `routes`: name → {title, tab, above, open}; `open({rest, go, again})` resolves to a page
 * {element, fresh?, busy?}: `fresh()` asks anew and draws what changed, `busy()` tells that now is not the time for it.
 */
export class Shell {
  #page = document.getElementById("page");
  #tabs = document.getElementById("tabs");
  #offline = document.getElementById("offline");
  #turn = 0;
  #shown = null;
  #touched = 0;

  constructor(routes, from = "") {
    this.routes = routes;
    this.from = from;
    this.go = (path) => { location.hash = `#/${path}`; };
    window.addEventListener("hashchange", async () => {
      await this.show();
      this.#page.querySelector("h1")?.focus();
    });
    document.addEventListener("pointerdown", () => { this.#touched = Date.now(); }, { passive: true });
    document.addEventListener("visibilitychange", () => this.#refresh());
    window.addEventListener("online", () => this.#refresh());
    setInterval(() => this.#refresh(), FRESH_MS);
    this.show();
  }

  #asked() {
    const [name, ...rest] = stepsOf(location.hash.replace(/^#\/?/, ""));
    return Object.hasOwn(this.routes, name) ? { name, rest } : { name: "", rest: [] };
  }

  async show() {
    const turn = ++this.#turn;
    const { name, rest } = this.#asked();
    const { title, tab, above, open } = this.routes[name];
    document.title = title;
    drawTabs(this.#tabs, tab, this.from);
    this.#shown = null;
    this.#offline.hidden = true;
    const head = h("header", { class: "page-head" }, above !== undefined && h("a", { class: "back", href: above }, "‹ 返回"), h("h1", { tabindex: -1 }, title));
    replace(this.#page, head, loading());
    window.scrollTo(0, 0);
    try {
      const page = await open({ rest, go: this.go, again: () => this.show() });
      if (turn !== this.#turn) return;
      this.#shown = page;
      replace(this.#page, head, page.element);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn === this.#turn) replace(this.#page, head, refused(problem, () => this.show()));
    }
  }

  async #refresh() {
    const page = this.#shown;
    const touching = Date.now() - this.#touched < TOUCH_MS;
    if (document.hidden || !page?.fresh || touching || page.busy?.() || document.querySelector("dialog[open]")) return;
    try {
      await page.fresh();
      this.#offline.hidden = true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (page !== this.#shown) return;
      this.#offline.hidden = false;
      this.#offline.textContent = problem.status === 401 ? EXPIRED : `${problem.message}(下面是上次取到的)`;
    }
  }
}

const EXPIRED = "登录过期了。请从企业微信里再打开这一页,您填的都还在。";

/** Why a page cannot be shown, with a way on. */
function refused(problem, again) {
  if (problem.status === 401) return empty("请从企业微信里打开这一页。");
  if (problem.status === 403) return empty("这一页是给村医用的。您的会诊在聊天里发「进度」就能看。");
  return failed(problem, again);
}

/**
 * Parts of a page that are drawn anew only when what they show has changed, and never while something in them is being typed or chosen.
 * `draw` takes all of them each time: [[name, data, make]]; one that is not named any more goes.
 */
export class Parts {
  #slots = new Map();
  element = h("div");

  draw(parts, { force = false } = {}) {
    const named = new Set(parts.map(([name]) => name));
    for (const [name, slot] of this.#slots) if (!named.has(name)) this.#drop(name, slot);
    let before = null;
    for (const [name, data, make] of parts) {
      const slot = this.#slots.get(name) ?? this.#begin(name, before);
      before = slot.place;
      const told = JSON.stringify(data);
      if (slot.told === told || (!force && isInUse(slot.place))) continue;
      slot.told = told;
      fill(slot.place, make());
    }
  }

  #begin(name, before) {
    const slot = { place: h("div", { "data-part": name }), told: null };
    this.#slots.set(name, slot);
    if (before) before.after(slot.place);
    else this.element.prepend(slot.place);
    return slot;
  }

  #drop(name, slot) {
    slot.place.remove();
    this.#slots.delete(name);
  }
}

/** What was unfolded stays so. */
function fill(place, content) {
  const open = new Set([...place.querySelectorAll("details[open][data-id]")].map((one) => one.dataset.id));
  replace(place, content);
  for (const one of place.querySelectorAll("details[data-id]")) if (open.has(one.dataset.id)) one.open = true;
}

/** The part that tells what came of the last step; a string is told, anything else is not. */
export const saidPart = (said) => ["said", typeof said === "string" ? said : "", () => typeof said === "string" && said && h("p", { class: "notice doctor-said", role: "status" }, said)];

const FIELDS = "input:not([type=file]), textarea, select";

/** Somebody types there, or has typed something that would be lost. */
function isInUse(place) {
  if (place.contains(document.activeElement) && document.activeElement.matches(FIELDS)) return true;
  return place.querySelector("[data-typed]") !== null;
}

/** Mark a form in which something has been typed, so that it stays as it is until it is sent. */
export function keepTyped(form) {
  form.addEventListener("input", () => { form.dataset.typed = ""; });
  return form;
}
