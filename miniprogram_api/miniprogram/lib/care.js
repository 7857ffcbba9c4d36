// 关怀模式: letters of 22 px. The choice is kept on the phone; the H5 pages are told of it when they are opened.

const KEY = "care";

/** "on", "off", or "" while the person has not chosen. */
const chosen = () => wx.getStorageSync(KEY) || "";

const careClass = () => (chosen() === "on" ? "care" : "");

function toggleCare() {
  wx.setStorageSync(KEY, chosen() === "on" ? "off" : "on");
}

module.exports = { careClass, chosen, toggleCare };
