// Leave to send subscription messages: which templates lack it, and WeChat's dialog for them. The dialog opens in a tap only, for three at most.

const { ask } = require("./session.js");

/** What the practice may ask leave for, and has none: [{template, title, why}]. Nothing where WeChat is too old for the dialog. */
async function lacking() {
  if (!wx.canIUse("requestSubscribeMessage")) return [];
  const { templates } = await ask("GET", "notifications/subscriptions");
  return templates.filter((one) => !one.open);
}

/** The dialog; call it in the tap itself. Resolves to how many were allowed, null when no dialog came. The practice is told the answer. */
function askLeave(templates) {
  const tmplIds = templates.map((one) => one.template).slice(0, 3);
  const answered = new Promise((resolve) => {
    wx.requestSubscribeMessage({ tmplIds, success: resolve, fail: () => resolve(null) });
  });
  return answered.then(async (said) => {
    if (!said) return null;
    const answers = Object.fromEntries(tmplIds.filter((id) => said[id]).map((id) => [id, said[id]]));
    await ask("POST", "notifications/subscriptions", { answers });
    return Object.values(answers).filter((word) => word === "accept").length;
  });
}

module.exports = { askLeave, lacking };
