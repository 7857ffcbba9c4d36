// One of the H5 pages, signed in by a code that is good once, for a minute. The code stands behind the #: it reaches no server with the address.

const { BASE } = require("../../config.js");
const { careClass, chosen } = require("../../lib/care.js");
const { isOnline } = require("../../lib/network.js");
const { privacySetting } = require("../../lib/privacy.js");
const { handOver } = require("../../lib/session.js");
const { web: words } = require("../../words.js");

/** Pages of ours, and nothing that an address from outside could name. */
const PAGE = /^[a-z][a-z0-9-]*(\/[0-9A-Za-z._\-]+)*(\?[0-9A-Za-z=&_\-]*)?$/;

/** As it stands where it cannot be decoded: then it is no page of ours. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

Page({
  data: { words, care: "", src: "", loading: true, privacyFirst: false, problem: "" },

  onLoad({ to = "" }) {
    this.to = decoded(to);
    this.asked = false;
    this.setData({ care: careClass() });
  },

  onShow() {
    // A message may open this page before any other: the privacy notice comes first here too, and leads back.
    if (!this.data.src) this.open();
  },

  async open() {
    if (this.to && !PAGE.test(this.to)) {
      this.setData({ loading: false, problem: words.unknown });
      return;
    }
    this.setData({ src: "", loading: true, privacyFirst: false, problem: "" });
    const { needed } = await privacySetting();
    if (needed) {
      this.setData({ loading: false, privacyFirst: true });
      if (!this.asked) this.onWelcome();
      return;
    }
    try {
      const code = await handOver();
      const care = { on: "?care=1", off: "?care=0" }[chosen()] || "";
      this.setData({ src: `${BASE}/h5/mini/${care}#/hand-over/${code}/${this.to}`, loading: false });
    } catch (problem) {
      this.setData({ loading: false, problem: problem.offline && !isOnline() ? words.offline : problem.message });
    }
  },

  onWelcome() {
    this.asked = true;
    wx.navigateTo({ url: "/pages/welcome/welcome" });
  },

  onError() {
    this.setData({ src: "", loading: false, problem: isOnline() ? words.failed : words.offline });
  },

  onAgain() {
    this.open();
  },
});
