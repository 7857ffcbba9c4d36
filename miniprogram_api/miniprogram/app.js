// Start: whether there is a network, and WeChat's privacy guard. Signing in happens with the first request.

const { watchNetwork } = require("./lib/network.js");
const { guardPrivacy } = require("./lib/privacy.js");

App({
  onLaunch() {
    watchNetwork();
    guardPrivacy(() => wx.navigateTo({ url: "/pages/welcome/welcome" }));
  },
});
