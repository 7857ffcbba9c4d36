// 首页: what is next for me, and the way to everything else. What was shown stays while there is no network.

const { cardsOf } = require("../../lib/cards.js");
const { careClass, toggleCare } = require("../../lib/care.js");
const { askLeave, lacking } = require("../../lib/leave.js");
const { isOnline, onNetwork } = require("../../lib/network.js");
const { privacySetting } = require("../../lib/privacy.js");
const { ask, askOrNull } = require("../../lib/session.js");
const { home: words } = require("../../words.js");

const CALLABLE = ["ASSIGNED", "IN_PROGRESS"];

const drawn = (card) => ({
  ...card,
  tone: card.danger ? "panel-danger" : card.strong ? "panel-strong" : "",
  pressTone: card.danger ? "press-danger" : card.strong ? "press-main" : "",
});

Page({
  data: { words, care: "", careState: "", privacyFirst: false, loading: true, offline: false, problem: "", cards: [], empty: false, ready: false, leave: null, leaveSaid: "" },

  onLoad() {
    this.asked = false;
  },

  onShow() {
    this.stop = onNetwork((online) => {
      this.setData({ offline: !online });
      if (online) this.load();
    });
    this.setData({ offline: !isOnline() });
    this.drawCare();
    this.load();
  },

  onHide() {
    this.stop();
  },

  onUnload() {
    this.stop();
  },

  onPullDownRefresh() {
    this.load().then(() => wx.stopPullDownRefresh());
  },

  async load() {
    const turn = (this.turn || 0) + 1;
    this.turn = turn;
    const { needed } = await privacySetting();
    if (needed) {
      // Nothing is asked of the practice either before the person agreed.
      this.setData({ loading: false, privacyFirst: true });
      if (!this.asked) this.onWelcome();
      return;
    }
    this.setData({ loading: !this.data.ready, problem: "", privacyFirst: false });
    try {
      const [me, intake, booked, running, followed, medicine] = await Promise.all([
        ask("GET", "me"), askOrNull("intakes/current"), ask("GET", "appointments"), ask("GET", "consultations"), ask("GET", "plans"),
        ask("GET", "prescriptions/stages"),
      ]);
      const callable = running.consultations.filter((one) => CALLABLE.includes(one.state));
      const calls = await Promise.all(callable.map((one) => ask("GET", `consultations/${one.consultation_id}/call`)));
      const cards = cardsOf({
        me, intake, calls, appointments: booked.appointments, consultations: running.consultations, plans: followed.plans, now: followed.now,
        prescriptions: medicine.prescriptions,
      }).map(drawn);
      if (turn === this.turn) this.setData({ loading: false, offline: !isOnline(), ready: true, cards, empty: cards.length === 0 });
      await this.offerLeave();
    } catch (problem) {
      if (turn !== this.turn) return;
      if (problem.offline && this.data.ready) this.setData({ loading: false, offline: true });
      else this.setData({ loading: false, problem: problem.message });
    }
  },

  /** Asked once a start: who said no is not asked again by every look at this page. */
  async offerLeave() {
    if (this.leaveAsked) return;
    // Where that cannot be known just now, nothing is offered.
    const templates = await lacking().catch(() => []);
    this.setData({ leave: templates.length ? templates : null });
  },

  async onAskLeave() {
    const asked = this.data.leave;
    this.leaveAsked = true;
    this.setData({ leave: null });
    try {
      const given = await askLeave(asked);
      this.setData({ leaveSaid: given === null ? words.leaveFailed : given ? words.leaveGiven : words.leaveDenied });
    } catch (problem) {
      this.setData({ leaveSaid: problem.message });
    }
  },

  onAgain() {
    this.load();
  },

  onWelcome() {
    this.asked = true;
    wx.navigateTo({ url: "/pages/welcome/welcome" });
  },

  onCare() {
    toggleCare();
    this.drawCare();
  },

  drawCare() {
    const care = careClass();
    this.setData({ care, careState: care ? words.careOn : words.careOff });
  },

  onCard({ currentTarget: { dataset } }) {
    if (dataset.call) wx.makePhoneCall({ phoneNumber: dataset.call });
    else if (dataset.native) wx.navigateTo({ url: dataset.native });
    else open(dataset.to);
  },

  onEntry({ currentTarget: { dataset } }) {
    open(dataset.to);
  },
});

function open(to) {
  wx.navigateTo({ url: `/pages/web/web?to=${encodeURIComponent(to)}` });
}
