// Who is signed in. The tokens live in memory only: every start of the mini program signs in anew, which nobody notices.

const { Problem, request } = require("./request.js");
const { problems } = require("../words.js");

let token = "";
let refreshToken = "";
let signingIn = null;

function loginCode() {
  return new Promise((resolve, reject) => {
    wx.login({
      success: ({ code }) => (code ? resolve(code) : reject(new Problem(problems.login, 401))),
      fail: () => reject(new Problem(problems.offline)),
    });
  });
}

const byLogin = () => loginCode().then((code) => request("POST", "mini-program/sign-in", { body: { code } }));

/** The next tokens; where the sign-in has ended, a new one by wx.login. */
async function next() {
  if (!refreshToken) return byLogin();
  try {
    return await request("POST", "sessions/refresh", { body: { refresh_token: refreshToken } });
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    return byLogin();
  }
}

/** Sign in, or renew the sign-in; pages that need it at the same time share one. */
function signIn() {
  if (!signingIn) {
    signingIn = next()
      .then((answer) => { token = answer.token; refreshToken = answer.refresh_token; })
      .then(() => { signingIn = null; }, (problem) => { signingIn = null; throw problem; });
  }
  return signingIn;
}

/** A request as the signed-in person; what has run out or ended is renewed once, without asking. */
async function ask(method, path, body) {
  if (!token) await signIn();
  const used = token;
  try {
    return await request(method, path, { body, token: used });
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    // Another request may have renewed it while this one was under way.
    if (token === used) await signIn();
    return request(method, path, { body, token });
  }
}

/** GET that gives null where there is nothing. */
async function askOrNull(path) {
  try {
    return await ask("GET", path);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

/** Hand the code of the phone button to the practice, which asks WeChat for the number. */
const givePhone = (code) => ask("POST", "mini-program/phone", { code });

/** A code with which one page takes this sign-in over: good once, for a minute. */
const handOver = async () => (await ask("POST", "mini-program/hand-over")).code;

module.exports = { ask, askOrNull, givePhone, handOver };
