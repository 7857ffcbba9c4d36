// Who is signed in on this phone: the tokens live in this tab only, under the phone's name.

import { Problem, bearing, isStale, problemOf, renew, request } from "../shared/api.js";
import { PHONE_ELSEWHERE, SESSION_OVER, handedOver, takeOver } from "./hand_over.js";
import * as wx from "./wx.js";

const TOKENS_KEY = `huizhen.mini.tokens.${wx.phoneKey}`;
const EARLY_MS = 60_000;

let me = null;
let signingIn = null;
let freshening = null;

const held = () => JSON.parse(sessionStorage.getItem(TOKENS_KEY) ?? "null");
const keep = (answer) => sessionStorage.setItem(TOKENS_KEY, JSON.stringify({
  token: answer.token, refresh: answer.refresh_token, freshUntil: Date.now() + answer.token_lasts_s * 1000 - EARLY_MS,
}));

/** Sign in by wx.login; people who press at the same time share one sign-in. */
export function signIn() {
  signingIn ??= (async () => {
    const answer = await request("POST", "mini-program/sign-in", { body: { code: await wx.login() } });
    keep(answer);
    me = answer.me;
  })().finally(() => { signingIn = null; });
  return signingIn;
}

async function next() {
  const tokens = held();
  if (!tokens?.refresh) return signIn();
  try {
    keep(await request("POST", "sessions/refresh", { body: { refresh_token: tokens.refresh } }));
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    sessionStorage.removeItem(TOKENS_KEY);
    await signIn();
  }
}

/** The next tokens in place of `worn`; a sign-in where there are none, or theirs has ended. Requests that need it at once share one. */
async function freshen(worn) {
  const tokens = held();
  if (tokens && tokens.token !== worn && Date.now() < tokens.freshUntil) return;
  freshening ??= next().finally(() => { freshening = null; });
  await freshening;
}

async function token() {
  const tokens = held();
  if (!tokens || Date.now() >= tokens.freshUntil) await freshen(tokens?.token);
  return held().token;
}

/** A request as the signed-in person; a session that has ended is renewed once, without asking. */
export async function ask(method, path, options = {}) {
  const used = await bearer();
  try {
    return await request(method, path, { ...options, token: used });
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    if (handedOver()) throw new Problem(SESSION_OVER, { status: 401 });
    // A token of a session that was closed elsewhere is refused before its time.
    await freshen(used);
    return request(method, path, { ...options, token: held().token });
  }
}

export async function whoAmI({ anew = false } = {}) {
  if (!me || anew) {
    me = await ask("GET", "me");
    large();
  }
  return me;
}

/** Larger letters where the account chose 长辈模式 (or put it aside), in the chat or on another phone. */
function large() {
  if (me.elder === null || me.elder === undefined) return;
  try {
    localStorage.setItem("huizhen.care", me.elder ? "1" : "0");
  } catch {
    // Without storage the letters keep their usual size.
  }
  dispatchEvent(new Event("huizhen-care"));
}

/** Keep on the account how large the letters are wanted. */
export async function chooseLarge(elder) {
  await ask("POST", "commands", { body: { command: "people.choose_reading", arguments: { elder } } });
  if (me) me.elder = elder;
}

/** Hand the phone number that WeChat vouches for to the practice. */
export async function givePhone() {
  if (handedOver()) throw new Problem(PHONE_ELSEWHERE);
  await ask("POST", "mini-program/phone", { body: { code: await wx.phone() } });
  return whoAmI({ anew: true });
}

/** The bearer token for what fetches by itself; null in the shell's pages, which have a cookie. */
export async function bearer() {
  await takeOver();
  return handedOver() ? null : token();
}

/** A picture behind the sign-in, as an address for <img>. The caller gives it back with URL.revokeObjectURL. */
export async function picture(path) {
  for (let again = false; ; again = true) {
    const headers = await bearing(await bearer());
    let response;
    let blob;
    try {
      response = await fetch(new URL(`../../v1/${path}`, import.meta.url), { headers, cache: "no-store" });
      blob = await response.blob();
    } catch {
      throw new Problem("网络断了,图还没有取到。");
    }
    if (response.ok) return URL.createObjectURL(blob);
    const problem = problemOf(response.status, await blob.text());
    if (again || !handedOver() || !isStale(problem)) throw problem;
    await renew();
  }
}

/** GET that answers null where there is nothing. */
export async function askOrNull(path) {
  try {
    return await ask("GET", path, { lenient: true });
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}
