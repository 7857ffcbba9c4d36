// Recording: who treats may ask, everybody answers for himself, and while it runs everybody sees that it does and can stop it.

import { h, replace } from "../shared/dom.js";

const REASON_MS = 10_000;

/** Puts itself at the top of `stage`. The call tells how it stands ("recording") and takes what the person says. */
export class RecordingMark {
  constructor(call, stage) {
    this.call = call;
    this.stands = { state: "off" };
    this.bar = h("div", { class: "recording-bar" });
    this.sheet = h("div", { class: "recording-sheet", role: "dialog", "aria-modal": "false", "aria-label": "录像同意", hidden: true });
    stage.querySelector(".middle").prepend(this.bar);
    stage.querySelector(".middle").append(this.sheet);
    call.addEventListener("recording", ({ detail }) => this.show(detail));
    this.draw();
  }

  show(stands) {
    const before = this.stands.state;
    this.stands = stands;
    clearTimeout(this.forget);
    this.reason = stands.state === "stopped" && (before !== "stopped" || this.reason) ? stands.reason : "";
    if (this.reason) {
      this.forget = setTimeout(() => {
        this.reason = "";
        this.draw();
      }, REASON_MS);
    }
    this.draw();
  }

  draw() {
    const { state, mine, waiting = [], may_ask: mayAsk } = this.stands;
    const parts = [];
    if (state === "running") {
      parts.push(h("p", { class: "recording-mark", role: "status" }, h("span", { "aria-hidden": "true" }, "● "), "正在录像"), this.press("停止录像", () => this.answer(false)));
    } else if (state === "asked" && mine === "yes") {
      parts.push(h("p", { role: "status" }, waiting.length ? `等${waiting.join("、")}同意录像` : "正在开始录像…"), this.press("不录了", () => this.answer(false)));
    } else {
      if (this.reason) parts.push(h("p", { role: "status" }, this.reason));
      if (mayAsk && state !== "asked") parts.push(this.press("录像", () => this.call.tell({ type: "record_ask" })));
    }
    replace(this.bar, ...parts);
    this.bar.hidden = !parts.length;
    this.ask(state === "asked" && mine !== "yes");
  }

  /** What is agreed to stands in full where it is agreed to; no is as large as yes. */
  ask(wanted) {
    const key = wanted ? this.stands.recording_id : null;
    if (key === this.asked) return;
    this.asked = key;
    this.sheet.hidden = !wanted;
    if (!wanted) return;
    replace(this.sheet,
      h("p", null, h("strong", null, `${this.stands.asked_by}想录下这次视频`)),
      h("p", null, "大家都同意才录,随时可以停。不同意也照样看病。"),
      h("details", null, h("summary", null, "看同意书"), h("div", { class: "recording-text" }, plain(this.stands.text))),
      h("div", { class: "recording-answers" },
        this.press("不同意", () => this.answer(false)), this.press("同意录像", () => this.answer(true))));
  }

  answer(agree) {
    this.call.tell({ type: "record_answer", recording_id: this.stands.recording_id, agree });
  }

  press(label, act) {
    return h("button", { type: "button", on: { click: act } }, label);
  }
}

/** The text as paragraphs, without the marks of its headings. */
function plain(text) {
  return text.split(/\n+/).filter(Boolean).map((line) => h("p", null, line.replace(/^#+\s*/, "")));
}
