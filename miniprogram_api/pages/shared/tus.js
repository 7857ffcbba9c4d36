// Files over a link that breaks: tus 1.0, piece by piece, and on from where it stopped — after a dead spot, a sleeping phone, a reload.

import { Problem, isStale, newKey, problemOf, renew, request } from "./api.js";
import { Sha256, base64, sha256OfFile } from "./sha256.js";

const BASE = new URL("../../v1/", import.meta.url);
const VERSION = { "Tus-Resumable": "1.0.0" };
const SMALLEST = 64 * 1024;
const LARGEST = 2 * 1024 * 1024;
const FIRST = 256 * 1024;
const QUICK_MS = 2000;
const SLOW_MS = 10_000;
const SILENT_MS = 25_000;
const WAITS_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];
const VERDICT_MS = 1500;

/** Nothing answered, or what answered is away for the moment. */
const passing = (status) => status === 0 || status >= 500 || status === 429;

/** Resolves to {status, header, text}; status 0 when nothing answered. */
async function send(method, path, options) {
  const answer = await once(method, path, options);
  if (options.token || answer.status !== 401 || !isStale(problemOf(answer.status, answer.text), method)) return answer;
  try {
    await renew();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return problem.offline ? { status: 0, header: () => null, text: "" } : answer;
  }
  return once(method, path, options);
}

function once(method, path, { headers = {}, token, body, onSent = () => {}, signal }) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    let watch;
    // A connection that a phone took to bed with it never ends by itself.
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => sending.abort(), SILENT_MS);
    };
    const end = (outcome) => {
      clearTimeout(watch);
      signal?.removeEventListener("abort", stop);
      outcome();
    };
    const stop = () => {
      sending.onabort = null;
      sending.abort();
      end(() => reject(signal.reason));
    };
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    signal?.addEventListener("abort", stop);
    sending.open(method, new URL(path, BASE));
    for (const [name, value] of Object.entries({ ...VERSION, ...headers })) sending.setRequestHeader(name, value);
    if (token) sending.setRequestHeader("Authorization", `Bearer ${token}`);
    sending.upload.onprogress = (event) => {
      alive();
      onSent(event.loaded);
    };
    const nothing = () => end(() => resolve({ status: 0, header: () => null, text: "" }));
    sending.onerror = nothing;
    sending.onabort = nothing;
    sending.onload = () => end(() => resolve({ status: sending.status, header: (name) => sending.getResponseHeader(name), text: sending.responseText }));
    alive();
    sending.send(body);
  });
}

/** Until `ms` are over, or before: the signal is back, or the person looks at the page again. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", seen);
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    const seen = () => document.hidden || done();
    const stop = () => {
      done();
      reject(signal.reason);
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    document.addEventListener("visibilitychange", seen);
    signal?.addEventListener("abort", stop);
  });
}

const idOf = (location) => new URL(location, BASE).pathname.split("/").pop();
const place = (id) => `uploads/${encodeURIComponent(id)}`;
const pairs = (metadata) => Object.entries(metadata).map(([name, value]) => `${name} ${base64(new TextEncoder().encode(value))}`).join(",");

const UNREADABLE = "手机里的文件读不到了,请再选一次。";

/** Its SHA-256; a Problem where the phone has taken the file away meanwhile. */
async function hashOf(file, progress, signal) {
  try {
    return await sha256OfFile(file, progress, signal);
  } catch (error) {
    // What a browser raises for a file that it cannot read any more; anything else is a fault of ours and must not look like one of the phone.
    if (signal?.aborted || !(error instanceof DOMException)) throw error;
    throw new Problem(UNREADABLE);
  }
}

/**
 * Send `file` to `path` (…/uploads) and resolve to what became of it: {upload_id, state: "accepted" | "refused", refusal, sha256}.
 *
 * `progress({phase, sent, total, tries})`: phase is "reading" (being hashed), "sending", "waiting" (no signal; it goes on by itself) or "checking".
 * `hashed(sha256)`: what the file is, before anything is sent. `begun(id)`: what to remember to go on after a reload; given back as `uploadId`. `sha256`: when it is known already. `signal` calls it off.
 * A refusal that trying again does not change is a Problem.
 */
