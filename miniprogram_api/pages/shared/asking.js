// Requests of a page, and the two ways in which one is told that something did not work.

import { Problem, request } from "./api.js";
import { button, replace } from "./dom.js";
import { intention } from "./intention.js";
import { notice } from "./states.js";

export const ask = (path) => request("GET", path);

/** The answer, or null where the practice has none (`codes`: by which refusals it says so). */
export async function askOrNull(path, ...codes) {
  try {
    return await request("GET", path, { lenient: true });
  } catch (problem) {
    if (problem instanceof Problem && codes.includes(problem.code)) return null;
    throw problem;
  }
}

const OVERTAKEN = new Set([404, 409]);

/**
 * A button that gives an order; a refusal is told in `trouble`. `order()` returns [path, body] or null for "not now"; the key stays the same
 * until the order was answered, so that trying again is not a second order. `stale(said)`: somebody or something was faster, ask anew.
 */
export function orderButton(label, order, done, { trouble, kind = "primary", method = "POST", stale = null }) {
  const wish = intention();
  return button(label, async () => {
    replace(trouble);
    const asked = await order();
    if (!asked) return;
    const [path, body] = asked;
    try {
      const answer = await request(method, path, { body, key: wish.key(asked) });
      wish.settled();
      await done(answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!problem.offline) wish.settled();
      replace(trouble, notice(problem));
      trouble.scrollIntoView({ block: "nearest" });
      if (stale && OVERTAKEN.has(problem.status)) await overtaken(stale, trouble, problem.message);
    }
  }, kind);
}

/** Where what was refused is drawn anew, the reason is told above it. */
async function overtaken(stale, trouble, words) {
  await stale().catch(() => {});
  if (!trouble.isConnected) await stale(words).catch(() => {});
}

let me = null;

/** Who is signed in, asked once. */
export async function whoAmI() {
  me ??= await ask("me");
  return me;
}

let drugs = null;

/** The drug list with what the facts may name; it does not change while the page is open. */
export async function drugNames() {
  drugs ??= await ask("drugs");
  return drugs;
}
