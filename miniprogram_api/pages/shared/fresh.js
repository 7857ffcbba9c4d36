// Asking anew: every so often, when the page is looked at again and when the signal is back; never under a finger, a question or a step on its way,
// and never while the last asking is still on its way: over a weak link one waits, others do not pile up behind it. Whoever comes back meanwhile is
// owed one more, because the answer on its way may be older than what he came for.

const TOUCH_MS = 800;

/** Call `act` every `ms` and whenever it is worth it. */
export function keepFresh(act, ms) {
  let touched = 0;
  let asking = false;
  let owed = false;
  const now = async (event) => {
    if (asking) {
      owed ||= Boolean(event);
      return;
    }
    if (document.hidden || Date.now() - touched < TOUCH_MS || document.querySelector("dialog[open], [aria-busy=true]")) return;
    asking = true;
    try {
      await act();
    } finally {
      asking = false;
    }
    if (owed) {
      owed = false;
      await now();
    }
  };
  document.addEventListener("pointerdown", () => { touched = Date.now(); }, { passive: true });
  document.addEventListener("visibilitychange", now);
  window.addEventListener("online", now);
  setInterval(() => now(), ms);
}
