// Files of one consultation on their way: progress, tries again by itself when the signal is back, and the reason when one is refused.

import { Problem, request, upload } from "../../shared/api.js";
import { h, replace } from "../../shared/dom.js";

const WAITS_MS = [2000, 4000, 8000, 15_000, 30_000];
const VERDICT_MS = 2000;
const LONGEST_PHOTO = 10 * 1024 * 1024;

const sleepOrOnline = (ms) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });

export class Uploads {
  #items = [];
  #list = h("div", { "aria-live": "polite" });

  /** `changed()` is called when a file was taken, so that what is missing is asked anew. */
  constructor(consultationId, changed) {
    this.id = consultationId;
    this.changed = changed;
  }

  get busy() {
    return this.#items.some((item) => item.state === "sending" || item.state === "waiting" || item.state === "checking");
  }

  element(missing, images) {
    return h("div", null,
      this.#picker("consent", missing.includes("consent") ? "拍知情同意书" : "换一张知情同意书", "image/*", missing.includes("consent")),
      this.#picker("images", images ? `再传心电图或影像(已有 ${images} 份)` : "传心电图或影像(DICOM)", "", missing.includes("material")),
      this.#list);
  }

  #picker(kind, label, accept, needed) {
    const input = h("input", { type: "file", class: "unseen", accept, capture: kind === "consent" ? "environment" : null, multiple: kind === "images" });
    input.addEventListener("change", () => {
      for (const file of input.files) this.#add(kind, file);
      input.value = "";
    });
    return h("label", { class: needed ? "pick" : "pick pick-second" }, input, label);
  }

  #add(kind, file) {
    const item = { kind, file, state: "waiting", part: 0, said: "", tries: 0 };
    this.#items.push(item);
    if (kind === "consent" && file.size > LONGEST_PHOTO) this.#end(item, "refused", "照片超过 10 MB,请把相机的照片调小一点再拍。");
    else this.#send(item);
  }

  async #send(item) {
    for (;;) {
      item.state = "sending";
      item.part = 0;
      item.said = "";
      this.#draw();
      try {
        const { status, value } = await upload(`consultations/${this.id}/${item.kind}`, item.file, (part) => { item.part = part; this.#draw(); });
        if (status === 202) await this.#verdict(item, value.upload_id);
        else this.#end(item, "done", item.kind === "consent" ? "同意书已存好" : "影像已收下");
        return;
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (!problem.offline || item.tries >= WAITS_MS.length) {
          this.#end(item, problem.offline ? "stopped" : "refused", problem.message);
          return;
        }
        item.state = "waiting";
        item.said = `信号不好,正在第 ${item.tries + 1} 次重试…`;
        this.#draw();
        await sleepOrOnline(WAITS_MS[item.tries++]);
      }
    }
  }

  /** The file has arrived; a worker is still reading it. */
  async #verdict(item, uploadId) {
    item.state = "checking";
    item.said = "传完了,正在检查影像…";
    this.#draw();
    for (;;) {
      await sleepOrOnline(VERDICT_MS);
      try {
        const answer = await request("GET", `uploads/${uploadId}`);
        if (answer.state === "accepted") return this.#end(item, "done", "影像已收下");
        if (answer.state === "refused") return this.#end(item, "refused", answer.refusal ?? "这个文件用不了,请重新导出。");
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (!problem.offline) return this.#end(item, "refused", problem.message);
      }
    }
  }

  #end(item, state, said) {
    item.state = state;
    item.said = said;
    this.#draw();
    if (state === "done") this.changed();
  }

  #draw() {
    replace(this.#list, this.#items.map((item) => this.#row(item)));
  }

  #row(item) {
    const part = Math.round(item.part * 100);
    const again = () => {
      item.tries = 0;
      this.#send(item);
    };
    return h("div", { class: "upload" },
      h("div", { class: "upload-row" }, h("span", null, item.file.name), h("span", { class: "faint" }, item.state === "sending" ? `${part}%` : item.state === "done" ? "✓" : "")),
      item.state === "sending" && h("progress", { max: 100, value: part, "aria-label": `${item.file.name} 上传进度` }),
      item.said && h("p", { class: item.state === "refused" ? "upload-refused" : item.state === "done" ? "done-line" : "faint", role: item.state === "refused" ? "alert" : null }, item.said),
      item.state === "stopped" && h("button", { type: "button", class: "weui-btn weui-btn_default", on: { click: again } }, "再试"),
      item.state === "refused" && h("p", { class: "faint" }, "换一个文件,再点上面的按钮传。"));
  }
}
