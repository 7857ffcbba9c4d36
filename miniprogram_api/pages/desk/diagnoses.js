// 诊断: chosen from names with their ICD-10 code, or written in words of one's own; the leading one first.

import { Problem, request } from "../shared/api.js";
import { h, replace } from "../shared/dom.js";

const MOST = 5;
const LATER_MS = 250;

/** `changed()` after each choice. `values()`: [{icd10, name}]; `add` takes over a candidate. */
export class Diagnoses {
  #chosen;
  #changed;
  #list = h("ul", { class: "dx-list" });
  #found = h("div", { class: "choices dx-found", role: "group", "aria-label": "查到的病名" });
  #typed = h("input", { type: "text", maxlength: 50, autocomplete: "off", placeholder: "病名或 ICD-10,如 肺炎、J18" });
  #asked = 0;

  constructor(chosen, changed) {
    this.#chosen = chosen.map(({ icd10, name }) => ({ icd10, name })).slice(0, MOST);
    this.#changed = changed;
    let timer = null;
    this.#typed.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#search(), LATER_MS);
    });
    this.#typed.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#words();
    });
    this.element = h("div", { class: "field desk-field dx" },
      h("label", null, h("span", null, "诊断(主要的写在前面;查不到就照写)"), this.#typed), this.#found, this.#list);
    this.#draw();
  }

  values() {
    return this.#chosen;
  }

  add({ icd10 = "", name }) {
    const there = this.#chosen.some((one) => one.icd10 === icd10 && one.name === name);
    if (there || this.#chosen.length >= MOST || !name) return;
    this.#chosen.push({ icd10, name });
    this.#typed.value = "";
    replace(this.#found);
    this.#draw();
    this.#changed();
  }

  /** What is typed, as it is, where no name was chosen for it. */
  take() {
    this.#words();
  }

  #words() {
    this.add({ name: this.#typed.value.trim() });
  }

  async #search() {
    const words = this.#typed.value.trim();
    const asked = ++this.#asked;
    if (!words) return replace(this.#found);
    let found = [];
    try {
      ({ found } = await request("GET", `diagnoses?words=${encodeURIComponent(words)}`));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
    if (asked !== this.#asked) return null;
    const press = (one, label) => h("button", { type: "button", on: { click: () => this.add(one) } }, label);
    return replace(this.#found, found.slice(0, 8).map((one) => press(one, `${one.name} ${one.icd10}`)), press({ name: words }, `照写「${words}」`));
  }

  #draw() {
    const drop = (one) => () => {
      this.#chosen.splice(this.#chosen.indexOf(one), 1);
      this.#draw();
      this.#changed();
    };
    replace(this.#list, this.#chosen.map((one, place) => h("li", null,
      h("span", null, `${place + 1}. ${one.name}`, h("span", { class: "faint" }, one.icd10 ? ` ${one.icd10}` : " 没有编码")),
      h("button", { type: "button", class: "weui-btn weui-btn_default small-button", "aria-label": `去掉 ${one.name}`, on: { click: drop(one) } }, "去掉"))));
  }
}
