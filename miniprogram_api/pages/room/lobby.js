// Before the call: a picture of oneself, how loud one is, how the network is, who is already there, and one big button.

import { request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { followLevel, networkLight, openDevices } from "./devices.js";

const LIGHTS = { green: "网络好", yellow: "网络有点慢", red: "网络不好" };
const FRESH_MS = 5000;

/** Shows itself in `place` until 加入 is pressed, then calls `join` with the stream (or null). */
export class Lobby {
  constructor(place, consultationId, { view, stream, met, back, join }) {
    Object.assign(this, { place, consultationId, view, met, back, join, stream: stream ?? null, trouble: null, asking: !stream });
    this.meter = h("meter", { min: 0, max: 1, value: 0, "aria-label": "麦克风音量" });
    this.lamp = h("span", { class: "light" });
    this.network = h("span", null, "正在看网络…");
    this.picture = h("div", { class: "self-view" });
    this.notice = h("div");
    this.who = h("ul", { class: "who", "aria-label": "谁在视频里" });
    this.actions = h("div");
    replace(place,
      h("header", { class: "page-head" }, h("h1", null, `视频会诊 ${view.code}`)),
      this.picture,
      h("div", { class: "check" }, h("span", null, "声音"), this.meter, h("span", { class: "faint" }, "说句话试试"),
        h("span", null, "网络"), h("span", null, this.lamp, " ", this.network), h("span")),
      this.notice, this.who, this.actions,
      h("p", { class: "faint" }, "没有您和在场每个人的同意,不会录像。"));
    if (view.closed) {
      // Nothing can be held: nobody is asked for his camera.
      replace(place, h("header", { class: "page-head" }, h("h1", null, `视频会诊 ${view.code}`)),
        h("p", { class: "notice", role: "status" }, view.closed), h("div", { class: "actions" }, back));
      return;
    }
    this.draw();
    this.timer = setInterval(() => document.hidden || this.look(), FRESH_MS);
    this.look();
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
    if (trouble) report(this.consultationId, trouble.code);
    this.follow();
    this.draw();
  }

  follow() {
    this.stopLevel?.();
    this.stopLevel = followLevel(this.stream, (level) => {
      this.meter.value = level;
    });
  }

  async look() {
    const light = await networkLight(async () => {
      this.view = await request("GET", `consultations/${this.consultationId}/call`);
    });
    this.lamp.className = `light light-${light}`;
    this.network.textContent = LIGHTS[light];
    this.drawPeople();
    this.drawActions();
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
    replace(this.notice, this.trouble && h("p", { class: "notice", role: "alert" }, this.trouble.message),
      this.trouble && this.trouble.code !== "unfit_browser" && button("再试", () => this.open(), "default"));
    this.drawPeople();
    this.drawActions();
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
    if (this.joinButton?.isConnected && this.joinLabel === this.label()) return;
    this.joinLabel = this.label();
    this.joinButton = button(this.joinLabel, () => this.join(this.stream), "primary", { class: "weui-btn weui-btn_primary join-button" });
    this.joinButton.disabled = this.asking;
    replace(this.actions, this.joinButton);
  }

  label() {
    if (this.asking) return "请先点「允许」";
    if (!this.stream) return "加入(只听)";
    return this.stream.getVideoTracks().length ? "加入" : "加入(只用声音)";
  }
}

/** Why it did not work goes to the consultation's timeline; if even that does not work, nothing more can be said. */
export function report(consultationId, trouble) {
  request("POST", `consultations/${consultationId}/call/trouble`, { body: { trouble } }).catch(() => {});
}
