// Camera, microphone and network, checked before the call; what goes wrong gets a code for the timeline and a sentence for the person.

const VIDEO = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 25, max: 30 }, facingMode: "user" };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const WECHAT = /MicroMessenger/i.test(navigator.userAgent);
const IOS = /iPhone|iPad/i.test(navigator.userAgent);

const ALLOW = IOS && WECHAT
  ? "请打开手机的「设置」→「微信」,允许相机和麦克风,再回到这里点「再试」。"
  : WECHAT
    ? "请点右上角「…」→「设置」,允许相机和麦克风;或点「…」→「在浏览器打开」。再点「再试」。"
    : "请在地址栏旁允许使用摄像头和麦克风,再点「再试」。";

const SENTENCES = {
  refused_camera: `没有允许使用摄像头和麦克风。${ALLOW}`,
  no_device: "没有找到摄像头。可以只用声音加入,别人听得到您。",
  device_busy: "摄像头正被别的程序占用。请关掉别的视频软件,再点「再试」。",
  unfit_browser: "这个浏览器不能视频。请把微信更新到最新版,或点右上角「…」→「在浏览器打开」。",
};

const NOTHING = "没有找到摄像头和麦克风。可以先加入听和看,要说话请打电话。";

export class DeviceTrouble extends Error {
  constructor(code, sentence = SENTENCES[code]) {
    super(sentence);
    this.code = code;
  }
}

function troubleOf(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return new DeviceTrouble("refused_camera");
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return new DeviceTrouble("no_device");
  return new DeviceTrouble("device_busy");
}

/** What the person's device gives: {stream, trouble}. Without a camera there may still be sound; without both, only the trouble. */
export async function openDevices() {
  if (!navigator.mediaDevices?.getUserMedia || !globalThis.RTCPeerConnection) return { stream: null, trouble: new DeviceTrouble("unfit_browser") };
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ audio: AUDIO, video: VIDEO }), trouble: null };
  } catch (error) {
    const trouble = troubleOf(error);
    try {
      return { stream: await navigator.mediaDevices.getUserMedia({ audio: AUDIO }), trouble };
    } catch {
      return { stream: null, trouble: trouble.code === "no_device" ? new DeviceTrouble("no_device", NOTHING) : trouble };
    }
  }
}

export const openCamera = async () => (await navigator.mediaDevices.getUserMedia({ video: VIDEO })).getVideoTracks()[0];

/** Calls `show` with the loudness of the stream's sound, 0 to 1, until the returned function is called. */
export function followLevel(stream, show) {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Context || !stream?.getAudioTracks().length) return () => {};
  const context = new Context();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples);
    const power = samples.reduce((sum, value) => sum + ((value - 128) / 128) ** 2, 0) / samples.length;
    show(Math.min(1, Math.sqrt(power) * 4));
  }, 120);
  return () => {
    clearInterval(timer);
    context.close();
  };
}

/** green, yellow or red by how long the practice takes to answer; red when it does not. */
export async function networkLight(ask) {
  const began = performance.now();
  try {
    await ask();
  } catch (problem) {
    if (problem.offline !== false) return "red";
  }
  const took = performance.now() - began;
  return took < 600 ? "green" : took < 2000 ? "yellow" : "red";
}
