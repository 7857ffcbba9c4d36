// The idempotency key of what a person wants: the same for each try of it, so that an answer lost on the way does no second act.

import { newKey } from "./api.js";

/** `key(order)`: of this order; another as soon as the order differs from the last try. `settled()`: it was answered; the next one is a new intention. */
export function intention() {
  let current = newKey();
  let told = "";
  return {
    key(order) {
      const asked = JSON.stringify(order ?? null);
      if (told && asked !== told) current = newKey();
      told = asked;
      return current;
    },
    settled() {
      current = newKey();
      told = "";
    },
  };
}
