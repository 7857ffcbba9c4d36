// Asking anew: every so often, when the page is looked at again and when the signal is back; never under a finger, a question or a step on its way.

const TOUCH_MS = 800;

/** Call `act` every `ms` and whenever it is worth it. */
export function keepFresh(act, ms) {
  let touched = 0;
  const now = () => {
    if (document.hidden || Date.now() - touched < TOUCH_MS || document.querySelector("dialog[open], [aria-busy=true]")) return;
    act();
  };
  document.addEventListener("pointerdown", () => { touched = Date.now(); }, { passive: true });
  document.addEventListener("visibilitychange", now);
  window.addEventListener("online", now);
  setInterval(now, ms);
}
