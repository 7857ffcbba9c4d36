// One opening for who reviews it: who, why, what was looked at by its titles; then the verdict, once, with a note.

import { ask, orderButton } from "../shared/asking.js";
import { hour, spoken } from "../shared/dates.js";
import { h } from "../shared/dom.js";
import { Parts, keepTyped, saidPart } from "../shared/parts.js";
import { confirmed } from "../shared/states.js";
import { VERDICTS } from "./emergency.js";

export async function review({ rest: [id = ""] }) {
  const parts = new Parts();
  const path = `break-glass/${encodeURIComponent(id)}`;

  async function fresh({ force = false, said = "" } = {}) {
    const view = await ask(path);
    parts.draw([
      saidPart(said),
      ["told", view, () => told(view)],
      ["verdict", view.reviewed_at, () => (view.reviewed_at ? judged(view) : form(view, path, (words) => fresh({ force: true, said: words })))],
    ], { force });
  }

  await fresh();
  parts.element.className = "emergency-two";
  return { element: parts.element, fresh };
}

function told(view) {
  return h("section", { class: "panel panel-strong", "aria-label": `紧急调阅 ${view.code}` },
    h("h2", null, `紧急调阅 ${view.code}`, view.overdue && h("span", { class: "tag tag-critical" }, "超过 72 小时")),
    h("p", null, `${view.role_label} ${view.doctor} 调阅 ${view.patient}`),
    h("p", { class: "faint" }, `${spoken(view.opened_at)} 打开,到 ${spoken(view.until)}`),
    h("p", null, h("b", null, view.reason_label)), h("p", { class: "emergency-said" }, view.words),
    h("h3", null, view.read_count ? `看了 ${view.read_count} 次` : "打开后没有看"),
    view.read_count > 1 && h("p", { class: "faint" }, "同一样内容,一小时里看几次算一次。"),
    view.reads.length > 0 && h("ul", { class: "emergency-reads" }, grouped(view.reads).map((one) => h("li", null,
      h("span", null, one.what), h("span", { class: "faint" }, one.times > 1 ? `${hour(one.at)} 起 ${one.times} 次` : hour(one.at))))),
    view.reads.length > 0 && h("p", { class: "faint" }, "这里只写看了哪一类内容,不写内容本身。"));
}

/** The same thing looked at several times is one line. */
function grouped(reads) {
  const found = new Map();
  for (const one of reads) {
    const what = `${one.title} ${one.about}`.trim();
    found.set(what, { what, at: found.get(what)?.at ?? one.at, times: (found.get(what)?.times ?? 0) + 1 });
  }
  return [...found.values()];
}

const judged = (view) => h("section", { class: "panel", "aria-label": "结论" }, h("h2", null, "结论"),
  h("p", null, h("span", { class: `tag ${view.verdict === "unjustified" ? "tag-critical" : ""}` }, view.verdict_label), `${view.reviewed_by ?? "同事"} · ${spoken(view.reviewed_at)}`),
  h("p", { class: "emergency-said" }, view.verdict_words));

function form(view, path, again) {
  let verdict = "";
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const words = h("textarea", { rows: 3, maxlength: 500 });
  const buttons = Object.entries(VERDICTS).map(([key, label]) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => choose(key) } }, label));
  const element = keepTyped(h("form", { class: "panel emergency-form", novalidate: true, "aria-label": "审查", on: { submit: (event) => event.preventDefault() } }));

  function choose(key) {
    verdict = key;
    element.dataset.typed = "";
    wrong.textContent = "";
    Object.keys(VERDICTS).forEach((one, at) => buttons[at].setAttribute("aria-pressed", String(one === key)));
  }

  words.addEventListener("input", () => { wrong.textContent = ""; });
  element.append(
    h("h2", null, "审查"), h("p", { class: "faint" }, "请对照急诊或转诊的记录。结论只写一次,写后不能改。"),
    h("div", { class: "choices", role: "group", "aria-label": "结论" }, buttons),
    h("label", { class: "field" }, h("span", null, "说明:凭什么这样认为"), words), wrong, trouble,
    h("div", { class: "actions" }, orderButton("写下结论", async () => {
      wrong.textContent = !verdict ? "请选合理或不合理。" : words.value.trim().length < 2 ? "请写一句说明。" : "";
      if (wrong.textContent) {
        (verdict ? words : buttons[0]).focus();
        return null;
      }
      const what = verdict === "unjustified" ? "不合理:档案马上关上,病人一方会收到通知。" : "合理。";
      return (await confirmed(`${what}${view.doctor}会收到结论。写下后不能改。`, "写下结论")) ? [`${path}/review`, { verdict, words: words.value.trim() }] : null;
    }, (done) => again(`已审查:${done.verdict_label}。${done.verdict === "unjustified" ? "档案已关上;通知已发给病人一方(晚上 9 点到早上 8 点之间的,早上 8 点送到)。" : ""}`), { trouble, stale: again })));
  return element;
}
