// What the documents of the village doctor and of the expert share: which page the address names, its states, and asking anew.

import { stepsOf } from "./address.js";
import { Problem } from "./api.js";
import { empty, h, replace } from "./dom.js";
import { keepFresh } from "./fresh.js";
import { EXPIRED, failed, loading } from "./states.js";

const FRESH_MS = 15_000;

/**
 * Run the pages of one document. `routes`: name → {title, tab, above, open}; `open({rest, go, again})` resolves to a page
 * {element, fresh?, busy?}: `fresh()` asks anew and draws what changed, `busy()` tells that now is not the time for it. `tabs(tab)`: the links of the
 * bar below; `refused(problem, name)`: what stands in the place of a page that may not be shown, null for the ordinary sentence; `gone`: by which
 * statuses a page that is shown is told to be nobody's any more.
 */
export class Shell {
  #page = document.getElementById("page");
  #tabs = document.getElementById("tabs");
  #offline = document.getElementById("offline");
  #turn = 0;
  #shown = null;

  constructor(routes, { tabs, refused, gone = [] }) {
    Object.assign(this, { routes, tabs, refused, gone });
    this.go = (path) => { location.hash = `#/${path}`; };
    window.addEventListener("hashchange", async () => {
      await this.show();
      this.#page.querySelector("h1")?.focus();
    });
    window.addEventListener("offline", () => this.#say("网络断了。下面是上次取到的,您写的都还在。"));
    window.addEventListener("online", () => { this.#offline.hidden = true; });
    keepFresh(() => this.#refresh(), FRESH_MS);
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
    replace(this.#tabs, this.tabs(tab));
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
      if (turn === this.#turn) replace(this.#page, head, this.#instead(problem, name));
    }
  }

  #instead(problem, name) {
    if (problem.status === 401) return empty("请从企业微信里打开这一页。");
    return this.refused(problem, name) ?? failed(problem, () => this.show());
  }

  async #refresh() {
    const page = this.#shown;
    if (!page?.fresh || page.busy?.()) return;
    try {
      await page.fresh();
      if (page === this.#shown) this.#offline.hidden = true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (page !== this.#shown) return;
      if (this.gone.includes(problem.status)) this.show();
      else this.#say(problem.status === 401 ? EXPIRED : `${problem.message}(下面是上次取到的)`);
    }
  }

  #say(words) {
    this.#offline.hidden = false;
    this.#offline.textContent = words;
  }
}
