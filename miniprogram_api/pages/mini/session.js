// Who is signed in on this phone: the token lives in this tab only, under the phone's name.

import { Problem, problemOf, request } from "../shared/api.js";
import { PHONE_ELSEWHERE, SESSION_OVER, handedOver, takeOver } from "./hand_over.js";
import * as wx from "./wx.js";

const TOKEN_KEY = `huizhen.mini.token.${wx.phoneKey}`;

let me = null;
let signingIn = null;

const token = () => sessionStorage.getItem(TOKEN_KEY);

/** Sign in by wx.login; people who press at the same time share one sign-in. */
export function signIn() {
  signingIn ??= (async () => {
    const answer = await request("POST", "mini-program/sign-in", { body: { code: await wx.login() } });
    sessionStorage.setItem(TOKEN_KEY, answer.token);
    me = answer.me;
  })().finally(() => { signingIn = null; });
  return signingIn;
}

/** A request as the signed-in person; a session that has ended is renewed once, without asking. */
export async function ask(method, path, options = {}) {
  await takeOver();
  if (!handedOver() && !token()) await signIn();
  try {
    return await request(method, path, { ...options, token: token() });
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    if (handedOver()) throw new Problem(SESSION_OVER, { status: 401 });
    sessionStorage.removeItem(TOKEN_KEY);
    await signIn();
    return request(method, path, { ...options, token: token() });
  }
}

export async function whoAmI({ anew = false } = {}) {
  if (!me || anew) me = await ask("GET", "me");
  return me;
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
  if (!handedOver() && !token()) await signIn();
  return token();
}

/** A picture behind the sign-in, as an address for <img>. The caller gives it back with URL.revokeObjectURL. */
export async function picture(path) {
  const held = await bearer();
  let response;
  let blob;
  try {
    response = await fetch(new URL(`../../v1/${path}`, import.meta.url), { headers: held ? { Authorization: `Bearer ${held}` } : {}, cache: "no-store" });
    blob = await response.blob();
  } catch {
    throw new Problem("网络断了,图还没有取到。");
  }
  if (!response.ok) throw problemOf(response.status, await blob.text());
  return URL.createObjectURL(blob);
}

/** GET that answers null where there is nothing. */
export async function askOrNull(path) {
  try {
    return await ask("GET", path);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}
