// Inside the real mini program's web-view: its shell is signed in and opens this page with a code that is good once, for a minute, at #/hand-over/<code>/<page>.
// The code stands behind the #, so it reaches no server and no log with the address; it is posted, and the session comes back as a cookie.

import { Problem, request } from "../shared/api.js";

const FLAG = "huizhen.mini.handed";
const LINK = /^#\/hand-over\/([0-9A-Z]+)(?:\/(.*))?$/;

// Elsewhere a link with somebody else's code would sign this browser in as him. WeChat marks the pages of a mini program.
const inMiniProgram = window.__wxjs_environment === "miniprogram" || /miniprogram/i.test(navigator.userAgent);

let code = null;
let taking = null;
const link = LINK.exec(location.hash);
if (link) {
  history.replaceState(null, "", `#/${link[2] ?? ""}`);
  if (inMiniProgram) {
    code = link[1];
    // The shell tells how large the letters were chosen there.
    const care = new URLSearchParams(location.search).get("care");
    if (care) localStorage.setItem("huizhen.care", care);
  }
}

async function take() {
  try {
    await request("POST", "mini-program/hand-over/redeem", { body: { code } });
    sessionStorage.setItem(FLAG, "1");
  } catch (problem) {
    // Opened again from the phone's memory: the code was used then, and the cookie is still there.
    if (!(problem instanceof Problem) || problem.status !== 404 || !handedOver()) throw problem;
  }
  code = null;
}

/** Waits for the sign-in that the shell handed over, where there is one. Throws a Problem when it did not work; the next call tries again. */
export async function takeOver() {
  if (code === null) return;
  taking ??= take().finally(() => { taking = null; });
  await taking;
}

/** This page runs in the shell, with its own cookie and no token. */
export const handedOver = () => sessionStorage.getItem(FLAG) === "1";

export const SESSION_OVER = "登录过期了。请返回小程序首页,再点进来。";
export const PHONE_ELSEWHERE = "请返回小程序首页,点「用微信手机号」。";
