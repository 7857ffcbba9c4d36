// Whether this browser can hold a video call, and what to do when it cannot, in plain words. Which browsers can: docs/calls.md.

const NEEDED_IOS = [14, 3];

/** What is there, for `fitOf`. */
export function here() {
  const capabilities = (kind) => globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs.map((one) => one.mimeType.toLowerCase()) ?? null;
  return {
    agent: navigator.userAgent, secure: isSecureContext, capture: Boolean(navigator.mediaDevices?.getUserMedia),
    rtc: Boolean(globalThis.RTCPeerConnection?.prototype.addTransceiver), codecs: capabilities("video"),
  };
}

/** {wechat, ios, version: [14, 3] or null, desktop}: where the page is open. */
export function whereOf(agent) {
  const ios = /iPhone|iPad|iPod/.test(agent);
  const found = ios && /OS (\d+)_(\d+)/.exec(agent);
  return {
    wechat: /MicroMessenger/i.test(agent), desktop: /WindowsWechat|MacWechat/i.test(agent), ios, android: /Android/i.test(agent),
    version: found ? [Number(found[1]), Number(found[2])] : null,
  };
}

/**
 * {fit, sentence, steps}. `fit`: "video" (all is there), "voice" (sound only: no codec for pictures that others have), "watch" (nothing can be sent)
 * or "none" (no call at all). `steps`: what to do, one after the other.
 */
export function fitOf({ agent, secure, capture, rtc, codecs }) {
  const where = whereOf(agent);
  const old = where.version && (where.version[0] - NEEDED_IOS[0] || where.version[1] - NEEDED_IOS[1]) < 0;
  if (!secure) return { fit: "none", sentence: "这个网址不安全,手机不让用摄像头。", steps: ["请从微信消息或公众号菜单里重新打开。", OTHER_PHONE] };
  if (!rtc) return { fit: "none", sentence: "这个浏览器不能视频。", steps: steps(where, old) };
  if (where.desktop) return { fit: "watch", sentence: "电脑上的微信只能看和听。", steps: ["请用手机微信打开这条消息。", "或复制网址,用电脑的 Edge、Chrome 浏览器打开。"] };
  if (!capture || old) return { fit: "watch", sentence: old ? "手机系统太旧,只能看和听,别人看不到您。" : "这里用不了摄像头和麦克风,只能看和听。", steps: steps(where, old) };
  if (codecs && !codecs.includes("video/vp8") && !codecs.includes("video/h264")) {
    return { fit: "voice", sentence: "这台手机放不了视频,可以用声音。", steps: ["点「只用声音加入」,说话听话都正常。", OTHER_PHONE] };
  }
  return { fit: "video", sentence: null, steps: [] };
}

const OTHER_PHONE = "还是不行:换一部手机,或请家人帮忙打开。";

function steps({ wechat, ios, android }, old) {
  if (ios) {
    return [
      old ? "打开「设置」→「通用」→「软件更新」,更新到 iOS 14.3 以上。" : "打开 App Store,把微信更新到最新。",
      wechat ? "点右上角「…」→「在 Safari 中打开」再试。" : "用 Safari 打开这个网址再试。", OTHER_PHONE,
    ];
  }
  if (android) return ["在应用商店里把微信更新到最新,再打开一次。", wechat ? "点右上角「…」→「在浏览器打开」再试。" : "用手机自带的浏览器打开再试。", OTHER_PHONE];
  return ["请用最新的 Edge、Chrome 或 Safari 打开。", OTHER_PHONE];
}

/** How the camera and the microphone are allowed again after they were refused. */
export function allowSteps(agent) {
  const { wechat, ios, android } = whereOf(agent);
  if (ios && wechat) return ["打开手机的「设置」,往下找到「微信」。", "把「相机」和「麦克风」都打开。", "回到这里,点「再试」。"];
  if (ios) return ["打开手机的「设置」→「Safari 浏览器」。", "「相机」和「麦克风」都选「允许」。", "回到这里,点「再试」。"];
  if (android && wechat) return ["打开手机的「设置」→「应用」→「微信」→「权限」。", "把「相机」和「麦克风」都打开。", "回到这里,点「再试」。"];
  return ["点地址栏左边的小锁。", "「摄像头」和「麦克风」都选「允许」。", "回到这里,点「再试」。"];
}
