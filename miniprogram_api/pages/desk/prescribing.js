// 处方: what was proposed in this case and where each stands, and the form for a new one or the next revision, checked before it goes out.

import { newKey, Problem, request } from "../shared/api.js";
import { button, h, replace } from "../shared/dom.js";
import { checkList, prescriptionLines, signatureLine } from "../shared/prescription.js";
import { mended } from "../shared/mended.js";
import { words } from "../shared/signing.js";
import { confirmed, notice } from "../shared/states.js";
import { spoken } from "../shared/dates.js";
import { orderButton } from "../shared/asking.js";
import { Draft } from "../shared/drafts.js";
import { Line } from "./drug_line.js";

const REVISABLE = new Set(["PROPOSED", "REFERRED", "RETURNED"]);
const PRESCRIBING = new Set(["IN_PROGRESS", "COMPLETED"]);
const MOST = 5;
const SHOWN = 8;
const WITHDRAWALS = ["病情有变化", "改用别的方案", "开错了"];

export class Prescribing {
  #lines = [];
  #revised = null;
  #key = newKey();
  #told = "";

  constructor(consultationId, done) {
    this.id = consultationId;
    this.done = done;
    this.draft = new Draft("prescription", consultationId);
    this.#build();
  }

  /** What was prescribed and given so far. */
  given({ prescriptions, dose }) {
    return [dose && this.#dose(dose), prescriptions.map((rx) => this.#prescription(rx))];
  }

  /** The form, or why there is none. */
  writing(view) {
    if (!PRESCRIBING.has(view.state) || !view.opinion) {
      return view.state === "ASSIGNED" || view.state === "IN_PROGRESS" ? h("p", { class: "desk-none faint" }, "签了意见,就可以在这里开处方。") : null;
    }
    return this.form;
  }

  #dose(dose) {
    return h("section", { class: "panel", "aria-label": "急用一剂" }, h("h2", null, "急用一剂"),
      h("p", null, h("b", null, `${dose.name} ${dose.amount}`), ` · ${dose.directions}`),
      h("p", { class: dose.signature_valid ? "done-line" : "case-broken" }, dose.signature_valid ? `✓ ${dose.ordered_by}签名,${spoken(dose.ordered_at)}` : "签名和内容对不上,请联系管理员。"),
      h("p", { class: "faint" }, dose.seen_by ? `药师${dose.seen_by}已阅` : "已通知药师"));
  }

