// News from the simulator as it happens. While the line is down the page says so and asks by itself every few seconds.

const RETRY_MS = [1000, 2000, 4000, 5000];

/** Events: "news" (detail: {person, chat, message|update}), "state" (detail: "live" | "lost"), "catch-up" (ask for what was missed). */
export class Live extends EventTarget {
  #source = null;
  #failures = 0;
  #state = "connecting";

  start() {
    this.#connect();
    // A page that slept in a pocket has missed news although its connection looks open.
    document.addEventListener("visibilitychange", () => document.hidden || this.#announce("catch-up"));
    window.addEventListener("offline", () => this.#lost());
    window.addEventListener("online", () => this.#connect());
  }

  get lost() {
    return this.#state === "lost";
  }

  #connect() {
    this.#source?.close();
    const source = new EventSource("/simulator/events");
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.#enter("live");
      this.#announce("catch-up");
    };
    source.onmessage = (event) => {
      let news = null;
      try {
        news = JSON.parse(event.data);
      } catch {
        return;
      }
      if (news?.person) this.#announce("news", news);
    };
    source.onerror = () => source === this.#source && this.#lost();
  }

  #lost() {
    this.#source?.close();
    this.#enter("lost");
    const wait = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.#announce("catch-up");
      this.#connect();
    }, wait);
  }

  #enter(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.#announce("state", state);
  }

  #announce(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
