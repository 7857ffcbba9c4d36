// 发药: against the code that the patient shows, once. Typed always; taken from a photo where the browser can read QR codes.

import { button, h, replace } from "../shared/dom.js";
import { yuan } from "../shared/money.js";
import { panel } from "../shared/opened.js";
import { give } from "../shared/signing.js";
import { confirmed, notice } from "../shared/states.js";

const LENGTH = 8;

/** Codes that were taken at the queue, for the prescription that they open. */
const taken = new Map();

/** "R-M1XT 7K2M-90QX" as it stands in the picture, or the dispensing code alone → {prescription, code}. */
export function readCode(text) {
  const plain = text.toUpperCase().trim();
  const prescription = /\bR-[0-9A-Z]{4}\b/.exec(plain)?.[0] ?? null;
  return { prescription, code: plain.replace(/\bR-[0-9A-Z]{4}\b/, "").replace(/[^0-9A-Z]/g, "") };
}

/** Over the queue: the code in the patient's picture opens his prescription. */
export function codeBox(list) {
  const trouble = h("div", { "aria-live": "polite" });
  const take = (text) => {
    const { prescription, code } = readCode(text);
    const row = list.view.to_dispense.find((one) => one.code === prescription);
    if (row) {
      taken.set(row.prescription_id, code);
      field.value = "";
      field.blur();
      list.open(row.prescription_id);
      return;
    }
    const done = list.view.done_today.find((one) => one.code === prescription);
    if (done) replace(trouble, notice(`处方 ${prescription} 现在是“${done.state_label}”,不能发药。`));
    else if (prescription) replace(trouble, notice(`待发药里没有处方 ${prescription}。请核对编号,或看看是不是还没审方。`));
    else replace(trouble, notice("请输入处方编号和取药码,像 R-7K2M 3F8Q-2W9D;只有取药码时,先点下面的处方。"));
  };
  const field = h("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 40, placeholder: "处方编号和取药码" });
  return h("form", { class: "panel", "aria-label": "取药", on: { submit: (event) => { event.preventDefault(); take(field.value); } } },
    h("label", { class: "wl-code" }, h("span", null, "病人来取药"), field),
    trouble,
    photo(take, trouble),
    h("button", { type: "submit", class: "weui-btn weui-btn_default" }, "打开处方"));
}

export function dispensing(rx, changed) {
  if (rx.state !== "RELEASED") return null;
  if (rx.signature_valid === false) return panel("发药", h("p", { class: "rx-stopped" }, "签名和内容对不上,不能发药。请联系管理员。"));
  const trouble = h("div", { "aria-live": "polite" });
  const field = h("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 40, placeholder: "8 位取药码", value: taken.get(rx.prescription_id) ?? "" });
  taken.delete(rx.prescription_id);
  const take = (text) => {
    const { prescription, code } = readCode(text);
    if (prescription !== null && prescription !== rx.code) {
      replace(trouble, notice(`这是处方 ${prescription} 的取药码,现在打开的是 ${rx.code}。请核对。`));
      return;
    }
    replace(trouble);
    field.value = code;
  };
  const dispense = async () => {
    take(field.value);
    if (trouble.childElementCount) return;
    if (field.value.length !== LENGTH) {
      replace(trouble, notice(`取药码是 ${LENGTH} 位,请对着病人的手机再看一遍。`));
      return;
    }
    const drugs = rx.items.map((one) => `${one.name} ${one.packs} ${one.pack}`).join("、");
    if (!(await confirmed(`把 ${drugs} 发给病人?药费共 ${yuan(rx.fee_fen)}。`, "发药", "先不"))) return;
    await give(rx, "dispense", { dispense_code: field.value }, { trouble, changed, said: "已发药,取药码用完了。" });
  };
  return panel("发药",
    h("label", { class: "wl-code" }, h("span", null, "病人的取药码(手机上,或村医打印的单子上)"), field),
    trouble,
    photo(take, trouble),
    button("发药", dispense));
}

/** A photo of the picture, where this browser can read it; the code is typed everywhere. */
function photo(take, trouble) {
  if (!("BarcodeDetector" in window)) return null;
  const input = h("input", { type: "file", class: "unseen", accept: "image/*", capture: "environment" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      const [found] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(await createImageBitmap(file));
      if (found) take(found.rawValue);
      else replace(trouble, notice("照片里没有看到取药码,请靠近一点再拍,或直接输入。"));
    } catch {
      replace(trouble, notice("这台手机读不了照片里的码,请直接输入。"));
    }
  });
  return h("label", { class: "pick pick-second" }, input, "拍取药码");
}
