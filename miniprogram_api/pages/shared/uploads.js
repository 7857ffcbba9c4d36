// Files of one consultation on their way, one after another: how far each is and how long it will take, on by themselves when the signal is back,
// on from where they stopped after a reload, and the reason when one is refused.

import { Problem } from "./api.js";
import { h, replace } from "./dom.js";
import { sha256OfFile } from "./sha256.js";
import { confirmed } from "./states.js";
import { endUpload, howFar, resumableUpload } from "./tus.js";
import { forget, remember, remembered } from "./remembered.js";

const LONGEST_PHOTO = 10 * 1024 * 1024;
const LONGEST_IMAGE = 512 * 1024 * 1024;
const GOING = new Set(["queued", "reading", "sending", "waiting", "checking"]);
const KINDS = { consent: "知情同意书", image: "影像", picture: "照片" };
const DONE = { consent: "同意书已存好", image: "影像已收下", picture: "照片已收下" };
const CHECKING = { consent: "存…", image: "检查影像…", picture: "检查照片…" };
const SPEED_MS = 8000;

export function sizeWords(bytes) {
  if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)} MB`;
}

/** How much longer, in words that stay true when the line changes its mind. */
export function leftWords(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "马上就好";
  if (seconds < 60) return `还剩约 ${Math.ceil(seconds / 10) * 10} 秒`;
  if (seconds < 3600) return `还剩约 ${Math.ceil(seconds / 60)} 分钟`;
  return "还剩一个小时以上";
}

export class Uploads {
  #items = [];
  #list = h("div", { class: "uploads-list" });
  #said = h("p", { class: "unseen", role: "status" });
  #running = false;

  /** `changed(outcome)` is called when a file was taken: its upload as `resumableUpload` gives it. */
  constructor(consultationId, changed) {
    this.id = consultationId;
    this.changed = changed;
    this.#comeBack();
  }

  get busy() {
    return this.#items.some((item) => GOING.has(item.state));
  }

  element(missing, images) {
    return h("div", null,
      this.#picker("consent", missing.includes("consent") ? "拍知情同意书" : "再存一张知情同意书", "image/*", missing.includes("consent")),
      this.#picker("image", images ? `再传心电图或影像(已有 ${images} 份)` : "传心电图或影像(DICOM 或照片)", "", missing.includes("material")),
      this.#list, this.#said);
  }

  /** One button alone, and what was sent with it. */
  single(kind, label, accept) {
    return h("div", null, this.#picker(kind, label, accept, false), this.#list, this.#said);
  }

  #picker(kind, label, accept, needed) {
    const input = h("input", { type: "file", class: "unseen", accept, capture: kind === "consent" ? "environment" : null, multiple: kind !== "consent" });
    input.addEventListener("change", () => {
      for (const file of input.files) this.#add(kind, file);
      input.value = "";
    });
    return h("label", { class: needed ? "pick" : "pick pick-second" }, input, label);
  }

  /** What a page before this one did not finish: it waits for the same file. */
  async #comeBack() {
    for (const known of remembered(this.id)) {
      const come = await howFar(known.id).catch(() => undefined);
      if (come === null) {
        forget(this.id, known.id);
        continue;
      }
      if (this.#items.some((item) => item.sha256 === known.sha256)) continue;
      const whole = come && come.offset >= come.length;
      this.#items.push({ kind: known.kind, name: `上次的${KINDS[known.kind] ?? "文件"}`, size: known.size, sha256: known.sha256, id: known.id, file: null, state: whole ? "queued" : "left", sent: come?.offset ?? null, said: "", rate: null });
    }
    this.#draw();
    this.#work();
  }

  async #add(kind, file) {
    let sha256;
    const left = this.#items.find((item) => item.state === "left" && item.kind === kind && item.size === file.size);
    if (left) {
      sha256 = await sha256OfFile(file).catch(() => undefined);
      if (sha256 === left.sha256) {
        await this.#goOn(left, file);
        return;
      }
    }
    const item = { kind, name: file.name, size: file.size, file, id: null, sha256, state: "queued", sent: 0, said: "", rate: null };
    this.#items.push(item);
    if (file.size === 0) this.#end(item, "refused", "文件是空的,请重新导出再传。");
    else if (kind !== "image" && file.size > LONGEST_PHOTO) this.#end(item, "refused", "照片超过 10 MB,请把相机的照片调小一点再拍。");
    else if (file.size > LONGEST_IMAGE) this.#end(item, "refused", "文件超过 512 MB,请在设备上分开导出再传。");
    this.#draw();
    this.#work();
  }

  /** The same file again, as its content says. Another one is sent as what it is. */
  async #goOn(left, file) {
    left.state = "reading";
    left.said = "";
    this.#draw();
    let sha256;
    try {
      sha256 = await sha256OfFile(file);
    } catch {
      left.state = "left";
      left.said = "这个文件读不到,请再选一次。";
      this.#draw();
      return;
    }
    if (sha256 !== left.sha256) {
      left.state = "left";
      left.said = "这不是上次那个文件(内容不一样)。请选原来的文件接着传,或者点「不传了」再传新的。";
      this.#draw();
      return;
    }
    left.file = file;
    left.name = file.name;
    left.row = null;
    left.state = "queued";
    this.#draw();
    this.#work();
  }

  /** One after another: a weak link carries one file sooner than three together. */
  async #work() {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let item; (item = this.#items.find((one) => one.state === "queued")); ) await this.#send(item);
    } finally {
      this.#running = false;
    }
  }

  async #send(item) {
    item.calling = new AbortController();
    item.state = "sending";
    this.#draw();
    try {
      const outcome = await resumableUpload({
        path: `consultations/${this.id}/uploads`, file: item.file ?? { size: item.size, slice: () => new Blob() }, kind: item.kind, sha256: item.sha256, uploadId: item.id,
        signal: item.calling.signal,
        begun: (id) => {
          item.id = id;
          if (item.sha256) remember(this.id, { id, kind: item.kind, sha256: item.sha256, size: item.size });
        },
        progress: (now) => this.#progressed(item, now),
        hashed: (sha256) => { item.sha256 = sha256; },
      });
      if (outcome.state === "accepted") this.#end(item, "done", DONE[item.kind], outcome);
      else this.#end(item, "refused", outcome.refusal ?? "这个文件用不了,请重新导出。");
    } catch (problem) {
      if (item.calling.signal.aborted) return;
      if (!(problem instanceof Problem)) throw problem;
      const signedOut = problem.status === 401;
      this.#end(item, problem.offline || signedOut ? "stopped" : "refused", signedOut ? "登录过期了,请从微信里重新打开这一页,再选同一个文件,会接着传。" : problem.message);
    } finally {
      item.calling = null;
    }
  }

  #progressed(item, { phase, sent, tries }) {
    const now = performance.now();
    if (phase === "sending" && sent > item.sent && item.measured) {
      const rate = (sent - item.measured.sent) / Math.max(1, now - item.measured.at);
      item.rate = item.rate === null ? rate : item.rate + (rate - item.rate) * Math.min(1, (now - item.measured.at) / SPEED_MS);
    }
    if (phase === "sending") item.measured = { sent, at: now };
    else item.measured = null;
    const before = item.state;
    item.state = phase;
    item.sent = sent;
    item.said = phase === "reading" ? "正在核对文件…" : phase === "waiting" ? `信号不好,有信号会自动接着传(第 ${tries} 次)` : phase === "checking" ? `传完了,正在${CHECKING[item.kind] ?? "检查…"}` : "";
    if (before !== phase && phase !== "reading") this.#say(`${item.name}:${item.said || "正在传"}`);
    this.#draw();
  }

  async #cancel(item) {
    if (!(await confirmed(`不传「${item.name}」了?已经传上去的部分会删掉。`, "不传了", "接着传"))) return;
    item.calling?.abort(new Error("called off"));
    this.#items = this.#items.filter((one) => one !== item);
    if (item.id) {
      forget(this.id, item.id);
      endUpload(item.id).then((gone) => this.#say(gone ? `${item.name}:不传了,传上去的部分已删掉。` : `${item.name}:不传了。现在连不上,传上去的部分一天后自动删掉。`));
    }
    this.#draw();
    this.#work();
  }

  #end(item, state, said, outcome = null) {
    item.state = state;
    item.said = said;
    if (item.id && state !== "stopped") forget(this.id, item.id);
    this.#say(`${item.name}:${said}`);
    this.#draw();
    if (state === "done") this.changed(outcome);
  }

  #say(words) {
    this.#said.textContent = words;
  }

  /** Rows stay where they are and change in place: a button that is redrawn ten times a second cannot be pressed. */
  #draw() {
    for (const item of this.#items) {
      item.row ??= this.#row(item);
      this.#fill(item);
    }
    const rows = this.#items.map((item) => item.row.box);
    if (rows.length !== this.#list.children.length || rows.some((row, index) => row !== this.#list.children[index])) replace(this.#list, rows);
  }

  #row(item) {
    const row = {
      part: h("span", { class: "faint" }), bar: h("progress", { max: 100, "aria-label": `${item.name} 上传进度` }), far: h("p", { class: "faint" }), said: h("p"),
      actions: h("div", { class: "uploads-actions" }), shown: "",
    };
    row.box = h("div", { class: "upload" }, h("div", { class: "upload-row" }, h("span", { class: "uploads-name" }, item.name), row.part), row.bar, row.far, row.said, row.actions);
    return row;
  }

  #fill(item) {
    const { row, state } = item;
    const percent = Math.min(state === "done" ? 100 : 99, Math.floor((100 * item.sent) / item.size));
    const moving = state === "sending" || state === "waiting" || (state === "left" && item.sent !== null);
    row.part.textContent = moving ? `${percent}%` : state === "done" ? "✓" : state === "queued" ? "等着传" : "";
    row.bar.hidden = !(moving || state === "reading");
    // Hashing is quick and is no part of the way: a bar that filled up and began again would tell a lie.
    if (state === "reading") row.bar.removeAttribute("value");
    else row.bar.value = percent;
    row.far.hidden = !moving;
    const left = state === "sending" && item.rate ? leftWords((item.size - item.sent) / item.rate / 1000) : "";
    row.far.textContent = [`${sizeWords(item.sent)} / ${sizeWords(item.size)}`, left].filter(Boolean).join(",");
    const said = state === "left" && !item.said ? `没有传完。请再选一次同一个文件,会从${item.sent === null ? "断的地方" : ` ${percent}% `}接着传。` : item.said;
    row.said.hidden = !said;
    row.said.textContent = said;
    row.said.className = state === "refused" ? "upload-refused" : state === "done" ? "done-line" : "faint";
    if (state === "refused") row.said.setAttribute("role", "alert");
    if (row.shown === state) return;
    row.shown = state;
    replace(row.actions, this.#actions(item));
  }

  #actions(item) {
    const small = (label, act) => h("button", { type: "button", class: "weui-btn weui-btn_default small-button", on: { click: act } }, label);
    if (item.state === "left") return [this.#again(item), small("不传了", () => this.#cancel(item))];
    if (item.state === "stopped") return [small("再试", () => { item.state = "queued"; this.#draw(); this.#work(); }), small("不传了", () => this.#cancel(item))];
    if (item.state === "refused") return h("p", { class: "faint" }, "换一个文件,再点上面的按钮传。");
    return GOING.has(item.state) && item.state !== "checking" ? small("不传了", () => this.#cancel(item)) : null;
  }

  #again(item) {
    const input = h("input", { type: "file", class: "unseen", accept: item.kind === "image" ? "" : "image/*" });
    input.addEventListener("change", () => {
      const [file] = input.files;
      input.value = "";
      if (file) this.#goOn(item, file);
    });
    return h("label", { class: "pick uploads-again" }, input, "再选同一个文件");
  }
}
