// 动态码: the authenticator app of a practitioner's phone, as one line above its screen. It shows the code of now and counts it down.

import * as api from "./api.js";
import { button, h, replace } from "./dom.js";

/** {key, element, close}. The element asks for the next code by itself as long as it is on a phone. */
export function authenticatorTile(key) {
  const code = h("b", { class: "one-time-code", title: "签名时输入" }, "······");
  const left = h("span", null, "");
  const next = h("span", { class: "next-code" }, "");
  const trouble = h("span", { role: "status" });
  const scanned = h("input", { type: "text", class: "scan-field", "aria-label": "二维码下面的那行密钥地址", placeholder: "otpauth://…", autocomplete: "off" });
  const scanning = h("details", { class: "scan" }, h("summary", null, "扫码"),
    h("p", null, "把绑定页面里「不能扫码」下面的地址贴到这里,等于用这部手机扫码。"), scanned, button("绑定", async () => {
      try {
        draw(await api.scan(key, scanned.value.trim()));
        scanned.value = "";
        scanning.open = false;
      } catch (problem) {
        replace(trouble, problem.message);
      }
    }, { class: "text-button" }));
  const element = h("div", { class: "authenticator", role: "group", "aria-label": "动态码验证器" },
    h("span", null, "动态码"), code, left, next, trouble, scanning);
  let ends = 0;
  let asking = false;

  function draw(shown) {
    ends = Date.now() + shown.seconds_left * 1000;
    replace(code, `${shown.code.slice(0, 3)} ${shown.code.slice(3)}`);
    code.dataset.code = shown.code;
    replace(next, `下一个 ${shown.next_code.slice(0, 3)} ${shown.next_code.slice(3)}`);
    replace(trouble);
    count();
  }

  function count() {
    replace(left, ends ? `${Math.max(0, Math.ceil((ends - Date.now()) / 1000))} 秒后换` : "");
  }

  async function ask() {
    if (asking) return;
    asking = true;
    try {
      draw(await api.oneTimeCode(key));
    } catch (problem) {
      ends = Date.now() + 5000;
      replace(code, "······");
      replace(next);
      replace(trouble, problem.message);
    } finally {
      asking = false;
    }
  }

  const timer = setInterval(() => {
    if (!element.isConnected) return;
    if (Date.now() >= ends) ask();
    else if (!trouble.textContent) count();
  }, 1000);
  ask();
  return { key, element, close: () => clearInterval(timer) };
}
