// When the expert is on duty in the next two weeks, and when he is away.

import { mended } from "../shared/mended.js";
import { request } from "../shared/api.js";
import { day, hour, spoken } from "../shared/dates.js";
import { h, replace, title } from "../shared/dom.js";
import { confirmed } from "../shared/states.js";
import { orderButton } from "../shared/asking.js";
import { Parts, keepTyped } from "../shared/parts.js";

const AWAY = { no: "", part: "部分请假", whole: "请假" };
const SHANGHAI_MS = 8 * 3600 * 1000;

export async function roster() {
  const parts = new Parts();
  let view = null;

  async function fresh({ force = false } = {}) {
    view = await request("GET", "roster");
    parts.draw([
      ["absences", view.absences, () => absences(view, () => fresh({ force: true }))],
      ["form", view.practitioner_id, () => form(view, () => fresh({ force: true }))],
      ["shifts", view.shifts, () => shifts(view.shifts)],
    ], { force });
  }

  await fresh();
  parts.element.className = "desk-roster";
  return { element: parts.element, fresh };
}

function shifts(list) {
  const days = byDay(list);
  return h("section", { "aria-label": "两周排班" }, title("两周排班"),
    list.length
      ? h("div", { class: "weui-cells" }, [...days].map(([name, ones]) => h("div", { class: "weui-cell" },
        h("div", { class: "weui-cell__bd" }, h("p", null, name), ones.map((one) => h("p", { class: "faint" }, `${one.duty_label} ${span(one)}`))),
        h("div", { class: "weui-cell__ft" }, ones.some((one) => one.away !== "no") && h("span", { class: "tag tag-urgent" }, AWAY[ones.find((one) => one.away !== "no").away])))))
      : h("p", { class: "empty" }, "这两周没有给您排班。要排班请联系县医院调度员。"));
}

function byDay(list) {
  const days = new Map();
  for (const one of list) days.set(day(one.starts_at), [...(days.get(day(one.starts_at)) ?? []), one]);
  return days;
}

function span({ starts_at: from, ends_at: to }) {
  if (new Date(to) - new Date(from) === 86_400_000) return "全天";
  return `${hour(from)} 到 ${day(from) === day(to) ? "" : "次日"}${hour(to)}`;
}

function absences(view, again) {
  const trouble = h("div");
  return h("section", { "aria-label": "请假" }, title("请假"),
    view.absences.length
      ? h("div", { class: "weui-cells" }, view.absences.map((one) => h("div", { class: "weui-cell" },
        h("div", { class: "weui-cell__bd" }, h("p", null, `${spoken(one.starts_at)} 到 ${spoken(one.ends_at)}`), h("p", { class: "faint" }, one.running ? "正在请假,不会收到会诊邀请" : "还没开始")),
        h("div", { class: "weui-cell__ft" }, small(orderButton(one.running ? "提前销假" : "取消", async () => {
          const question = one.running ? "现在就销假?马上又会收到会诊邀请;请假时关掉的号不会自动重开。" : "取消这次请假?请假时关掉的号不会自动重开。";
          return (await confirmed(question, one.running ? "销假" : "取消请假")) ? [`absences/${one.absence_id}/end`, {}] : null;
        }, again, { trouble, kind: "default" }))))))
      : h("p", { class: "empty" }, "没有请假。"),
    trouble);
}

const small = (element) => {
  element.classList.add("small-button");
  return element;
};

function form(view, again) {
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const from = h("input", { type: "datetime-local", required: true });
  const to = h("input", { type: "datetime-local", required: true });
  const clear = mended(from, wrong, from, to);
  mended(to, wrong, from, to);
  const set = (starts, ends) => () => {
    clear();
    from.value = local(starts);
    to.value = local(ends);
    element.dataset.typed = "";
  };
  const midnight = (ahead) => {
    const here = new Date(new Date(view.now).getTime() + SHANGHAI_MS);
    return new Date(Date.UTC(here.getUTCFullYear(), here.getUTCMonth(), here.getUTCDate() + ahead) - SHANGHAI_MS);
  };
  const quick = [["今天剩下的时间", () => set(new Date(view.now), midnight(1))()], ["明天一天", () => set(midnight(1), midnight(2))()], ["从明天起一周", () => set(midnight(1), midnight(8))()]];
  const send = orderButton("请假", async () => {
    const starts = moment(from.value);
    const ends = moment(to.value);
    const bad = !starts || !ends || starts >= ends;
    wrong.textContent = bad ? "请填开始和结束,结束要晚于开始。" : "";
    for (const one of [from, to]) one.setAttribute("aria-invalid", String(bad));
    if (bad) {
      from.focus();
      return null;
    }
    const question = `${spoken(starts)} 到 ${spoken(ends)} 请假?这段时间不会请您会诊,没约出去的号会关掉;已约的号请联系调度员。`;
    if (!(await confirmed(question, "请假"))) return null;
    return ["absences", { practitioner_id: view.practitioner_id, starts_at: starts.toISOString(), ends_at: ends.toISOString() }];
  }, async () => {
    delete element.dataset.typed;
    replace(trouble, h("p", { class: "notice notice-good", role: "status" }, "请好假了。"));
    from.value = to.value = "";
    await again();
  }, { trouble });
  const element = keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
    h("div", { class: "choices" }, quick.map(([label, fill]) => h("button", { type: "button", on: { click: fill } }, label))),
    h("label", { class: "field" }, h("span", null, "从"), from),
    h("label", { class: "field" }, h("span", null, "到"), to), wrong, trouble, h("div", { class: "actions" }, send)));
  return h("details", { class: "desk-fold", "data-id": "absence" }, h("summary", { class: "fold" }, "要请假"), element);
}

/** Of a moment what a field for date and time shows in China. */
const local = (at) => new Date(at.getTime() + SHANGHAI_MS).toISOString().slice(0, 16);

/** The moment that such a field names, or null. */
function moment(text) {
  const at = new Date(`${text}:00+08:00`);
  return Number.isNaN(at.getTime()) ? null : at;
}
