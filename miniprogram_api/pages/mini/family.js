// 家人: for whom this account may act, and who may act for whom it decides.

import { day } from "../shared/dates.js";
import { cells, empty, h, link, title } from "../shared/dom.js";
import { whoAmI } from "./session.js";
import { decidesFor } from "./speakers.js";
import { RELATIONS, SCOPES } from "./words.js";
import { sexLabel } from "../shared/sexes.js";

export async function family() {
  const me = await whoAmI({ anew: true });
  const own = me.patients.some((one) => one.relation === "self");
  const decided = decidesFor(me);
  return [
    me.ended.length > 0 && h("div", { class: "notice mini-note", role: "status" }, me.ended.map((one) => h("p", null,
      `${day(one.ended_at)}起,您不再替${one.relation === "self" ? "这份档案" : one.relation in RELATIONS && one.relation !== "other" ? `一位家人(${RELATIONS[one.relation]})` : "一位家人"}办看病的事:记录看不到,也不能预约。还要帮忙,请他本人或村医重新同意。`))),
    me.patients.length
      ? cells(me.patients.map((one) => link(`#/privacy?patient=${one.patient_id}`, one.full_name, one.guardian ? `${RELATIONS[one.relation] ?? ""}(您是监护人)` : RELATIONS[one.relation] ?? "", detail(one))))
      : empty("还没有登记任何人。"),
    h("div", { class: "actions" },
      !own && h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "登记本人"),
      h("a", { class: "weui-btn weui-btn_default", href: "#/register" }, "添加家人")),
    h("p", { class: "actions faint" }, "只给您照顾的家人登记,例如孩子和老人。"),
    decided.length > 0 && [title("谁能替办"), cells(decided.map((one) => link(`#/speakers?patient=${one.patient_id}`, one.relation === "self" ? "谁能替我办" : `谁能替${one.full_name}办`, "", "看有谁、能办什么、随时移除")))],
  ];
}

const NAMES = { away: "还没实名核验,系统会自动再核验", mismatch: "姓名和身份证号对不上,请带身份证找村医更正" };

/** Less than everything is said. */
function detail(one) {
  const some = one.relation !== "self" && one.scope.length < Object.keys(SCOPES).length;
  return [`${one.age_years} 岁 · ${sexLabel(one.sex)}`, NAMES[one.real_name], one.care_needs.length > 0 && "知情同意还没办完,不能预约", some && `您可以:${one.scope.map((scope) => SCOPES[scope]).join("、")}`].filter(Boolean).join(" · ");
}
