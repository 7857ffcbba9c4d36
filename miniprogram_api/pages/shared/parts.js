// The parts of a page, each drawn anew for itself.

import { h, replace } from "./dom.js";

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
