// What the mini program asks WeChat for. In the demonstration the simulator plays WeChat, and the phone is named by the page's own prefix.

import { Problem } from "../shared/api.js";

const PHONE = /^\/phone\/([^/]+)\//.exec(location.pathname);

export const phoneKey = PHONE ? PHONE[1] : "";

async function code(kind) {
  if (!phoneKey) throw new Problem("请从微信里打开「会诊」小程序。");
  let response;
  try {
    response = await fetch(`/simulator/people/${phoneKey}/mini-program/${kind}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  } catch {
    throw new Problem("连不上微信,请看看网络,再试一次。");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(answer.message ?? "微信没有回应,请再试一次。", { status: response.status, code: answer.error ?? "" });
  return answer.code;
}

/** The made-up identity card of the phone's owner: only the simulator has it, so that nobody types 18 figures to try things out. */
export async function identityCard() {
  if (!phoneKey) return null;
  try {
    const response = await fetch(`/simulator/people/${phoneKey}/identity-card`);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** wx.login: a code that is good once, for five minutes. */
export const login = () => code("login");

/** The phone button (open-type="getPhoneNumber"): another code, good once. */
export const phone = () => code("phone");
