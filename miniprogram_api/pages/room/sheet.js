// What is not needed all the time: a sheet from below on a phone, a column beside the faces on a desktop. Its button counts what waits for a look.

import { h, replace } from "../shared/dom.js";

export class Sheet {
  /** `bar`: where the button goes, before the last one; `place`: the element that the sheet lies in; `tabs`: {name: element}, the first shown. */
  constructor(bar, place, label, tabs) {
    this.count = h("span", { class: "badge", hidden: true });
    this.button = h("button", { type: "button", "aria-expanded": "false", on: { click: () => this.toggle() } }, label, this.count);
    bar.lastElementChild.before(this.button);
    this.tabs = new Map(Object.entries(tabs).map(([name, element]) => [name, { element,
      tab: h("button", { type: "button", role: "tab", class: "sheet-button", on: { click: () => this.turn(name) } }, name) }]));
    this.body = h("div", { class: "sheet-body" });
    const close = h("button", { type: "button", class: "sheet-close", on: { click: () => this.toggle(false) } }, "收起");
    this.panel = h("section", { class: "sheet", "aria-label": label, hidden: true },
      h("div", { class: "sheet-head" }, h("div", { class: "row", role: "tablist", "aria-label": label }, [...this.tabs.values()].map(({ tab }) => tab)), close), this.body);
    this.turn([...this.tabs.keys()][0]);
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.toggle(false));
    place.append(this.panel);
    this.toast = h("p", { class: "room-toast", role: "status", hidden: true });
    place.append(this.toast);
  }

  /** Show the tab of this name. */
  turn(name) {
    for (const [other, { tab }] of this.tabs) tab.setAttribute("aria-selected", String(other === name));
    replace(this.body, this.tabs.get(name).element);
    this.onTurn?.(name);
  }

  get open() {
    return !this.panel.hidden;
  }

  toggle(open = !this.open) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) {
      this.badge(0);
      this.panel.querySelector("button").focus();
    } else this.button.focus();
    this.onToggle?.(open);
  }

  badge(count) {
    this.count.hidden = !count;
    this.count.textContent = count ? String(count) : "";
    this.button.setAttribute("aria-label", count ? `更多,有 ${count} 件新的` : "更多");
  }

  /** One sentence over the faces, for a while; what is said later takes its place, and what stands comes back after it. */
  say(sentence, ms = 7000) {
    clearTimeout(this.timer);
    const shown = sentence ?? this.standing;
    this.toast.hidden = !shown;
    replace(this.toast, shown ?? "");
    if (sentence) this.timer = setTimeout(() => this.say(null), ms);
  }

  /** A sentence that stays until another one (or null) stands in its place. */
  stand(sentence) {
    this.standing = sentence;
    this.say(null);
  }
}
