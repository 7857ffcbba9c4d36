// At the door of a call: a guest, or whoever is new in a locked one, waits here until the moderator has answered.

import { Problem, request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { phoneButton } from "./phone.js";

const ASK_MS = 2500;

export class Waiting {
  /** `entered()` is called once the door is open; `guest`: nobody of the case, who is not telephoned. */
  constructor(place, consultationId, { code, guest, back, entered }) {
    Object.assign(this, { place, consultationId, entered });
    this.line = h("p", { role: "status", class: "waiting-line" }, "正在看能不能进去…");
    this.actions = h("div", { class: "actions" });
    this.knock = button("请求进入", () => this.#knock(), "primary", { class: "weui-btn weui-btn_primary join-button" });
    replace(place, h("header", { class: "page-head" }, h("h1", null, `视频会诊 ${code}`)), h("div", { class: "waiting-room" }, this.line), this.actions,
      !guest && phoneButton(consultationId), back);
    this.timer = setInterval(() => document.hidden || this.#ask(), ASK_MS);
    this.#ask();
  }

  close() {
    clearInterval(this.timer);
    this.closed = true;
  }

  async #knock() {
    await this.#answered(() => request("POST", `consultations/${this.consultationId}/call/door`, { body: {} }));
  }

  async #ask() {
    await this.#answered(() => request("GET", `consultations/${this.consultationId}/call/door`));
  }

  async #answered(ask) {
    try {
      const door = await ask();
      if (!this.closed) this.#show(door);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (this.closed) return;
      if (problem.offline) this.line.textContent = `${problem.message}有信号时会自动再问。`;
      else if (problem.status === 403) this.#over("这份邀请已经失效。需要的话,请让邀请您的医生重新发一份。");
      else if (problem.status === 409) this.#over(problem.message);
      else this.line.textContent = problem.message;
    }
  }

  #over(sentence) {
    this.close();
    this.line.textContent = sentence;
    replace(this.actions);
  }

  #show({ state, open, moderated, seat_label: label }) {
    if (open) {
      this.close();
      this.entered();
      return;
    }
    const waits = state === "waiting";
    this.line.textContent = waits
      ? moderated ? `已经告诉主持人,您(${label})在门外。请稍等,不要关掉这一页。` : "已经记下您在门外。主持人还不在视频里,他一来就会看到。"
      : state === "refused" ? "主持人现在没有请您进来。可以过一会儿再请求一次。"
        : state === "removed" ? "主持人请您先离开了视频。想再进来,点「请求进入」。"
          : `您以“${label}”的身份参加。点「请求进入」,主持人同意后就能进去。`;
    if (waits) replace(this.actions);
    else if (!this.knock.isConnected) replace(this.actions, this.knock);
  }
}
