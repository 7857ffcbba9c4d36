// What the page asks the simulator and the demonstration's own API. A refusal becomes a Problem with a sentence for the person.

export class Problem extends Error {
  /** `offline`: nothing answered at all, so that trying again makes sense. */
  constructor(sentence, { status = 0, code = "" } = {}) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.offline = status === 0 || status === 503;
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
    });
  } catch {
    throw new Problem("连不上服务。请确认演示正在运行,稍等几秒再试。");
  }
  const text = await response.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  if (!response.ok) {
    // The simulator says {error, message}, the practice problem+json.
    const sentence = value?.detail ?? value?.message ?? `没有成功(${response.status}),请再试一次。`;
    throw new Problem(sentence, { status: response.status, code: value?.code ?? value?.error ?? "" });
  }
  return value;
}

// A colon may stand in a path as it is, and the server reads paths as they come.
const part = (text) => encodeURIComponent(text).replaceAll("%3A", ":");
const chatPath = (key, chat) => `/simulator/people/${part(key)}/chats/${part(chat)}`;

export const people = () => call("GET", "/simulator/people");
export const messages = (key, chat, after = 0) => call("GET", `${chatPath(key, chat)}/messages?after=${after}`);
export const send = (key, chat, message) => call("POST", `${chatPath(key, chat)}/messages`, message);
export const tap = (key, chat, body) => call("POST", `${chatPath(key, chat)}/taps`, body);
export const enter = (key, chat) => call("POST", `${chatPath(key, chat)}/enter`, {});
export const follow = (key, wanted) => call("POST", `/simulator/people/${part(key)}/official-account/${wanted ? "follow" : "unfollow"}`, {});
export const oneTimeCode = (key) => call("GET", `/simulator/people/${part(key)}/authenticator`);
export const scan = (key, address) => call("POST", `/simulator/people/${part(key)}/authenticator`, { address });
export const exchange = (id) => call("GET", `/simulator/exchanges/${part(id)}`);
export const conditions = () => call("GET", "/simulator/conditions");
export const setConditions = (wanted) => call("PUT", "/simulator/conditions", wanted);
export const loseTokens = () => call("POST", "/simulator/tokens/lost", {});
export const sent = (person, outcome) => call("GET", `/simulator/outbox?person=${encodeURIComponent(person)}&outcome=${outcome}`);
export const refusals = (key) => call("GET", `/simulator/people/${part(key)}/refusals`);
export const refuse = (key, wanted) => call("PUT", `/simulator/people/${part(key)}/refusals`, wanted);
export const clock = () => call("GET", "/v1/demo/clock");
export const moveClock = (how) => call("POST", "/v1/demo/clock", how);
export const outbox = () => call("GET", "/v1/demo/outbox");
