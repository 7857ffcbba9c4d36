// Camera, microphone and network, checked before the call; what goes wrong gets a code for the timeline and a sentence for the person.

import { fine } from "./sending.js";

const RATE = { frameRate: { ideal: 25, max: 30 }, facingMode: "user" };
const SMALL = { width: { ideal: 640 }, height: { ideal: 480 }, ...RATE };
const LARGE = { width: { ideal: 1280 }, height: { ideal: 720 }, ...RATE };
const picture = () => (fine() ? LARGE : SMALL);
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const SENTENCES = {
  refused_camera: "没有允许使用摄像头和麦克风。",
  no_device: "没有找到摄像头。可以只用声音加入,别人听得到您。",
  device_busy: "摄像头正被别的程序占用。请关掉别的视频软件,再点「再试」。",
  unfit_browser: "这个浏览器不能视频。",
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
    return { stream: await navigator.mediaDevices.getUserMedia({ audio: AUDIO, video: picture() }), trouble: null };
  } catch (error) {
    const trouble = troubleOf(error);
    try {
      return { stream: await navigator.mediaDevices.getUserMedia({ audio: AUDIO }), trouble };
    } catch {
      return { stream: null, trouble: trouble.code === "no_device" ? new DeviceTrouble("no_device", NOTHING) : trouble };
    }
  }
}

export const openCamera = async () => (await navigator.mediaDevices.getUserMedia({ video: picture() })).getVideoTracks()[0];

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

/** Two soft notes out of the loudspeaker. Resolves when they have been played; false where nothing can be played. */
export async function playNotes() {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Context) return false;
  const context = new Context();
  try {
    await context.resume();
    for (const [place, pitch] of [523, 784].entries()) {
      const note = context.createOscillator();
      const loud = context.createGain();
      const at = context.currentTime + place * 0.45;
      note.frequency.value = pitch;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.4, at + 0.05);
      loud.gain.linearRampToValueAtTime(0, at + 0.4);
      note.connect(loud).connect(context.destination);
      note.start(at);
      note.stop(at + 0.45);
    }
    await new Promise((done) => setTimeout(done, 1000));
  } finally {
    await context.close();
  }
  return true;
}
