// Emergency doses: given on the doctor's decision alone, looked at by the pharmacist afterwards.

import { Problem, newKey, request } from "../shared/api.js";
import { spoken } from "../shared/dates.js";
import { button, h, replace } from "../shared/dom.js";
import { notice } from "../shared/states.js";
import { sexLabel } from "../shared/sexes.js";

export const doses = (waiting, list) => waiting.map((one) => doseCard(one, list));

function doseCard({ dose, patient, sex, age }, list) {
  const trouble = h("div");
  const key = newKey();
  const acknowledge = async () => {
    try {
      await request("POST", `doses/${dose.dose_id}/acknowledge`, { body: {}, key });
      await list.refresh();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  return h("section", { class: "panel wl-dose", "aria-label": `急用一剂 ${dose.consultation_code}` },
    h("h2", null, h("span", { class: "tag tag-critical" }, "急用一剂"), `${dose.name} ${dose.amount}`),
    h("p", null, dose.directions),
    dose.warnings.map((one) => h("p", { class: "notice" }, `提醒:${one}`)),
    h("p", null, [patient, sexLabel(sex), age].filter(Boolean).join(" · ")),
    h("p", { class: "faint" }, `${dose.ordered_by}下的,${spoken(dose.ordered_at)} · 会诊 ${dose.consultation_code}`),
    h("details", { "data-name": dose.dose_id }, h("summary", { class: "fold" }, `已排除的禁忌(${dose.ruled_out.length} 条)`),
      h("ul", { class: "case-list" }, dose.ruled_out.map((words) => h("li", null, words)))),
    dose.signature_valid ? null : h("p", { class: "rx-broken", role: "alert" }, "签名和内容对不上,请联系管理员。"),
    trouble,
    button("我已阅", acknowledge, "default"));
}
