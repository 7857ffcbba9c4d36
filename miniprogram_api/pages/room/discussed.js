// The image under discussion: on the stage of everybody, as large as the screen lets it be, the faces in a row below it, until each puts it away.

import { Problem, request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { fetchFrame, openViewer } from "../shared/images.js";

export class Discussed {
  /** `whole`: the person may look through all images of the case, through windows and frame by frame. */
  constructor(call, consultationId, { stage, say, whole }) {
    Object.assign(this, { call, consultationId, stage, say, whole });
    this.address = null;
    this.image = null;
  }

  /** What `who` shows, in place of what was shown before. */
  async show(image, who) {
    this.#forget();
    this.image = image;
    const picture = h("div", { class: "discussed-picture" }, h("p", { role: "status" }, "正在取图…"));
    const figure = h("figure", { class: "face discussed", "aria-label": "大家在看的图" }, picture,
      h("figcaption", null, `${who}给大家看的图 · 供参考,不作诊断显示器用`),
      h("div", { class: "discussed-bar" },
        this.whole && h("button", { type: "button", class: "enlarge", on: { click: () => this.#look(image) } }, "细看"),
        h("button", { type: "button", class: "enlarge", on: { click: () => this.close() } }, "收起图")));
    this.stage.showImage(figure);
    this.call.lookAt({ reading: true });
    try {
      const address = await fetchFrame(image, 1, { urgent: true });
      if (this.image !== image || !figure.isConnected) {
        URL.revokeObjectURL(address);
        return;
      }
      this.address = address;
      replace(picture, h("img", { src: address, alt: `${who}给大家看的图` }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(picture, h("p", { role: "alert" }, problem.message), button("再试", () => this.show(image, who), "default"));
    }
  }

  /** Put it away; the faces are large again. */
  close() {
    if (!this.image) return;
    this.#forget();
    this.stage.showImage(null);
    this.call.lookAt({ reading: false });
  }

  #forget() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = this.image = null;
  }

  /** The image over the whole screen, through windows and frame by frame, with the others of the case beside it. */
  async #look(image) {
    try {
      const { images } = await request("GET", `consultations/${this.consultationId}/images`);
      const pictures = images.filter((one) => one.frames > 0);
      const at = pictures.findIndex((one) => one.instance_id === image);
      if (at >= 0) openViewer(pictures, at);
      else this.say("这张图不在这次会诊的影像里了。");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.say(problem.message);
    }
  }
}
