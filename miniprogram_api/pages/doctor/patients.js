// 我的病人: her list, by the numbers under which she calls them in the group; found by number or name.

import { cells, empty, h, link } from "../shared/dom.js";
import { lockedPatients, myPatients } from "./my_patients.js";
import { sexLabel } from "../shared/sexes.js";
import { Parts } from "../shared/parts.js";

const SEARCH_FROM = 8;

export async function patients() {
  const parts = new Parts();
  const wanted = h("input", { type: "search", maxlength: 20, placeholder: "编号或姓名", "aria-label": "找病人" });
  const found = h("div");
  let list = await myPatients({ anew: true });
  const show = () => {
    const words = wanted.value.trim();
    const fitting = list.filter((one) => !words || String(one.number).startsWith(words.replace(/号$/, "")) || one.full_name.includes(words));
    const shut = lockedPatients().filter((one) => !words || String(one.number).startsWith(words.replace(/号$/, "")));
    found.replaceChildren(shut.length ? cells(...fitting.map(row), ...shut.map(lockedRow)) : fitting.length ? cells(...fitting.map(row)) : empty(words ? "名单上没有这样的病人。" : "名单上还没有病人。先登记一位,会诊时说编号就行。"));
  };
  wanted.addEventListener("input", show);
  const draw = () => {
    parts.draw([["list", [list, lockedPatients()], () => { show(); return found; }]]);
  };
  draw();
  return {
    element: h("div", null,
      list.length >= SEARCH_FROM && h("div", { class: "doctor-search" }, wanted),
      parts.element,
      h("div", { class: "actions" }, h("a", { class: "weui-btn weui-btn_default", href: "#/enlist" }, "登记新病人"))),
    async fresh() {
      list = await myPatients({ anew: true });
      draw();
    },
  };
}

const row = (one) =>
  link(`#/patient/${one.patient_id}`, [h("span", { class: "doctor-number" }, `${one.number}号`), one.full_name], `${sexLabel(one.sex)} ${one.age_years}岁`, one.has_wechat ? null : "没有微信");

const lockedRow = (one) => link(`#/patient/${one.patient_id}`, [h("span", { class: "doctor-number" }, `${one.number}号`), "已按本人要求锁定"], null, null);
