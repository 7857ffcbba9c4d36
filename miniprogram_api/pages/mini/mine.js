// 我的: the way to everything about myself, and larger letters.

import { cells, h, link } from "../shared/dom.js";
import { chooseLarge, whoAmI } from "./session.js";

const CARE_KEY = "huizhen.care";

export async function mine({ again }) {
  const me = await whoAmI();
  const self = me.patients.find((one) => one.relation === "self");
  const large = document.documentElement.classList.contains("care");
  const toggle = () => {
    try {
      localStorage.setItem(CARE_KEY, large ? "0" : "1");
    } catch {
      // Without storage the choice holds for this page only.
    }
    dispatchEvent(new Event("huizhen-care"));
    // Without a network the choice holds on this phone.
    chooseLarge(!large).catch(() => undefined);
    again();
  };
  return [
    cells(
      self ? link("#/family", self.full_name, "本人", `${self.age_years} 岁${me.phone_verified ? " · 手机号已验证" : ""}`) : link("#/register?relation=self", "登记本人信息", "还没登记")),
    h("div", { class: "weui-cells__title" }, ""),
    cells(link("#/prescriptions", "处方与费用", "", "怎么吃、多少钱、取药码"), link("#/followup", "随访", "", "今天要量什么、趋势图"), link("#/reports", "报告与影像", "", "医生的决定、片子"), link("#/prove", "出示证明", "", "只证明参保、只证明已满 18 岁")),
    h("div", { class: "weui-cells__title" }, ""),
    cells(link("#/appointments", "我的预约"), link("#/family", "家人", `${me.patients.length} 人`), link("#/privacy", "授权与隐私", "", "同意书、谁看过我的记录、更正、投诉、注销"), link("#/devices", "我的设备", "", "在哪里登录着、退出")),
    h("div", { class: "weui-cells__title" }, ""),
    cells(h("button", { type: "button", class: "weui-cell", "aria-pressed": String(large), on: { click: toggle } }, h("span", { class: "weui-cell__bd" }, "关怀模式(字大一些)"), h("span", { class: "weui-cell__ft" }, large ? "已打开" : "关着"))),
  ];
}
