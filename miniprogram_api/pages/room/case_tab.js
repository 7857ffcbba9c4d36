// 病情: what those who treat the patient know of him, to be read beside the faces. Fetched when the tab is turned to: each look is written down.

import { Problem, request } from "../shared/api.js";
import { caseSummary } from "../shared/case_summary.js";
import { h, replace } from "../shared/dom.js";
import { imageStrip } from "../shared/images.js";
import { failed, loading, notice } from "../shared/states.js";

/** Turned to again sooner than this, it stands as it was. */
const FRESH_MS = 30_000;

export class CaseTab {
  constructor(consultationId) {
    this.consultationId = consultationId;
    this.trouble = h("div");
    this.shown = h("div");
    this.element = h("div", { class: "room-case" }, this.trouble, this.shown);
    this.strip = null;
    this.at = null;
    this.asks = null;
  }

  /** The tab is turned to. */
  look() {
    if (this.at !== null && performance.now() - this.at < FRESH_MS) return this.asks;
    this.asks ??= this.#fetch().finally(() => { this.asks = null; });
    return this.asks;
  }

  async #fetch() {
    if (this.at === null) replace(this.shown, loading("正在取病情…"));
    try {
      const view = await request("GET", `consultations/${this.consultationId}/case`);
      if (view.images && !this.strip) this.strip = imageStrip(this.consultationId);
      else this.strip?.reload();
      this.at = performance.now();
      replace(this.trouble);
      replace(this.shown, caseSummary(view, { images: this.strip }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (this.at === null) replace(this.shown, failed(problem, () => this.look()));
      else replace(this.trouble, notice(problem));
    }
  }
}
