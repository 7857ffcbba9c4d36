// What the expert's pages share: which page the address names, its states, and asking anew without drawing under a finger.

import { Problem } from "../shared/api.js";
import { empty, h, replace } from "../shared/dom.js";
import { failed, loading } from "../shared/states.js";

const TABS = [
  ["", "工作台", "M3 5h18v12H3zM9 21h6M12 17v4"],
  ["roster", "排班", "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4"],
];
const FRESH_MS = 12_000;
const TOUCH_MS = 800;
const EXPIRED = "登录过期了。请从企业微信里再打开这一页,您写的都还在。";

/**
 * Run the pages. `routes`: name → {title, tab, above, open}; `open({rest, go, again})` resolves to a page {element, fresh}: `fresh()`
 * asks anew and draws what changed; not while something is pressed, asked or on its way.
 */
export class Desk {
  #page = document.getElementById("page");
  #offline = document.getElementById("offline");
  #turn = 0;
  #shown = null;
  #touched = 0;

  constructor(routes) {
    this.routes = routes;
    window.addEventListener("hashchange", async () => {
      await this.show();
      this.#page.querySelector("h1")?.focus();
    });
    document.addEventListener("pointerdown", () => { this.#touched = Date.now(); }, { passive: true });
    document.addEventListener("visibilitychange", () => this.#refresh());
    window.addEventListener("online", () => this.#refresh());
    window.addEventListener("offline", () => this.#say("网络断了。下面是上次取到的,您写的都还在。"));
    setInterval(() => this.#refresh(), FRESH_MS);
    this.show();
  }

  async show() {
    const turn = ++this.#turn;
    const { name, rest } = this.#asked();
    const { title, tab, above, open } = this.routes[name];
    document.title = title;
    drawTabs(tab);
    this.#shown = null;
    this.#offline.hidden = true;
    const head = h("header", { class: "page-head" }, above !== undefined && h("a", { class: "back", href: above }, "‹ 返回"), h("h1", { tabindex: -1 }, title));
    replace(this.#page, head, loading());
    window.scrollTo(0, 0);
    try {
      const page = await open({ rest, go: (path) => { location.hash = `#/${path}`; }, again: () => this.show() });
      if (turn !== this.#turn) return;
      this.#shown = page;
      replace(this.#page, head, page.element);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn === this.#turn) replace(this.#page, head, refused(problem, name, () => this.show()));
    }
  }

  #asked() {
    const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
    return Object.hasOwn(this.routes, name) ? { name, rest } : { name: "", rest: [] };
  }

  async #refresh() {
    const page = this.#shown;
    if (document.hidden || !page || Date.now() - this.#touched < TOUCH_MS || document.querySelector("dialog[open], [aria-busy=true]")) return;
    try {
      await page.fresh();
      if (page === this.#shown) this.#offline.hidden = true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (page !== this.#shown) return;
      if (problem.status === 403 || problem.status === 404) this.show();
      else this.#say(problem.status === 401 ? EXPIRED : `${problem.message}(下面是上次取到的)`);
    }
  }

  #say(words) {
    this.#offline.hidden = false;
    this.#offline.textContent = words;
  }
}

/** Why a page cannot be shown, with a way on. */
function refused(problem, name, again) {
  if (problem.status === 401) return empty("请从企业微信里打开这一页。");
  if (problem.status === 403 && name === "case") {
    return empty("这份会诊不在您这里:可能已经退回、请了别的专家,或不是您接的。", h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回工作台"));
  }
  if (problem.status === 403) return empty("这一页是给会诊专家用的。您的会诊在聊天里发「进度」就能看。");
  if (problem.status === 404 || problem.status === 422) return empty("没有这份会诊。", h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回工作台"));
  return failed(problem, again);
}

function drawTabs(current) {
  replace(document.getElementById("tabs"), TABS.map(([name, label, path]) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    svg.append(line);
    return h("a", { href: `#/${name}`, "aria-current": name === current ? "page" : null }, svg, h("span", null, label));
  }));
}
