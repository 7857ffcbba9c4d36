// One request to the practice. A refusal becomes a Problem with a sentence for the person.

const { BASE } = require("../config.js");
const { problems } = require("../words.js");

const TIME_LIMIT_MS = 30000;

class Problem extends Error {
  /** `offline`: nothing answered, or a dependency is away, so that trying again makes sense. */
  constructor(sentence, status = 0, code = "") {
    super(sentence);
    this.status = status;
    this.code = code;
    this.offline = status === 0 || status === 503;
  }
}

/** Resolves to the answer's JSON. `token`: the session's, where there is one. */
function request(method, path, { body, token } = {}) {
  if (/\.example$/.test(BASE)) return Promise.reject(new Problem(problems.notConfigured, 500));
  return new Promise((resolve, reject) => {
    wx.request({
      url: `${BASE}/v1/${path}`,
      method,
      data: body,
      timeout: TIME_LIMIT_MS,
      header: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      success({ statusCode, data }) {
        if (statusCode >= 200 && statusCode < 300) resolve(data);
        else reject(new Problem((data && data.detail) || problems.refused, statusCode, (data && data.code) || ""));
      },
      fail: () => reject(new Problem(problems.offline)),
    });
  });
}

module.exports = { Problem, request };
