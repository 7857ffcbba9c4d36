// What is written in the call and which pictures of the case are shown in it. It stays in the record of the consultation, and that is said.

import { Problem, request } from "../shared/api.js";
import { hour } from "../shared/dates.js";
import { h, replace } from "../shared/dom.js";

const LONGEST = 300;

export class Chat {
  /** `show(image, who)` puts an image before the person. */
  constructor(call, consultationId, { tell, say, show }) {
    Object.assign(this, { call, consultationId, tell, say, show });
    this.lines = new Map();
    this.list = h("ol", { class: "lines", "aria-label": "写过的话", "aria-live": "polite" });
    this.input = h("input", { type: "text", maxlength: LONGEST, placeholder: "写给视频里的人", "aria-label": "写给视频里的人", enterkeyhint: "send" });
    this.form = h("form", { class: "writing", hidden: true, on: { submit: (event) => this.#send(event) } }, this.input, h("button", { type: "submit", class: "sheet-button strong" }, "发送"));
    this.typing = h("button", { type: "button", class: "sheet-button", "aria-pressed": "false", hidden: true, on: { click: () => this.#toggleTyping() } }, "打字幕");
    this.showing = h("button", { type: "button", class: "sheet-button", hidden: true, on: { click: () => this.#offer() } }, "给大家看图");
    this.offered = h("div", { class: "offered" });
    this.sending = h("div", { class: "sending", hidden: true });
    this.element = h("div", null, this.list, this.form, h("div", { class: "row" }, this.typing, this.showing), this.offered, this.sending,
      h("p", { class: "faint" }, "写的话和看过的图会留在会诊记录里;字幕不留。"));
  }

  /** What the person may do. */
  may(can) {
    this.form.hidden = !can.includes("say");
    this.typing.hidden = !can.includes("caption");
    this.showing.hidden = !can.includes("show");
    this.sending.hidden = !can.includes("show");
    if (can.includes("show")) this.#offerSending();
  }

  /** A photo or file from the device goes into the case, over a line that may break, and is then shown to everybody. */
  async #offerSending() {
    const [kind, label, accept] = this.call.seat === "village_doctor" ? ["image", "传照片或影像给大家看", ""] : ["picture", "传照片给大家看", "image/*"];
    this.uploads ??= import("../shared/uploads.js").then(({ Uploads }) => {
      const uploads = new Uploads(this.consultationId, (outcome) => this.#taken(outcome));
      replace(this.sending, uploads.single(kind, label, accept));
    }, () => {
      this.uploads = null; // no network just now: asked again with the room's next news
    });
    await this.uploads;
  }

  /** A file has become part of the case: whoever is in the call is shown it, if there is something to see. */
  async #taken({ instance_id: image }) {
    try {
      const { images } = await request("GET", `consultations/${this.consultationId}/images`);
      if (!images.some((one) => one.instance_id === image && one.frames > 0)) this.say("文件已放进会诊。它没有画面,大家可以在会诊资料里看到。");
      else if (!this.tell({ type: "show", image })) this.say("照片已放进会诊。网好了请点「给大家看图」,大家就能看到。");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.say("文件已放进会诊。请点「给大家看图」,让大家看到。");
    }
  }

  /** One line; true when it is new and somebody else's. */
  add(line) {
    if (this.lines.has(line.number)) return false;
    this.lines.set(line.number, line);
    const last = [...this.lines.keys()].sort((one, other) => one - other);
    replace(this.list, last.map((number) => this.#line(this.lines.get(number))));
    this.scroll();
    if (line.image_id) this.show(line.image_id, this.#name(line.seat));
    if (line.seat === this.call.seat) return false;
    if (line.text) this.say(`${this.#who(line.seat)}:${line.text}`);
    return true;
  }

  /** The last line is to be seen. */
  scroll() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  #who(seat) {
    const found = this.call.seats.find((one) => one.seat === seat);
    return found?.person ?? found?.label ?? "";
  }

  #name(seat) {
    return seat === this.call.seat ? "您" : this.#who(seat);
  }

  #line({ seat, text, image_id: image, at }) {
    return h("li", { class: seat === this.call.seat ? "own" : null }, h("span", { class: "faint" }, `${this.#name(seat)} ${hour(at)} `),
      text ? h("p", null, text) : h("button", { type: "button", class: "sheet-button", on: { click: () => this.show(image, this.#name(seat)) } }, "看这张图"));
  }

  #send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    const captions = this.typing.getAttribute("aria-pressed") === "true";
    if (!this.tell({ type: captions ? "caption" : "chat", text: captions ? text.slice(0, 200) : text })) {
      this.say("网络断了一下,还没有发出去。您写的还在。");
      return;
    }
    this.input.value = "";
  }

  #toggleTyping() {
    const on = this.typing.getAttribute("aria-pressed") !== "true";
    this.typing.setAttribute("aria-pressed", String(on));
    this.input.placeholder = on ? "听到什么就写什么,马上显示成字幕" : "写给视频里的人";
    this.input.focus();
  }

  /** The images of the case, to choose one that everybody is shown. */
  async #offer() {
    try {
      const { images } = await request("GET", `consultations/${this.consultationId}/images`);
      const pictures = images.filter((one) => one.frames > 0);
      replace(this.offered, pictures.length ? null : h("p", null, "这次会诊还没有图。"), pictures.map((one) =>
        h("button", { type: "button", class: "sheet-button", on: { click: () => {
          this.tell({ type: "show", image: one.instance_id });
          replace(this.offered);
        } } }, `给大家看:${one.label}`)));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.say(problem.message);
    }
  }
}
