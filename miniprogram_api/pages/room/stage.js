// In the call: the others large, oneself small, five buttons. Everybody's link has a colour, and what is being done about trouble is said.

import { h, replace } from "../shared/dom.js";

const LINKS = { green: "线路好", yellow: "线路一般", red: "线路差" };

export class Stage {
  /** `act`: {mute, camera, voice, leave} called when pressed; each gives back nothing. */
  constructor(place, call, act) {
    Object.assign(this, { place, call, act });
    this.faces = new Map();
    this.grid = h("div", { class: "faces" });
    this.line = h("p", { class: "call-line", role: "status", hidden: true });
    this.own = h("video", { autoplay: true, playsinline: true, "aria-label": "您自己的画面" });
    this.own.muted = true;
    this.ownNote = h("p", { hidden: true }, "画面已关");
    this.buttons = {
      mute: this.press("静音", "mute"), camera: this.press("关画面", "camera"), voice: this.press("语音模式", "voice"),
    };
    const leave = h("button", { type: "button", class: "leave", on: { click: () => act.leave() } }, "退出");
    replace(place, h("div", { class: "stage" }, this.line,
      h("div", { class: "middle" }, this.grid, h("div", { class: "mine" }, this.own, this.ownNote)),
      h("div", { class: "call-bar", role: "toolbar", "aria-label": "通话" }, Object.values(this.buttons), leave)));
    document.body.classList.add("in-call");
  }

  close() {
    document.body.classList.remove("in-call");
  }

  press(label, name) {
    return h("button", { type: "button", "aria-pressed": "false", on: { click: () => this.act[name]() } }, label);
  }

  /** What the person himself sends, and what is switched off. */
  showSelf({ stream, muted, dark, voice }) {
    if (this.own.srcObject !== stream) this.own.srcObject = stream;
    this.ownNote.hidden = !(dark || voice || !stream?.getVideoTracks().length);
    for (const [name, pressed] of Object.entries({ mute: muted, camera: dark || voice, voice })) this.buttons[name].setAttribute("aria-pressed", String(pressed));
    this.buttons.mute.textContent = muted ? "已静音" : "静音";
    this.buttons.camera.textContent = dark || voice ? "开画面" : "关画面";
  }

  say(sentence) {
    this.line.hidden = !sentence;
    this.line.textContent = sentence ?? "";
  }

  showStream(seat, stream) {
    const { video } = this.face(seat);
    if (video.srcObject !== stream) video.srcObject = stream;
    video.play().catch(() => this.say("点一下屏幕,就能听到声音。"));
  }

  showSeats() {
    for (const seat of this.call.seats) {
      if (seat.seat === this.call.seat) continue;
      const face = this.face(seat.seat);
      const here = this.call.here.get(seat.seat);
      const name = seat.person ? `${seat.person}(${seat.label})` : seat.label;
      const connected = here?.connected && this.call.state === "connected";
      face.without.hidden = Boolean(connected && here.video);
      face.without.textContent = !here ? `${name}${this.call.met.has(seat.seat) ? "已退出" : "还没进来"}` : !connected ? `${name}正在接通…` : `${name}只用声音`;
      const link = connected && here.link;
      replace(face.caption, link && h("span", { class: `light light-${link}`, role: "img", "aria-label": LINKS[link] }), name, here && !here.audio && " · 已静音", link === "red" && " · 线路差,可点「语音模式」");
    }
  }

  face(seat) {
    if (!this.faces.has(seat)) {
      const video = h("video", { autoplay: true, playsinline: true, "data-seat": seat });
      const without = h("p", { class: "without" });
      const caption = h("figcaption");
      this.faces.set(seat, { video, without, caption });
      this.grid.append(h("figure", { class: "face" }, video, without, caption));
    }
    return this.faces.get(seat);
  }
}
