// Whose record and why, what follows from it, and only then the record. Nothing is searched: who has no number finds nobody, and nothing is
// shown before it is opened, not even whether there is such a record. Below it what one opened before; reviewers see what waits for them.

import { ask, orderButton, whoAmI } from "../shared/asking.js";
import { spoken } from "../shared/dates.js";
import { empty, h, link, title } from "../shared/dom.js";
import { mended } from "../shared/mended.js";
import { Parts, keepTyped, saidPart } from "../shared/parts.js";
import { confirmed } from "../shared/states.js";
import { Problem } from "../shared/api.js";
import { DOCTORS, REASONS, REVIEWERS, SHORTEST, toldByNumber } from "./emergency.js";

export async function start({ go }) {
  const parts = new Parts();
  const held = (await whoAmI()).roles.map((one) => one.role);
  const doctor = held.some((one) => DOCTORS.has(one));
  const reviewer = held.some((one) => REVIEWERS.has(one));
  if (!doctor && !reviewer) throw new Problem("", { status: 403 });

  async function fresh({ force = false, said = "" } = {}) {
    const [mine, waiting] = await Promise.all([doctor ? ask("break-glass") : null, reviewer ? ask("break-glass/to-review") : null]);
    parts.draw([
      saidPart(said),
      ...(doctor ? [["form", null, () => form(go)], ["mine", mine.openings, () => own(mine.openings)]] : []),
      ...(reviewer ? [["waiting", waiting, () => toReview(waiting)]] : []),
    ], { force });
  }

  await fresh();
  parts.element.className = doctor ? "emergency-two" : "";
  return { element: parts.element, fresh };
}

const CODE = /^C-[0-9A-Z]{4,6}$/;
const ID_NUMBER = /^\d{17}[\dX]$/;

function form(go) {
  let reason = "";
  const trouble = h("div");
  const number = h("input", { autocomplete: "off", maxlength: 18, spellcheck: "false", "aria-describedby": "wrong-number" });
  const words = h("textarea", { rows: 3, maxlength: 500, "aria-describedby": "wrong-words" });
  const wrong = Object.fromEntries(["number", "reason", "words"].map((key) => [key, h("p", { class: "wrong", role: "alert", id: `wrong-${key}` })]));
  const reasons = Object.entries(REASONS).map(([key, label]) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => choose(key) } }, label));
  const element = keepTyped(h("form", { class: "panel emergency-form", novalidate: true, "aria-label": "打开一份档案", on: { submit: (event) => event.preventDefault() } }));

  function choose(key) {
    reason = key;
    element.dataset.typed = "";
    Object.keys(REASONS).forEach((one, at) => reasons[at].setAttribute("aria-pressed", String(one === key)));
    wrong.reason.textContent = "";
  }

  function problems() {
    const whose = number.value.trim().toUpperCase();
    return {
      number: ID_NUMBER.test(whose) && !toldByNumber(whose) ? "身份证号有一位不对,请再对一遍。" : CODE.test(whose) || ID_NUMBER.test(whose) ? "" : "请写会诊编号(C-7K2M 这样)或 18 位身份证号。没有编号查不到人。",
      reason: reason ? "" : "请选一个理由。",
      words: [...words.value.replace(/\s/g, "")].length >= SHORTEST ? "" : `请用自己的话写清情况,至少 ${SHORTEST} 个字。`,
    };
  }

  mended(number, wrong.number, number);
  mended(words, wrong.words, words);
  const send = orderButton("紧急调阅", async () => {
    const found = problems();
    for (const [key, text] of Object.entries(found)) wrong[key].textContent = text;
    number.setAttribute("aria-invalid", String(Boolean(found.number)));
    words.setAttribute("aria-invalid", String(Boolean(found.words)));
    if (found.number || found.reason || found.words) {
      (found.number ? number : found.reason ? reasons[0] : words).focus();
      return null;
    }
    const whose = number.value.trim().toUpperCase();
    const told = toldByNumber(whose);
    const who = told ? `证件上的人是${told},和眼前的病人对得上吗?` : `会诊 ${whose} 的病人。打开后先核对姓、性别、年龄。`;
    if (!(await confirmed(`打开这份档案?${who}病人和家属马上收到通知,写明是您、什么理由;县里会审查。只为救治才打开。`, "确认紧急调阅"))) return null;
    return ["break-glass", { ...(CODE.test(whose) ? { consultation_code: whose } : { id_number: whose }), reason, words: words.value.trim() }];
  }, (view) => go(`opened/${view.break_glass_id}`), { trouble, kind: "warn" });

  element.append(
    h("h2", null, "打开一份档案"),
    h("p", null, "病人危急、您又没有在管他时用。先救人;危急马上打 ", h("b", null, "120"), "。"),
    h("label", { class: "field" }, h("span", null, "会诊编号,或病人的身份证号"), number, wrong.number),
    h("div", { role: "group", "aria-label": "理由" }, h("p", { class: "faint" }, "理由"), h("div", { class: "choices" }, reasons), wrong.reason),
    h("label", { class: "field" }, h("span", null, "情况,用自己的话写"), words, wrong.words),
    h("div", { class: "emergency-after", role: "note" }, h("p", null, h("b", null, "打开以后:")), h("ul", { class: "case-list" },
      h("li", null, "您能看这位病人的档案 4 小时,只能看,不能改。"),
      h("li", null, "病人和家属马上收到通知,写明是您、什么理由;您看过什么,他们自己能查。"),
      h("li", null, "县里的审计员逐次审查;不合理的会告诉病人。"))),
    trouble, h("div", { class: "actions" }, send));
  return element;
}

function own(list) {
  return h("section", { "aria-label": "我调阅过的" }, title("我调阅过的"),
    list.length
      ? h("div", { class: "weui-cells" }, list.map((one) => (one.live ? link(`#/opened/${one.break_glass_id}`, `${one.code} ${one.patient}`, tag("打开着", "tag-urgent"), about(one)) : past(one))))
      : empty("您还没有紧急调阅过。"));
}

const tag = (words, kind = "") => h("span", { class: `tag ${kind}` }, words);
const about = (one) => `${one.reason_label} · ${spoken(one.opened_at)} · ${one.verdict_label}`;
const past = (one) => h("div", { class: "weui-cell" },
  h("div", { class: "weui-cell__bd" }, h("p", null, `${one.code} ${one.patient}`), h("p", { class: "faint" }, about(one))), h("div", { class: "weui-cell__ft" }, "已关上"));

function toReview(view) {
  const waiting = view.openings.filter((one) => !one.reviewed_at);
  const done = view.openings.filter((one) => one.reviewed_at);
  return h("section", { "aria-label": "调阅审查" }, title(`等您审查 ${view.unreviewed} 次`),
    waiting.length ? h("div", { class: "weui-cells" }, waiting.map(row)) : empty("现在没有要审查的紧急调阅。有了会在企业微信里通知您。"),
    done.length > 0 && h("details", { class: "panel", "data-id": "done" }, h("summary", { class: "fold" }, `审查过的 ${done.length} 次`), done.map(row)));
}

function row(one) {
  const side = one.reviewed_at ? tag(one.verdict_label, one.verdict === "unjustified" ? "tag-critical" : "") : one.overdue ? tag("超过 72 小时", "tag-critical") : tag("待审查", "tag-urgent");
  return link(`#/review/${one.break_glass_id}`, `${one.code} ${one.doctor}`, side, `${one.patient} · ${one.reason_label} · ${spoken(one.opened_at)} · 看了 ${one.read_count} 次`);
}
