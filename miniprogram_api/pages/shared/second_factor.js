// 动态码: what stands between 确认签名 and the signature. A small sheet asks for the six digits; whoever has no authenticator yet makes one in it.
// What the person has written stays where it is: the request that was refused simply goes on afterwards.

import { Problem, fresh } from "./api.js";
import { h, replace } from "./dom.js";
import { intention } from "./intention.js";
import { qrCode } from "./qr_code.js";
import { notice } from "./states.js";

export const NEEDED = "signing.second_factor_needed";
export const MISSING = "signing.second_factor_missing";

let open = null;

/** Have signing unlocked for this session; resolves to whether it is. All that need it at once share one sheet. */
export function unlocked(code) {
  open ??= (code === MISSING ? enrolSheet() : codeSheet()).finally(() => { open = null; });
  return open;
}

function codeSheet() {
  return sheet("请输入动态码(6 位)", (close) => [
    h("p", { class: "faint" }, "签名前确认是您本人。请看手机验证器上现在的 6 位数字。"),
    codeForm("me/second-factor/codes", "继续签名", () => close(true)),
  ]);
}

function enrolSheet() {
  return sheet("先绑定动态码", (close) => enrolment(() => close(true)));
}

/** The steps of binding: scan, then the first code. `done(view)` when it is bound; `oldCode` where a factor is replaced. */
export function enrolment(done, oldCode = null) {
  const place = h("div", null, h("p", { role: "status" }, "正在取二维码…"));
  fresh("POST", "me/second-factor", { body: oldCode ? { old_code: oldCode } : {} }).then((offered) => {
    replace(place,
      h("p", null, "1. 用手机验证器(如微信里的「腾讯身份验证器」、Microsoft Authenticator)扫这个码:"),
      qrCode(offered.qr, "绑定动态码的二维码"),
      h("details", null, h("summary", { class: "fold" }, "不能扫码"),
        h("p", { class: "faint" }, "在验证器里选「手动输入」,填这个密钥:"), h("p", { class: "factor-secret" }, offered.secret.match(/.{1,4}/g).join(" ")),
        h("p", { class: "faint" }, "验证器要一整行地址的,复制这一行:"), h("p", { class: "faint factor-address", tabindex: "0" }, offered.address)),
      h("p", null, "2. 输入验证器上出现的 6 位数字:"),
      codeForm("me/second-factor/confirmation", "绑定", done));
  }, (problem) => replace(place, notice(problem)));
  return place;
}

/** Six digits; sent as soon as the sixth is there. What was refused is not sent again, for each wrong one counts; what found no answer keeps its key. */
export function codeForm(path, label, done) {
  const field = h("input", { class: "factor-code", type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 7, "aria-label": "6 位动态码" });
  const trouble = h("div", { "aria-live": "polite" });
  const send = h("button", { type: "submit", class: "weui-btn weui-btn_primary" }, label);
  const digits = () => field.value.replace(/[^0-9]/g, "");
  const wish = intention();
  let sending = false;
  let refused = "";
  async function submit(event) {
    event?.preventDefault();
    if (sending) return;
    if (digits().length !== 6) {
      replace(trouble, notice("动态码是 6 位数字。"));
      return;
    }
    const code = digits();
    if (code === refused) {
      field.value = "";
      replace(trouble, notice("这个动态码刚才试过了,请输入验证器上现在的数字。"));
      field.focus();
      return;
    }
    sending = send.disabled = true;
    replace(trouble);
    try {
      const answer = await fresh("POST", path, { body: { code }, key: wish.key(code) });
      wish.settled();
      await done(answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!problem.offline) {
        wish.settled();
        refused = code;
        field.value = "";
      }
      replace(trouble, notice(problem));
      field.focus();
    } finally {
      sending = send.disabled = false;
    }
  }
  field.addEventListener("input", () => { if (digits().length === 6) submit(); });
  return h("form", { novalidate: true, on: { submit } }, h("label", { class: "field" }, h("span", null, "动态码"), field), trouble, h("div", { class: "actions" }, send));
}

function sheet(heading, fill) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const dialog = h("dialog", { class: "confirm factor", "aria-label": heading });
    const close = (good) => dialog.close(good ? "yes" : "no");
    replace(dialog, h("h2", null, heading), fill(close),
      h("div", { class: "actions" }, h("button", { type: "button", class: "weui-btn weui-btn_default", on: { click: () => close(false) } }, "先不签")));
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input")?.focus();
  });
}
