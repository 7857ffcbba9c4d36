// In the call: the others large, oneself small, large buttons. Everybody's line has a colour, and what is being done about trouble is said. What was
// seen last stays, dimmed, until a new picture plays.

import { h, replace } from "../shared/dom.js";
import { lineOf } from "./links.js";

const FIRST_PICTURE_MS = 4000;

export class Stage {
  /** `act`: {mute, camera, voice, leave} called when pressed; each gives back nothing. */
  constructor(place, call, act) {
    Object.assign(this, { place, call, act });
    this.faces = new Map();
    this.own = {};
    this.sentence = null;
    this.image = null;
    this.grid = h("div", { class: "faces" });
    this.line = h("p", { class: "call-line", role: "status", hidden: true });
    this.mirror = h("video", { autoplay: true, playsinline: true, "aria-label": "您自己的画面" });
    this.mirror.muted = true;
    this.ownNote = h("p", { hidden: true }, h("span", {}, "画面", h("wbr"), "已关"));
    this.ownLight = h("span", { class: "own-light", hidden: true });
    this.buttons = {
      mute: this.press("静音", "mute"), camera: this.press("关画面", "camera", "extra"), voice: this.press("语音模式", "voice"),
    };
    const leave = h("button", { type: "button", class: "leave", on: { click: () => act.leave() } }, "退出");
    this.root = h("div", { class: "stage" }, this.line,
      h("div", { class: "middle" }, this.grid, h("div", { class: "mine" }, this.mirror, this.ownNote, this.ownLight)),
      h("div", { class: "call-bar", role: "toolbar", "aria-label": "通话" }, Object.values(this.buttons), leave));
    replace(place, this.root);
    document.body.classList.add("in-call");
  }

  close() {
    document.body.classList.remove("in-call");
  }

  press(label, name, kind = null) {
    return h("button", { type: "button", class: kind, "aria-pressed": "false", on: { click: () => this.act[name]() } }, label);
  }

  /** What the person himself sends, and what is switched off. */
  showSelf(own) {
    this.own = own;
    const { stream, muted, dark, voice } = own;
    if (this.mirror.srcObject !== stream) this.mirror.srcObject = stream;
    const unseen = dark || voice || !stream?.getVideoTracks().length;
    this.ownNote.hidden = !unseen;
    for (const [name, pressed] of Object.entries({ mute: muted, camera: unseen, voice })) this.buttons[name].setAttribute("aria-pressed", String(pressed));
    this.buttons.mute.textContent = muted ? "已静音" : "静音";
    this.buttons.camera.textContent = unseen ? "开画面" : "关画面";
    this.showSeats();
  }

  say(sentence) {
    this.sentence = sentence;
    this.showLine();
  }

  /** The line across the top: what was said, else what is done about the person's own line. */
  showLine() {
    const own = this.call.state === "connected" && lineOf(this.call.links.get(this.call.seat), null);
    const sentence = this.sentence ?? (own ? own.own : null);
    this.line.hidden = !sentence;
    this.line.textContent = sentence ?? "";
    this.ownLight.hidden = !own;
    if (own) replace(this.ownLight, light(own));
  }

  /** A new stream of somebody: it is put below the old picture, which goes when the new one plays. */
  showStream(seat, stream) {
    const face = this.face(seat);
    if (face.video.srcObject === stream) return;
    if (!face.video.srcObject) face.video.srcObject = stream;
    else {
      const old = face.video;
      face.video = picture(seat);
      face.video.srcObject = stream;
      old.before(face.video);
      old.dataset.seat = "";
      const gone = () => old.remove();
      if (face.video.requestVideoFrameCallback) face.video.requestVideoFrameCallback(gone);
      else face.video.addEventListener("playing", gone, { once: true });
      setTimeout(gone, FIRST_PICTURE_MS); // who sends no picture now has none to wait for
    }
    face.video.play().catch((error) => error.name === "NotAllowedError" && this.say("点一下屏幕,就能听到声音。"));
  }

  showSeats() {
    this.root.classList.toggle("away", this.call.state !== "connected");
    this.showLine();
    for (const seat of this.call.seats) {
      if (seat.seat !== this.call.seat) this.showSeat(seat);
    }
    this.showLarge();
  }

  showSeat(seat) {
    const face = this.face(seat.seat);
    const here = this.call.here.get(seat.seat);
    const name = seat.person ? `${seat.person}(${seat.label})` : seat.label;
    const connected = Boolean(here?.connected);
    const seen = Boolean(face.video.srcObject && face.video.videoWidth);
    const line = connected ? lineOf(this.call.links.get(seat.seat), here) : null;
    const dark = line?.done && ["sound_only", "sound_saving"].includes(this.call.links.get(seat.seat)?.done);
    let without = null;
    if (!here) without = `${name}${this.call.met.has(seat.seat) ? "已退出" : "还没进来"}`;
    else if (this.own.voice) without = `${name}\n您在用语音模式,不放画面`;
    else if (!here.video) without = `${name}只用声音`;
    else if (!seen && !(connected && this.call.state === "connected")) without = `${name}正在接通…`;
    else if (dark) without = `${name}\n${line.done}`;
    face.without.hidden = !without;
    face.without.textContent = without ?? "";
    face.figure.classList.toggle("waiting", Boolean(here) && !connected);
    replace(face.caption, line && light(line), name, here && !connected && seen && " · 正在重连", here && !here.audio && " · 已静音", line?.done && ` · ${line.done}`);
  }

  /** One face large, the others small below it; once more, and all are alike again. Worth it only where there are several. */
  enlarge(seat) {
    if (this.image || this.faces.size < 2 || !this.call.here.has(seat)) return;
    const large = this.call.large === seat ? "" : seat;
    if (large !== this.call.large) this.call.lookAt({ large });
    this.showLarge();
  }

  /** An image (an element) large, and all faces small below it; null: none. */
  showImage(image) {
    this.image?.remove();
    this.image = image;
    if (image) this.grid.prepend(image);
    this.showLarge();
  }

  showLarge() {
    const large = !this.image && this.call.here.has(this.call.large) ? this.call.large : "";
    this.grid.classList.toggle("has-large", Boolean(large || this.image));
    for (const [seat, { figure, enlarge, caption }] of this.faces) {
      figure.classList.toggle("large", seat === large);
      enlarge.hidden = Boolean(this.image) || this.faces.size < 2 || !this.call.here.has(seat);
      enlarge.textContent = seat === large ? "还原" : "放大";
      enlarge.setAttribute("aria-pressed", String(seat === large));
      enlarge.setAttribute("aria-label", `${enlarge.textContent}:${caption.textContent}`);
    }
  }

  face(seat) {
    if (!this.faces.has(seat)) {
      const video = picture(seat);
      const without = h("p", { class: "without" });
      const caption = h("figcaption");
      const enlarge = h("button", { type: "button", class: "enlarge", "aria-pressed": "false", hidden: true, on: { click: () => this.enlarge(seat) } }, "放大");
      const figure = h("figure", { class: "face", on: { click: (event) => event.target !== enlarge && this.enlarge(seat) } }, video, without, caption, enlarge);
      this.faces.set(seat, { video, without, caption, enlarge, figure });
      this.grid.append(figure);
    }
    return this.faces.get(seat);
  }
}

const picture = (seat) => h("video", { autoplay: true, playsinline: true, "data-seat": seat });
const light = ({ colour, label }) => h("span", { class: `light light-${colour}`, role: "img", "aria-label": label });
