// 记一次: a value on large keys; what is dangerous is answered first with what to do.

import { button, card, h, replace } from "../shared/dom.js";
import { Problem, newKey } from "../shared/api.js";
import { notice } from "../shared/states.js";
import { ask } from "./session.js";
import { trendPicture } from "./trend.js";
import { MEASURES, UNITS, levelTag, marked } from "./words.js";

const FIELDS = {
  blood_pressure: [["systolic", "高压(收缩压)", /^\d{0,3}$/], ["diastolic", "低压(舒张压)", /^\d{0,3}$/]],
  fasting_glucose: [["glucose", "空腹血糖", /^\d{0,2}(\.\d{0,2})?$/]],
};
const HOW = {
  blood_pressure: "坐着歇 5 分钟再量,先写高压,再写低压。",
  fasting_glucose: "早饭前测的数,比如 6.8。",
};

export async function measure({ rest: [patientId, task] }) {
  if (!FIELDS[task]) throw new Problem("没有这一项。请从「随访」里再点一次。", { status: 404 });
  const trouble = h("div");
  const place = h("div");
  let key = newKey();
  let current = 0;
  const inputs = FIELDS[task].map(([name, label, shape], index) => {
    const input = h("input", { class: "mini-number", inputmode: "none", autocomplete: "off", maxlength: 5, "aria-label": label, name });
    input.addEventListener("focus", () => { current = index; });
    input.addEventListener("beforeinput", (event) => {
      const next = `${input.value.slice(0, input.selectionStart)}${event.data ?? ""}${input.value.slice(input.selectionEnd)}`;
      if (event.data !== null && !shape.test(next)) event.preventDefault();
    });
    input.addEventListener("input", () => { key = newKey(); });
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); submit.click(); } });
    return input;
  });

  /** A key of the pad: typed at the end of the field that has the turn. */
  function press(sign) {
    const input = inputs[current];
    const [, , shape] = FIELDS[task][current];
    key = newKey();
    if (sign === "⌫") {
      if (!input.value && current > 0) current -= 1;
      else input.value = input.value.slice(0, -1);
    } else if (shape.test(input.value + sign)) {
      input.value += sign;
      if (task === "blood_pressure" && current === 0 && isWhole(input.value)) current = 1;
    }
    mark();
  }
  const mark = () => inputs.forEach((input, index) => input.classList.toggle("mini-number-now", index === current));
  const body = () => Object.fromEntries(inputs.map((input) => [input.name, task === "blood_pressure" ? Number(input.value) : input.value]));

  const submit = button("记下", async () => {
    const missing = inputs.findIndex((input) => !input.value.trim());
    if (missing >= 0) {
      current = missing;
      mark();
      replace(trouble, notice(`还差${FIELDS[task][missing][1]}。`));
      return;
    }
    replace(trouble);
    try {
      const recorded = await ask("POST", `patients/${encodeURIComponent(patientId)}/readings`, { body: body(), key });
      const { readings } = await ask("GET", `patients/${encodeURIComponent(patientId)}/readings?task=${task}`).catch(() => ({ readings: [recorded.reading] }));
      replace(place, result(recorded, readings, patientId, task));
      scrollTo(0, 0);
      place.firstElementChild.focus();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  });
  const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", task === "fasting_glucose" ? "." : "", "0", "⌫"];
  replace(place,
    h("p", { class: "actions faint" }, HOW[task]),
    h("div", { class: "mini-numbers" }, inputs.map((input, index) => h("label", null, h("span", null, FIELDS[task][index][1]), input, h("span", { class: "faint" }, UNITS[task])))),
    h("div", { class: "mini-pad", role: "group", "aria-label": "数字键" }, keys.map((sign) => (sign
      ? h("button", { type: "button", "aria-label": sign === "⌫" ? "删掉一位" : sign === "." ? "小数点" : sign, on: { click: () => press(sign), mousedown: (event) => event.preventDefault() } }, sign)
      : h("span")))),
    trouble,
    h("div", { class: "actions" }, submit));
  mark();
  return place;
}

/** A systolic value is whole with three figures when it begins with 1 or 2, else with two. */
const isWhole = (text) => text.length === (/^[12]/.test(text) ? 3 : 2);

function result(recorded, readings, patientId, task) {
  const { reading } = recorded;
  const { level } = reading;
  const again = h("div", { class: "mini-two" },
    h("a", { class: "weui-btn weui-btn_default", href: `#/measure/${patientId}/${task}?again=${reading.reading_id}` }, "再记一次"),
    h("a", { class: "weui-btn weui-btn_primary", href: `#/followup?patient=${patientId}` }, "回随访"));
  return [
    level === "danger" && h("section", { class: "panel panel-danger", role: "alert", tabindex: -1 },
      h("h2", null, marked(recorded.advice)), h("a", { href: "tel:120" }, "拨打 120")),
    h("section", { class: "panel panel-strong", role: "status", tabindex: -1 },
      h("h2", null, `${MEASURES[task]}记下了`),
      h("p", { class: "mini-value" }, reading.said, " ", levelTag(reading.level, reading.level_label)),
      level !== "danger" && h("p", null, marked(recorded.advice)),
      recorded.highs_in_week > 1 && h("p", null, `这周第 ${recorded.highs_in_week} 次偏高。`),
      recorded.told && h("p", null, `已经告诉${recorded.told},他会联系您。`)),
    recorded.ask_danger_signs && signs(recorded, patientId),
    trendPicture(reading, readings),
    again,
  ];
}

/** After a high pressure: whether there are signs of danger. */
function signs(recorded, patientId) {
  const place = h("div");
  replace(place, card(
    h("p", null, recorded.signs),
    h("div", { class: "mini-two" },
      h("a", { class: "weui-btn weui-btn_warn", href: `#/worse/${patientId}` }, "有"),
      button("没有", () => replace(place, card(h("p", { role: "status" }, recorded.if_no_signs))), "default"))));
  return place;
}
