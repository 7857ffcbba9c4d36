// 换线路: over a relay instead of directly, or back, where there is one. For whoever hears and sees badly although the network is there.

import { h } from "../shared/dom.js";

const WORDS = { direct: "现在直接连接。", relay: "现在经中转服务器连接。" };

export class RouteButton {
  constructor(call, say) {
    Object.assign(this, { call, say });
    this.words = h("span", { class: "faint" });
    this.button = h("button", { type: "button", class: "sheet-button", on: { click: () => this.#turn() } }, "换线路");
    this.element = h("div", { class: "row", hidden: true }, this.button, this.words);
    call.addEventListener("state", () => this.show());
    this.show();
  }

  show() {
    this.element.hidden = !this.call.hasRelay;
    this.button.disabled = this.call.state !== "connected";
    this.words.textContent = this.call.route.relayOnly ? WORDS.relay : WORDS.direct;
  }

  #turn() {
    this.call.changeRoute();
    this.say("正在换线路,几秒钟就好。还是不清楚,再点一次换回来。");
    this.show();
  }
}
