// 查验证明: a pharmacy or another hospital brings the number that somebody shows, and learns the one answer. No account, nothing kept here.

import { Problem, request } from "../shared/api.js";
import { spoken } from "../shared/dates.js";
import { button, h, replace } from "../shared/dom.js";

const page = document.getElementById("page");
const CODE = /^Z-[0-9A-HJKMNP-TV-Z]{8}$/;
const WHO_KEY = "huizhen.verify.who";
const LONGEST = 30;

/** To whom the proof is made out: as whoever checks names himself. The patient reads it. */
const audience = (who) => `${who}(网页查验)`;

function known() {
  try {
    return localStorage.getItem(WHO_KEY) ?? "";
  } catch {
    return "";
  }
}

function remember(who) {
  try {
    localStorage.setItem(WHO_KEY, who);
  } catch {
    // Without storage it is asked for each time.
  }
}

/** What was typed or scanned as the number: small letters, spaces, O for 0 and I, L for 1 are taken as meant. */
function meant(text) {
  const typed = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1").replace(/^Z/, "");
  return `Z-${typed}`;
}

function fromAddress() {
  const behind = location.hash.replace(/^#/, "");
  // The number is spent by one check: it need not stay in the address.
  if (behind) history.replaceState(null, "", location.pathname);
  return CODE.test(behind) ? behind : "";
}

function draw() {
  const number = h("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 20, "aria-label": "证明号", placeholder: "Z-" });
  number.value = fromAddress();
  const outcome = h("div", { "aria-live": "polite" });
  const who = h("input", { autocomplete: "organization", maxlength: LONGEST, "aria-label": "谁在查验", placeholder: "比如:平湖镇惠民药店" });
  who.value = known();
  const check = async () => {
    // What a name may be made of: an address of ASCII, or Chinese characters.
    const name = who.value.normalize("NFKC").replace(/[^!-~\u4e00-\u9fff]/g, "");
    const code = meant(number.value);
    if (!CODE.test(code)) {
      replace(outcome, h("p", { class: "notice", role: "alert" }, "证明号是 Z- 加 8 位数字和字母,在对方手机上,两分钟内有效。"));
      number.focus();
      return;
    }
    if (name.length < 2) {
      replace(outcome, h("p", { class: "notice", role: "alert" }, "请写药店或医院的名字,出示的人会看到是谁查的。"));
      who.focus();
      return;
    }
    remember(name);
    replace(outcome, h("p", { class: "empty", role: "status" }, "正在查验…"));
    try {
      replace(outcome, right(await checked(code, audience(name))));
      number.value = "";
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(outcome, wrong(problem));
    }
  };
  for (const field of [number, who]) field.addEventListener("keydown", (event) => { if (event.key === "Enter") check(); });
  replace(page,
    h("p", { class: "actions" }, "扫对方手机上的二维码会打开这一页,也可以把证明号抄在这里。"),
    h("label", { class: "field" }, h("span", null, "证明号"), number),
    h("label", { class: "field" }, h("span", null, "谁在查验(出示的人会看到)"), who),
    h("div", { class: "actions" }, button("查验", check)),
    outcome,
    h("details", { class: "actions" }, h("summary", { class: "fold" }, "这一页查什么,不查什么"),
      h("p", { class: "faint" }, "只回答一件事:这张证明对不对。看不到姓名、身份证号、出生日期、医保号和病历,这里也不留。"),
      h("p", { class: "faint" }, "不回答:拿手机的人是不是本人。要确认是本人,请当面核对。"),
      h("p", { class: "faint" }, "不想靠这一页,可以用查验程序自己核对:huizhen credential verify。")));
  if (number.value) check();
}

/** A nonce of this check, the proof made for it, the answer. */
async function checked(code, to) {
  const { nonce } = await request("POST", "credentials/checks", { body: { audience: to } });
  const { proof } = await request("POST", "credentials/shown", { body: { code, nonce, audience: to } });
  return request("POST", "credentials/checked", { body: { nonce, proof } });
}

/** What was checked, as one says it. */
const PLAINLY = { 持有人绑定: "从持有人的账号出示", 一次性随机数: "是这一次新做的,没有重放" };

function right(told) {
  return h("section", { class: "panel panel-strong", "aria-label": "查验结果" },
    h("h2", { class: "proof-result" }, told.result),
    h("p", null, `出具:${told.issuer}(${told.county})`),
    h("p", null, `查验时间:${spoken(told.checked_at)}`),
    h("ul", { class: "proof-checks", "aria-label": "核对过" }, told.checked.map((one) => h("li", null, `✓ ${PLAINLY[one] ?? one}`))),
    h("details", null, h("summary", { class: "fold" }, "怎么证明的"),
      h("p", { class: "faint" }, told.way_label),
      h("p", { class: "faint hash" }, `出具方公钥指纹:${told.key_thumbprint}`)));
}

const wrong = (problem) =>
  h("section", { class: "panel proof-wrong", role: "alert" }, h("h2", null, problem.offline ? "没有查成" : "查验没有通过"), h("p", null, problem.message));

addEventListener("hashchange", () => { if (location.hash) draw(); });
draw();
