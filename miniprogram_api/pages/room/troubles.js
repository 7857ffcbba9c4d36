// Why a call does not work, for the consultation's timeline: each trouble once in an attempt. What finds no network waits here until there is one.

import { Problem, request } from "../shared/api.js";

const KEY = "huizhen.call.troubles";
/** The practice takes nothing older (core/calls/commands.py). */
const OLDEST_MS = 12 * 3_600_000;
const AGAIN_MS = 5000;
const MINUTE_MS = 60_000;
/** Who opened the page: several people may use one browser, each under an address of his own. */
const WHOSE = location.pathname;

/** One attempt of a person to be in the call of a consultation, from the check before it until he has left. */
export class Troubles {
  constructor(consultationId) {
    this.consultationId = consultationId;
    this.noted = new Set();
  }

  note(trouble) {
    if (this.noted.has(trouble)) return;
    this.noted.add(trouble);
    keep([...kept(), { whose: WHOSE, consultation: this.consultationId, trouble, at: Date.now() }]);
    sendKept();
  }
}

let sending = Promise.resolve();
let timer = null;

/** Send what waits, oldest first; what finds nobody stays, and is tried again when there is a network. Codes and times wait, nothing of the patient. */
export function sendKept() {
  clearTimeout(timer);
  sending = sending.then(send, send); // one after another: what was kept while the last one ended is not forgotten
  return sending;
}

async function send() {
  for (let next = own()[0]; next; next = own()[0]) {
    const { consultation, trouble, at } = next;
    const before = Math.max(0, Math.floor((Date.now() - at) / MINUTE_MS));
    try {
      await request("POST", `consultations/${consultation}/call/trouble`, { body: { trouble, minutes_before: before } });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.offline || problem.status >= 500 || problem.status === 429) {
        timer = setTimeout(sendKept, AGAIN_MS);
        return;
      }
      // Refused: the case is no longer his, say. It would be refused again.
    }
    drop(next);
  }
}

addEventListener("online", () => sendKept());

/** Without storage it waits as long as the page is open. */
let here = [];

function kept() {
  try {
    here = JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    // As remembered by the page itself.
  }
  return here.filter(({ at }) => Date.now() - at < OLDEST_MS);
}

const own = () => kept().filter(({ whose }) => whose === WHOSE);
const drop = ({ at, trouble }) => keep(kept().filter((one) => one.at !== at || one.trouble !== trouble));

function keep(all) {
  here = all;
  try {
    if (all.length) localStorage.setItem(KEY, JSON.stringify(all));
    else localStorage.removeItem(KEY);
  } catch {
    // Remembered by the page itself.
  }
}
