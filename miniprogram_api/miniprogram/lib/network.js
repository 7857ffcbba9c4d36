// Whether the phone has a network, and who wants to know when that changes.

let online = true;
const listeners = new Set();

function tell(connected) {
  if (connected === online) return;
  online = connected;
  listeners.forEach((listener) => listener(online));
}

/** Called once, when the mini program starts. */
function watchNetwork() {
  wx.getNetworkType({ success: ({ networkType }) => tell(networkType !== "none") });
  wx.onNetworkStatusChange(({ isConnected }) => tell(isConnected));
}

/** Calls `listener(online)` at every change until the returned function is called. */
function onNetwork(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

module.exports = { isOnline: () => online, onNetwork, watchNetwork };
