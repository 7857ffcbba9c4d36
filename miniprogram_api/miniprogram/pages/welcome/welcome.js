// First the privacy notice, then, if it is wanted, the phone number that WeChat vouches for.

const { careClass } = require("../../lib/care.js");
const { isOnline, onNetwork } = require("../../lib/network.js");
const { decided, privacySetting } = require("../../lib/privacy.js");
const { ask, givePhone } = require("../../lib/session.js");
const { readPrivacy, welcome: words } = require("../../words.js");

Page({
  data: { words, care: "", readPrivacy: readPrivacy(""), loading: true, offline: false, problem: "", said: "", asksPrivacy: false, asksPhone: false, done: false },

  onLoad() {
    this.stop = onNetwork((online) => {
      this.setData({ offline: !online });
      if (online && this.data.problem) this.look();
    });
    this.setData({ offline: !isOnline(), care: careClass() });
    this.look();
  },

  onUnload() {
    this.stop();
    // Who leaves without a word has not agreed.
    decided(false);
  },

  async look() {
    this.setData({ loading: true, problem: "" });
    const { needed, name } = await privacySetting();
    if (needed) {
      this.setData({ loading: false, asksPrivacy: true, readPrivacy: readPrivacy(name) });
      return;
    }
    try {
      const { phone_verified: verified } = await ask("GET", "me");
      this.setData({ loading: false, asksPrivacy: false, asksPhone: !verified, done: verified });
    } catch (problem) {
      this.setData({ loading: false, asksPrivacy: false, problem: problem.message });
    }
  },

  onRead() {
    wx.openPrivacyContract({ fail: () => this.setData({ said: words.unreadable }) });
  },

  onAgree() {
    decided(true, "agree");
    this.setData({ said: "", asksPrivacy: false });
    this.look();
  },

  onDisagree() {
    decided(false);
    this.setData({ said: words.disagreed });
  },

  async onPhone({ detail }) {
    if (!detail.code) {
      this.setData({ said: words.phoneDenied });
      return;
    }
    this.setData({ loading: true, said: "", asksPhone: false });
    try {
      await givePhone(detail.code);
      this.setData({ loading: false, said: words.done, done: true });
    } catch (problem) {
      // A code is good once: the button asks WeChat for another.
      this.setData({ loading: false, said: problem.message, asksPhone: true });
    }
  },

  onAgain() {
    this.look();
  },

  onLeave() {
    // Back to what he came for, which may be a page that a message opened.
    if (getCurrentPages().length > 1) wx.navigateBack();
    else wx.reLaunch({ url: "/pages/home/home" });
  },
});
