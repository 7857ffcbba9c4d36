// The wx object of one phone, for a mini program's own code: what of it this platform plays. Nothing else of wx exists here, so that a call to it fails.
// Sign-in and phone codes come from the people's side of this simulator, requests go out as they are, the rest is the phone itself (`host`).

/** The open-types of <button> that this platform plays. */
export const BUTTONS = ["agreePrivacyAuthorization", "getPhoneNumber"];

const said = (name, how) => ({ errMsg: `${name}:${how}` });

/**
 * {wx, press} for the phone of `person` (a key of the roster). `origin`: the simulator's. `host`: {open(url), back(), restart(url), call(number), contract(), refreshed(), subscribe(templates)}.
 * `host.subscribe` resolves to what the person says to each template: accept or reject.
 * `press(openType)` resolves to the detail of the button's event.
 */
export function phoneOf({ person, origin = location.origin, host }) {
  let agreed = false;
  let guard = null;

  async function codeOf(kind) {
    const response = await fetch(`${origin}/simulator/people/${encodeURIComponent(person)}/mini-program/${kind}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: "{}",
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.message);
    return answer.code;
  }

  const kept = (key) => `huizhen.simulator.storage.${person}.${key}`;

  const tell = ({ success, fail, complete }, promise, name) => {
    promise.then((value) => success?.({ ...said(name, "ok"), ...value }), () => fail?.(said(name, "fail"))).then(() => complete?.());
  };

  const wx = {
    canIUse: (name) => Object.hasOwn(wx, name),
    getNetworkType: (asked) => tell(asked, Promise.resolve({ networkType: navigator.onLine ? "wifi" : "none" }), "getNetworkType"),
    getPrivacySetting: (asked) =>
      tell(asked, Promise.resolve({ needAuthorization: !agreed, privacyContractName: "《会诊小程序隐私保护指引》" }), "getPrivacySetting"),
    getStorageSync: (key) => JSON.parse(localStorage.getItem(kept(key)) ?? '""'),
    login: (asked) => tell(asked, codeOf("login").then((code) => ({ code })), "login"),
    makePhoneCall: (asked) => tell(asked, Promise.resolve().then(() => host.call(asked.phoneNumber)), "makePhoneCall"),
    navigateBack: (asked = {}) => tell(asked, Promise.resolve().then(() => host.back()), "navigateBack"),
    navigateTo: (asked) => tell(asked, Promise.resolve().then(() => host.open(asked.url)), "navigateTo"),
    onNeedPrivacyAuthorization: (listener) => { guard = listener; },
    onNetworkStatusChange(listener) {
      for (const name of ["online", "offline"]) addEventListener(name, () => listener({ isConnected: name === "online", networkType: name === "online" ? "wifi" : "none" }));
    },
    openPrivacyContract: (asked) => tell(asked, Promise.resolve().then(() => host.contract()), "openPrivacyContract"),
    requestSubscribeMessage: (asked) => tell(asked, subscribed(asked.tmplIds), "requestSubscribeMessage"),
    reLaunch: (asked) => tell(asked, Promise.resolve().then(() => host.restart(asked.url)), "reLaunch"),
    request: (asked) => tell(asked, sent(asked), "request"),
    setStorageSync: (key, value) => localStorage.setItem(kept(key), JSON.stringify(value)),
    stopPullDownRefresh: (asked = {}) => tell(asked, Promise.resolve().then(() => host.refreshed()), "stopPullDownRefresh"),
  };

  /** The dialog of subscription messages: in a tap only, three templates at most. What the person says is told the account's server by an event. */
  async function subscribed(templates) {
    if (!navigator.userActivation.isActive || !Array.isArray(templates) || templates.length < 1 || templates.length > 3) throw new Error("refused");
    const answers = await host.subscribe(templates);
    const response = await fetch(`${origin}/simulator/people/${encodeURIComponent(person)}/mini-program/subscribe`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ templates: answers }),
    });
    if (!response.ok) throw new Error("refused");
    return answers;
  }

  async function press(openType) {
    if (openType === "agreePrivacyAuthorization") {
      agreed = true;
      return said(openType, "ok");
    }
    if (!agreed && guard) {
      const decision = await new Promise((resolve) => guard(resolve, { referrer: openType }));
      agreed = decision.event === "agree";
    }
    if (!agreed) return said(openType, "fail privacy permission is not authorized");
    try {
      return { ...said(openType, "ok"), code: await codeOf("phone") };
    } catch {
      return said(openType, "fail");
    }
  }

  return { wx, press };
}

/** As the platform does it: a status is an answer, not a failure; no cookie travels. */
async function sent({ url, method = "GET", data, header = {}, timeout = 60000 }) {
  const response = await fetch(url, {
    method, headers: header, body: data === undefined ? undefined : JSON.stringify(data), credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(timeout),
  });
  const text = await response.text();
  let value = text;
  try {
    value = JSON.parse(text);
  } catch {
    // Stays text.
  }
  return { statusCode: response.status, data: value, header: Object.fromEntries(response.headers) };
}
