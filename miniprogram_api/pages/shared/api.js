// Requests to the practice, relative to this file, so that every page works below a phone's prefix.
// A refusal becomes a Problem with a sentence for the person.

import { noteWithheld } from "./withheld.js";

const BASE = new URL("../../v1/", import.meta.url);

export class Problem extends Error {
  /** `offline`: nothing answered, or a dependency is away, so that trying again makes sense. */
  constructor(sentence, { status = 0, code = "", fields = {} } = {}) {
    super(sentence);
    Object.assign(this, { status, code, fields });
    this.offline = status === 0 || status === 503;
  }
}

const OFFLINE = "网络断了,连不上。您填的都还在。";

/** Why somebody is not let in: that his licence has run out, say, or the page's own sentence. */
export const whyNot = (problem, otherwise) => (problem.code === "access.role_withheld" ? problem.message : otherwise);

/** Make the Problem of an answer that is not a success. */
export function problemOf(status, text) {
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  return new Problem(body?.detail || "没有成功,请再试一次。", { status, code: body?.code ?? "", fields: body?.fields ?? {} });
}

let renewing = null;

/** Fetch the page's next cookies: what signs its requests runs out every quarter of an hour. All that need it at once share one. Rejects with a Problem. */
export function renew() {
  renewing ??= once("POST", "sessions/refresh", { body: {} }).finally(() => { renewing = null; });
  return renewing;
}

/** Whether this refusal goes away with new cookies. An answer to HEAD has no body that could say so. */
export const isStale = (problem, method = "") => problem.status === 401 && (problem.code === "session.stale" || method === "HEAD");

/** `token` as a header: a bearer token, or what gives a fresh one; nothing where the page has a cookie. */
export async function bearing(token) {
  const held = typeof token === "function" ? await token() : token;
  return held ? { Authorization: `Bearer ${held}` } : {};
}

/**
 * `token`: where the page has no cookie. `key`: the idempotency key, the same for every try of one intention. `lenient`: null where there is no such
 * thing, instead of a refusal.
 */
export async function request(method, path, options = {}) {
  try {
    return await fresh(method, path, options);
  } catch (problem) {
    if (!(problem instanceof Problem) || !problem.code.startsWith("signing.second_factor")) throw problem;
    // A signature that wants the 动态码: asked for here, whatever page it is, and then the same request goes on.
    const { unlocked } = await import("./second_factor.js");
    if (!(await unlocked(problem.code))) throw new Problem("没有签名。您写的都还在,要签时再点一次。", { status: 428, code: problem.code });
    return fresh(method, path, options);
  }
}

/** A request that goes on by itself over new cookies, and over nothing else. */
export async function fresh(method, path, options = {}) {
  try {
    return await once(method, path, options);
  } catch (problem) {
    if (!(problem instanceof Problem) || options.token || !isStale(problem)) throw problem;
    await renew();
    return once(method, path, options);
  }
}

async function once(method, path, { body, token, key, lenient }) {
  const headers = await bearing(token);
  if (lenient) headers.Prefer = "handling=lenient";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response;
  let text;
  try {
    response = await fetch(new URL(path, BASE), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
    text = await response.text();
  } catch {
    throw new Problem(OFFLINE);
  }
  if (!response.ok) throw problemOf(response.status, text);
  const value = text ? JSON.parse(text) : null;
  // Where the locked ones have lines of their own they are not missing.
  if (method === "GET") noteWithheld(path, (value?.withheld ?? []).filter((one) => one.reason !== "locked" || !value.locked?.length));
  return value;
}

/** Send a file as it is, with progress from 0 to 1. Resolves to {status, value}; a refusal is a Problem. */
export async function upload(path, file, progress) {
  try {
    return await sent(path, file, progress);
  } catch (problem) {
    if (!(problem instanceof Problem) || !isStale(problem)) throw problem;
    await renew();
    return sent(path, file, progress);
  }
}

function sent(path, file, progress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", new URL(path, BASE));
    sending.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    sending.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    sending.onerror = () => reject(new Problem("网络断了,没有传完。文件还在,信号好一点会自动再传。"));
    sending.onload = () => {
      if (sending.status >= 200 && sending.status < 300) resolve({ status: sending.status, value: JSON.parse(sending.responseText || "null") });
      else reject(problemOf(sending.status, sending.responseText));
    };
    sending.send(file);
  });
}

/** A key for one intention of the person. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