export async function resumableUpload({ path, file, kind = "image", progress = () => {}, token, begun = () => {}, hashed = () => {}, uploadId = null, sha256, signal }) {
  const total = file.size;
  const key = newKey();
  let tries = 0;
  let again = 0;
  const whole = sha256 ?? (await hashOf(file, (part) => progress({ phase: "reading", sent: part * total, total, tries }), signal));
  hashed(whole);
  progress({ phase: "sending", sent: 0, total, tries });

  /** Ask until somebody answers. */
  async function insist(ask, sent) {
    for (;;) {
      const answer = await ask();
      if (!passing(answer.status)) {
        tries = 0;
        return answer;
      }
      progress({ phase: "waiting", sent, total, tries: tries + 1 });
      await pause(WAITS_MS[Math.min(tries++, WAITS_MS.length - 1)], signal);
    }
  }
  async function begin() {
    const headers = { "Upload-Length": String(total), "Upload-Metadata": pairs({ kind, sha256: whole }), "Idempotency-Key": again ? `${key}.${again}` : key };
    const answer = await insist(() => send("POST", path, { headers, token, signal }), 0);
    if (answer.status !== 201) throw problemOf(answer.status, answer.text);
    const id = idOf(answer.header("Location"));
    begun(id);
    return [id, Number(answer.header("Upload-Offset") ?? 0)];
  }
  /** Where to go on; null when the file is not on its way there any more. */
  async function where(id, sent) {
    const answer = await insist(() => send("HEAD", place(id), { token, signal }), sent);
    if (answer.status === 404 || answer.status === 410) return null;
    if (answer.status !== 200) throw problemOf(answer.status, "");
    return Number(answer.header("Upload-Offset"));
  }

  let id = uploadId;
  let offset = id === null ? null : await where(id, 0);
  let size = FIRST;
  for (;;) {
    if (offset === null) {
      // Never begun, or left lying for longer than a day: from the beginning, but not without end.
      if (again > 2) throw new Problem("文件传不上去,请过一会儿再试。");
      [id, offset] = await begin();
      again += 1;
    }
    if (offset >= total) break;
    progress({ phase: "sending", sent: offset, total, tries });
    const start = offset;
    const piece = file.slice(start, Math.min(total, start + size));
    let bytes;
    try {
      bytes = new Uint8Array(await piece.arrayBuffer());
    } catch {
      throw new Problem(UNREADABLE);
    }
    if (!bytes.length) throw new Problem(UNREADABLE);
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(start), "Upload-Checksum": `sha256 ${base64(new Sha256().update(bytes).digest())}` };
    const started = performance.now();
    const answer = await send("PATCH", place(id), { headers, token, body: bytes, signal, onSent: (sent) => progress({ phase: "sending", sent: start + Math.min(sent, bytes.length), total, tries }) });
    const took = performance.now() - started;
    if (answer.status === 204) {
      offset = Number(answer.header("Upload-Offset"));
      tries = 0;
      if (took < QUICK_MS) size = Math.min(LARGEST, size * 2);
      else if (took > SLOW_MS) size = Math.max(SMALLEST, size / 2);
    } else if (passing(answer.status)) {
      size = Math.max(SMALLEST, size / 2);
      progress({ phase: "waiting", sent: start, total, tries: tries + 1 });
      await pause(WAITS_MS[Math.min(tries++, WAITS_MS.length - 1)], signal);
      offset = await where(id, start);
    } else if (answer.status === 409 || answer.status === 423 || answer.status === 460) {
      offset = await where(id, start);
    } else if (answer.status === 404 || answer.status === 410) offset = null;
    else throw problemOf(answer.status, answer.text);
  }
  return verdict(id);

  /** All has come; a worker joins and reads it. */
  async function verdict(id) {
    for (let first = true; ; first = false) {
      progress({ phase: "checking", sent: total, total, tries });
      if (!first) await pause(VERDICT_MS, signal);
      try {
        const answer = await request("GET", place(id), { token });
        if (answer.state === "accepted" || answer.state === "refused") return answer;
      } catch (problem) {
        if (!(problem instanceof Problem) || !passing(problem.status)) throw problem;
      }
    }
  }
}

/** Call a file off that is still on its way: whether the house has said that its part is gone. */
export async function endUpload(id, { token } = {}) {
  const { status } = await send("DELETE", place(id), { token });
  return [204, 404, 410].includes(status);
}

/** How far it came, to be shown before the person chose the file again: {offset, length}; null when it is gone; undefined when nobody could say. */
export async function howFar(id, { token } = {}) {
  const answer = await send("HEAD", place(id), { token });
  if (answer.status === 404 || answer.status === 410) return null;
  return answer.status === 200 ? { offset: Number(answer.header("Upload-Offset")), length: Number(answer.header("Upload-Length")) } : undefined;
}
