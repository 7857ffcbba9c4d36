// 家人: for whom this account may act.

import { cells, empty, h, link } from "../shared/dom.js";
import { whoAmI } from "./session.js";
import { RELATIONS } from "./words.js";
import { sexLabel } from "../shared/sexes.js";

export async function family() {
  const me = await whoAmI({ anew: true });
  const own = me.patients.some((one) => one.relation === "self");
  return [
    me.patients.length
      ? cells(me.patients.map((one) => link(`#/privacy?patient=${one.patient_id}`, one.full_name, RELATIONS[one.relation] ?? "", `${one.age_years} 岁 · ${sexLabel(one.sex)}`)))
      : empty("还没有登记任何人。"),
    h("div", { class: "actions" },
      !own && h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "登记本人"),
      h("a", { class: "weui-btn weui-btn_default", href: "#/register" }, "添加家人")),
    h("p", { class: "actions faint" }, "只给您照顾的家人登记,例如孩子和老人。"),
  ];
}
