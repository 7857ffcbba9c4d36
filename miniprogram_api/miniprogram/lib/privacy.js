// WeChat's privacy guard: nothing that concerns the person's phone is asked of WeChat before he agreed to the privacy notice.

let waiting = [];

/** {needed, name}: whether the notice has still to be agreed to, and what it is called. Old WeChat versions know no notice. */
function privacySetting() {
  return new Promise((resolve) => {
    if (!wx.canIUse("getPrivacySetting")) {
      resolve({ needed: false, name: "" });
      return;
    }
    wx.getPrivacySetting({
      success: ({ needAuthorization, privacyContractName }) => resolve({ needed: needAuthorization, name: privacyContractName || "" }),
      // What cannot be found out is asked: WeChat itself refuses what was not agreed to.
      fail: () => resolve({ needed: true, name: "" }),
    });
  });
}

/** Called once: WeChat holds a call back until the person has decided on the page that `open` shows. */
function guardPrivacy(open) {
  if (!wx.canIUse("onNeedPrivacyAuthorization")) return;
  wx.onNeedPrivacyAuthorization((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) open();
  });
}

/** What the person decided. `buttonId`: of the button with open-type agreePrivacyAuthorization. */
function decided(agreed, buttonId) {
  const held = waiting;
  waiting = [];
  held.forEach((resolve) => resolve(agreed ? { event: "agree", buttonId } : { event: "disagree" }));
}

module.exports = { decided, guardPrivacy, privacySetting };
