// One drug of a prescription while it is being written: dose, how often, how long, how it is taken.

import { h } from "../shared/dom.js";
import { mended } from "../shared/mended.js";

export class Line {
  /** `drug`: a row of the drug list. `given`: {dose, times, days, directions} where it stands already. */
  constructor(drug, given, remove) {
    this.drug = drug;
    const input = (value, attributes) => h("input", { autocomplete: "off", value: value ?? "", ...attributes });
    this.dose = input(given.dose, { inputmode: "decimal", maxlength: 8 });
    this.times = input(given.times, { inputmode: "numeric", maxlength: 1 });
    this.days = input(given.days, { inputmode: "numeric", maxlength: 2 });
    this.directions = input(given.directions, { maxlength: 100, placeholder: "比如 饭后服" });
    for (const one of [this.dose, this.times, this.days]) mended(one, null, one);
    const field = (label, element) => h("label", { class: "desk-number" }, h("span", null, label), element);
    this.element = h("fieldset", { class: "desk-line" },
      h("legend", null, drug.name, h("span", { class: "faint" }, ` ${drug.form} · ${drug.route}`)),
      h("div", { class: "desk-numbers" },
        field(`每次(${drug.unit})`, this.dose), field("每天几次", this.times), field("几天", this.days), field("用法", this.directions)),
      h("p", { class: "desk-row" }, h("span", { class: "faint" }, `成人单次最多 ${Number(drug.max_single)} ${drug.unit},一天最多 ${Number(drug.max_daily)} ${drug.unit}`),
        h("button", { type: "button", class: "weui-btn weui-btn_default small-button", "aria-label": `去掉 ${drug.name}`, on: { click: remove } }, "去掉")));
  }

  /** What is not filled in, said once; null when all is. */
  missing() {
    const within = (input, least, most, whole) => {
      const value = Number(input.value.trim());
      const good = input.value.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value));
      input.setAttribute("aria-invalid", String(!good));
      return good;
    };
    const wrong = [
      !within(this.dose, 0.001, 100_000, false) && "每次的量", !within(this.times, 1, 8, true) && "每天几次(1 到 8)", !within(this.days, 1, 90, true) && "几天(1 到 90)",
    ].filter(Boolean);
    return wrong.length ? `${this.drug.name}:请填${wrong.join("、")}。` : null;
  }

  item() {
    return {
      drug: this.drug.code, dose: this.dose.value.trim(), times_per_day: Number(this.times.value), days: Number(this.days.value),
      directions: this.directions.value.trim(),
    };
  }

  /** As it stands, for the draft. */
  kept() {
    return { drug: this.drug, dose: this.dose.value, times: this.times.value, days: this.days.value, directions: this.directions.value };
  }
}
