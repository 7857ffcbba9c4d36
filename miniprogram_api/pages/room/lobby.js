// Before the call: a picture of oneself, how loud one is, a sound to hear, how the network is, who is already there, and one big button. What does
// not work is said together with what to do and with a way on.

import { request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { caring, setCare } from "./care.js";
import { followLevel, openDevices, playNotes } from "./devices.js";
import { allowSteps, fitOf, here } from "./fit.js";
import { roundTrip, throughput, verdict } from "./network.js";

const FRESH_MS = 5000;
const HEARD = 0.08;
const LOUDER = "请把音量调大,关掉静音,看看耳机有没有接好,再试一次。";

/** Shows itself in `place` until 加入 is pressed, then calls `join` with the stream (or null) and whether he wants sound only. */
export class Lobby {
  constructor(place, consultationId, { view, stream, met, back, troubles, join }) {
    Object.assign(this, { place, consultationId, view, met, back, troubles, join, stream: stream ?? null, trouble: null, asking: !stream });
    this.fit = fitOf(here());
    this.rate = null;
    this.meter = h("meter", { min: 0, max: 1, value: 0, "aria-label": "麦克风音量" });
    this.level = h("span", { class: "faint" }, "还没打开");
    this.speaker = h("span");
    this.lamp = h("span", { class: "light" });
    this.network = h("span", null, "正在看网络…");
    this.picture = h("div", { class: "self-view" });
    this.notice = h("div");
    this.who = h("ul", { class: "who", "aria-label": "谁在视频里" });
    this.actions = h("div");
    const large = h("button", { type: "button", class: "weui-btn weui-btn_default small-button", "aria-pressed": String(caring()) }, "大字");
    large.addEventListener("click", () => {
      const on = large.getAttribute("aria-pressed") !== "true";
      setCare(on);
      large.setAttribute("aria-pressed", String(on));
    });
    const head = h("header", { class: "page-head lobby-head" }, h("h1", null, `视频会诊 ${view.code}`), large);
    if (view.closed) {
      // Nothing can be held: nobody is asked for his camera.
      replace(place, head, h("p", { class: "notice", role: "status" }, view.closed), h("div", { class: "actions" }, back));
      return;
    }
    replace(place, head, this.picture, this.notice,
      h("div", { class: "check" }, h("span", null, "话筒"), this.meter, this.level,
        h("span", null, "喇叭"), this.speaker,
        h("span", null, "网络"), h("span", { class: "wide" }, this.lamp, " ", this.network)),
      this.who, this.actions,
      h("p", { class: "faint" }, "没有您和在场每个人的同意,不会录像。"));
    if (this.unfit()) troubles.note(this.unfit());
    this.drawSpeaker("ask");
    this.draw();
    this.timer = setInterval(() => document.hidden || this.look(), FRESH_MS);
    this.look().then(() => this.weigh());
    if (stream) this.follow();
    else this.open();
  }

  close() {
    clearInterval(this.timer);
    this.stopLevel?.();
  }

  async open() {
    this.asking = true;
    this.draw();
    const { stream, trouble } = await openDevices();
    Object.assign(this, { stream, trouble, asking: false });
    if (trouble) this.troubles.note(this.unfit() ?? trouble.code);
    this.follow();
    this.draw();
  }

  /** The place's own trouble, of which whatever the devices say is a consequence: null, or its code. */
  unfit() {
    return { watch: "wrong_device", none: "unfit_browser" }[this.fit.fit] ?? null;
  }

  follow() {
    this.stopLevel?.();
    this.level.textContent = this.stream?.getAudioTracks().length ? "说句话试试" : "没有话筒";
    this.stopLevel = followLevel(this.stream, (level) => {
      this.meter.value = level;
      if (level > HEARD) this.level.textContent = "听得到您";
    });
  }

  async look() {
    const rtt = await roundTrip(async () => {
      this.view = await request("GET", `consultations/${this.consultationId}/call`);
    });
    Object.assign(this, { rtt, reached: rtt !== null });
    this.noteNetwork();
    this.drawNetwork();
    this.drawPeople();
    this.drawActions();
  }

  /** Once: how much comes through. */
  async weigh() {
    this.rate = await throughput();
    this.drawNetwork();
  }

  /** One slow answer is no weak network: what two looks in a row agree on is noted. */
  noteNetwork() {
    const { code } = verdict(this);
    if (code && code === this.lastCode) this.troubles.note(code);
    this.lastCode = code;
  }

  drawNetwork() {
    const { light, sentence } = verdict(this);
    this.lamp.className = `light light-${light}`;
    this.network.textContent = sentence;
  }

  /** `state`: ask, playing, heard?, good, bad. */
  drawSpeaker(state) {
    const small = (label, onClick) => button(label, onClick, "default", { class: "weui-btn weui-btn_default small-button" });
    const play = async () => {
      this.drawSpeaker("playing");
      this.drawSpeaker((await playNotes()) ? "heard?" : "bad");
    };
    this.speaker.className = "wide";
    if (state === "ask") replace(this.speaker, small("放一声听听", play));
    else if (state === "playing") replace(this.speaker, h("span", { role: "status" }, "正在放…"));
    else if (state === "heard?") replace(this.speaker, h("span", { role: "status" }, "听到了吗? "), small("听到了", () => this.drawSpeaker("good")), small("没听到", () => this.drawSpeaker("bad")));
    else if (state === "good") replace(this.speaker, h("span", { class: "done-line", role: "status" }, "听得到"));
    else replace(this.speaker, h("span", { role: "status" }, LOUDER, " "), small("再放一声", play));
  }

  draw() {
    const camera = this.stream?.getVideoTracks().length;
    if (camera) {
      const video = h("video", { autoplay: true, playsinline: true, "aria-label": "您自己的画面" });
      video.muted = true;
      video.srcObject = this.stream;
      replace(this.picture, video);
    } else {
      replace(this.picture, h("p", null, this.asking ? "请点「允许」,让我们用一下摄像头和麦克风。" : "没有画面"));
    }
    this.drawNotice();
    this.drawPeople();
    this.drawActions();
  }

  /** What is wrong, what to do about it step by step, and that there is a way on all the same. */
  drawNotice() {
    const { trouble, fit } = this;
    const refused = trouble?.code === "refused_camera";
    const steps = refused ? allowSteps(navigator.userAgent) : fit.steps;
    const sentence = trouble && !(trouble.code === "unfit_browser" && fit.sentence) ? trouble.message : fit.sentence;
    replace(this.notice, sentence && h("div", { class: "notice", role: "alert" }, h("p", null, sentence),
      steps.length > 0 && h("ol", { class: "steps" }, steps.map((one) => h("li", null, one)))),
    trouble && trouble.code !== "unfit_browser" && button("再试", () => this.open(), "default"));
  }

  drawPeople() {
    replace(this.who, this.view.seats.filter((one) => one.seat !== this.view.seat).map((one) =>
      h("li", null, h("span", null, one.person ? `${one.label} ${one.person}` : one.label), h("span", { class: one.present ? "done-line" : "faint" }, this.where(one)))));
  }

  where({ seat, present }) {
    if (present) this.met.add(seat);
    return present ? "已在里面" : this.met.has(seat) ? "已退出" : "还没进来";
  }

  drawActions() {
    if (this.view.closed) {
      replace(this.actions, h("p", { class: "notice", role: "status" }, this.view.closed), this.back);
      return;
    }
    const label = this.label();
    if (this.joinButton?.isConnected && this.joinLabel === label) return;
    this.joinLabel = label;
    this.joinButton = button(label, () => this.join(this.stream), "primary", { class: "weui-btn weui-btn_primary join-button" });
    this.joinButton.disabled = this.asking || this.fit.fit === "none";
    const camera = this.stream?.getVideoTracks().length;
    const soundOnly = camera && button("只用声音加入", () => this.join(this.stream, true), "default", { class: "weui-btn weui-btn_default join-button" });
    replace(this.actions, this.joinButton, soundOnly);
  }

  label() {
    if (this.asking) return "请先点「允许」";
    if (this.fit.fit === "none") return "这里不能视频";
    if (!this.stream) return "加入(听和看)";
    return this.stream.getVideoTracks().length ? "加入" : "加入(只用声音)";
  }
}