  #prescription(rx) {
    const trouble = h("div");
    let reason = "";
    return h("section", { class: "panel", "aria-label": `处方 ${rx.code}` },
      h("h2", null, `处方 ${rx.code}`, h("span", { class: `tag desk-state${rx.state === "RETURNED" ? " tag-urgent" : ""}` }, rx.state_label)),
      rx.return_reason && h("p", { class: "notice desk-returned", role: "status" }, `药师退回:${rx.return_reason}`),
      prescriptionLines(rx), signatureLine(rx),
      rx.findings.length > 0 && h("details", { class: "desk-fold", "data-id": `checks-${rx.prescription_id}`, open: rx.findings.some((one) => one.action === "B") },
        h("summary", { class: "fold" }, `用药检查 ${rx.findings.length} 条`), checkList(rx)),
      REVISABLE.has(rx.state) && button("改方", () => this.#revise(rx), rx.state === "RETURNED" ? "primary" : "default"),
      rx.withdrawable && [
        h("details", { class: "desk-fold", "data-id": `withdraw-${rx.prescription_id}` }, h("summary", { class: "fold" }, "撤回这张处方"),
          words(rx.signer ? "原因(村医、签名医生和药师会看到)" : "原因(村医会看到)", "", WITHDRAWALS, (value) => { reason = value; }),
          orderButton("撤回", async () => {
            if (reason.trim().length < 2) {
              replace(trouble, notice("请写一句原因。"));
              return null;
            }
            return (await confirmed(`撤回处方 ${rx.code}?${rx.state === "RELEASED" ? "取药码马上失效,会告诉病人先不要取药。" : ""}`, "撤回", "不撤回")) ? [`prescriptions/${rx.prescription_id}/withdraw`, { reason: reason.trim() }] : null;
          }, () => {
            if (this.#revised?.prescription_id === rx.prescription_id) this.#clear();
            return this.done();
          }, { trouble, kind: "warn" })),
        trouble]);
  }

  #build() {
    this.heading = h("h2", null, "开处方");
    this.returned = h("div");
    this.diagnosis = h("input", { maxlength: 100, autocomplete: "off" });
    this.note = h("input", { maxlength: 500, autocomplete: "off" });
    this.place = h("div");
    this.search = h("input", { type: "search", autocomplete: "off", maxlength: 40, placeholder: "药名,比如 氨氯地平" });
    this.results = h("div", { class: "desk-results", "aria-live": "polite" });
    this.wrong = h("p", { class: "wrong", role: "alert" });
    this.checked = h("div", { class: "desk-checked", "aria-live": "polite" });
    this.search.addEventListener("input", () => this.#find());
    this.search.addEventListener("focus", () => this.#find(), { once: true });
    this.form = h("section", { class: "panel desk-prescribing", "aria-label": "开处方" }, this.heading, this.returned,
      h("form", { novalidate: true, on: { submit: (event) => event.preventDefault(), input: (event) => this.#changed(event) } },
        h("label", { class: "field" }, h("span", null, "诊断"), this.diagnosis), this.place,
        h("label", { class: "field" }, h("span", null, `加药(最多 ${MOST} 种)`), this.search), this.results,
        h("label", { class: "field" }, h("span", null, "医嘱(可不填)"), this.note)),
      this.checked, this.wrong,
      h("div", { class: "actions" }, button("检查用药", () => this.#check(), "default"), button("开出,请村医签名", () => this.#propose())));
    mended(this.form, this.wrong);
    this.#restore(this.draft.read());
  }

  /** The drug list, asked once. */
  async #drugs() {
    this.list ??= (await request("GET", "drugs")).drugs;
    return this.list;
  }

  async #find() {
    const text = this.search.value.trim();
    try {
      const found = (await this.#drugs()).filter((one) => text && one.name.includes(text)).slice(0, SHOWN);
      if (text !== this.search.value.trim()) return;
      replace(this.results, found.map((one) => this.#result(one)), text && found.length === 0 && h("p", { class: "faint" }, "目录里没有这个药名。目录外的药写在意见里,由当地开。"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(this.results, notice(problem));
    }
  }

  #result(drug) {
    const about = [drug.form, drug.route, drug.village ? "村医可签" : "上级医生签", drug.coverage ? `医保${drug.coverage}类` : "医保目录外"].join(" · ");
    return h("button", { type: "button", class: "desk-drug", on: { click: () => this.#add(drug) } }, h("b", null, drug.name), h("span", { class: "faint line" }, about));
  }

  #append(drug, given = {}) {
    const line = new Line(drug, given, () => {
      this.#lines = this.#lines.filter((one) => one !== line);
      line.element.remove();
      this.#changed({});
    });
    this.#lines.push(line);
    this.place.append(line.element);
    return line.element;
  }

  #add(drug) {
    this.wrong.textContent = "";
    if (this.#lines.some((one) => one.drug.code === drug.code)) this.wrong.textContent = `${drug.name}已经在上面了。`;
    else if (this.#lines.length >= MOST) this.wrong.textContent = `一张处方最多 ${MOST} 种药,请另开一张。`;
    else this.#append(drug).querySelector("input").focus();
    this.search.value = "";
    replace(this.results);
    this.#changed({});
  }

  /** What was checked is no longer what stands there. */
  #changed({ target }) {
    if (target === this.search) return;
    replace(this.checked);
    this.wrong.textContent = "";
    this.draft.keep({ diagnosis: this.diagnosis.value, note: this.note.value, lines: this.#lines.map((one) => one.kept()), revised: this.#revised });
  }

  #restore({ diagnosis = "", note = "", lines = [], revised = null }) {
    this.diagnosis.value = diagnosis;
    this.note.value = note;
    this.#lines = [];
    replace(this.place);
    for (const { drug, ...given } of lines) this.#append(drug, given);
    this.#show(revised);
  }

  #show(revised) {
    this.#revised = revised;
    this.heading.textContent = revised ? `改处方 ${revised.code}` : "开处方";
    replace(this.returned, revised?.return_reason && h("p", { class: "notice desk-returned" }, `药师退回:${revised.return_reason}`),
      revised && button("不改了", () => this.#clear(), "default", { class: "weui-btn weui-btn_default small-button" }));
  }

  #clear() {
    this.draft.clear();
    this.#restore({});
    replace(this.checked);
    this.wrong.textContent = "";
  }

  async #revise(rx) {
    const drugs = new Map((await this.#drugs()).map((one) => [one.code, one]));
    const lines = rx.items.map((one) => ({ drug: drugs.get(one.drug), dose: one.dose, times: one.times_per_day, days: one.days, directions: one.directions }));
    this.#restore({ diagnosis: rx.diagnosis, note: rx.note, lines, revised: { prescription_id: rx.prescription_id, code: rx.code, return_reason: rx.return_reason } });
    this.#changed({});
    this.form.scrollIntoView({ block: "start" });
    this.diagnosis.focus({ preventScroll: true });
  }

  /** The drugs as the order wants them, or null with what is missing said. */
  #items() {
    const missing = this.#lines.map((one) => one.missing()).find(Boolean);
    this.wrong.textContent = this.#lines.length === 0 ? "请先加药:在上面搜药名。" : missing ?? "";
    return this.wrong.textContent ? null : this.#lines.map((one) => one.item());
  }

  /** The check as the signing doctor will meet it; null when it could not be made. */
  async #check() {
    const items = this.#items();
    if (!items) return null;
    try {
      const check = await request("POST", `consultations/${this.id}/drug-check`, { body: { items, ...(this.#revised && { prescription_id: this.#revised.prescription_id }) } });
      const stops = hard(check);
      replace(this.checked,
        stops.length > 0 && h("p", { class: "rx-stopped", role: "alert" }, h("b", null, "不能这样开:"), stops.map((one) => one.text).join(";"), `。${remedy(stops)}再检查。`),
        checkList(check), h("ul", { class: "desk-amounts faint" }, check.items.map((one) => h("li", null, `${one.name} 共 ${one.packs} ${one.pack}`))),
        check.beyond_village.length > 0 && h("p", { class: "faint" }, `村医签不了,会请镇卫生院值班医生签:${check.beyond_village.join(";")}`));
      return check;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(this.checked, notice(problem));
      return null;
    }
  }

  async #propose() {
    const diagnosis = this.diagnosis.value.trim();
    const items = this.#items();
    if (!items) return;
    if (diagnosis.length < 2) {
      this.wrong.textContent = "请写诊断。";
      this.diagnosis.focus();
      return;
    }
    const check = await this.#check();
    if (!check || hard(check).length > 0) {
      this.checked.scrollIntoView({ block: "nearest" });
      return;
    }
    if (!(await confirmed(question(check, this.#revised), "开出", "再看看"))) return;
    await this.#send({ diagnosis, items, note: this.note.value.trim() });
  }

  async #send(body) {
    const path = this.#revised ? `prescriptions/${this.#revised.prescription_id}/revise` : `consultations/${this.id}/prescriptions`;
    const told = `${path} ${JSON.stringify(body)}`;
    if (told !== this.#told) this.#key = newKey();
    this.#told = told;
    try {
      const rx = await request("POST", path, { body, key: this.#key });
      this.#told = "";
      this.#clear();
      replace(this.checked, h("p", { class: "notice notice-good", role: "status" }, `处方 ${rx.code} 已开出,${rx.state === "REFERRED" ? "请镇卫生院值班医生签名" : "请村医签名"}。`));
      await this.done();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!problem.offline) this.#told = "";
      replace(this.checked, notice(problem));
    }
  }
}

const BY_KEY = { "dose.weight": "让村医重新称体重", "dose.age": "换药", days: "改天数" };

/** What the findings ask for, as core/prescriptions/remedies.py tells them apart: 请换药、改剂量, */
const remedy = (stops) => `请${[...new Set(stops.map((one) => BY_KEY[one.key.split(":")[0]] ?? (one.kind === "dose" ? "改剂量" : "换药")))].join("、")},`;

/** What no signature gets past. What has only not been asked of the patient yet is the village doctor's to add. */
const hard = (check) => check.findings.filter((one) => one.action === "B" && one.kind !== "facts");

function question(check, revised) {
  const unasked = check.findings.filter((one) => one.action === "B").length;
  const warned = check.findings.filter((one) => one.action === "W").length;
  const who = check.beyond_village.length ? "镇卫生院值班医生" : "村医";
  const said = [
    unasked && "用药安全资料还没有问全,村医补齐后才能签。", warned && `有 ${warned} 条提醒,签名医生要逐条写理由。`,
  ].filter(Boolean).join("");
  return `${revised ? `改好处方 ${revised.code}` : "开出处方"},请${who}签名?${said}`;
}
