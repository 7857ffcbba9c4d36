// The demonstration's time: asked once, then carried on by this page's own clock until somebody moves it.

import * as api from "./api.js";

/** Event "moved" whenever the time is known anew. */
export class DomainClock extends EventTarget {
  offset = 0;
  known = false;
  /** What is due next: {kind, title, at, spoken}, or null. */
  next = null;

  now() {
    return Date.now() + this.offset;
  }

  /** What was said to be next is due now. */
  get overdue() {
    return Boolean(this.next) && new Date(this.next.at).getTime() <= this.now();
  }

  async refresh() {
    this.#take(await api.clock());
  }

  async move(how) {
    this.#take(await api.moveClock(how));
  }

  #take(answer) {
    this.offset = answer.offset_s * 1000;
    this.known = true;
    this.next = answer.next;
    this.dispatchEvent(new Event("moved"));
  }
}
