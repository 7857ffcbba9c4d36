// What the pages of 紧急调阅 share: reasons and verdicts by their names, who is asked to do what, and why a page is not shown.

import { whyNot } from "../shared/api.js";
import { empty, h } from "../shared/dom.js";

export const REASONS = {
  unconscious: "昏迷或说不清病史", rescue: "正在抢救", transferred: "转来时原医生联系不上", poisoning: "疑似中毒或过敏,要查用药", inquiry: "监管或司法机关依法要求(只限已锁定的病历)",
};
export const VERDICTS = { justified: "合理", unjustified: "不合理" };
/** Characters of the doctor's own words that the practice asks for. */
export const SHORTEST = 8;

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** What the number itself says of whom it names: 女,1963年11月2日生,63 岁. "" where no such number can exist. Nothing is looked up. */
export function toldByNumber(number, today = new Date()) {
  if (!/^\d{17}[\dX]$/.test(number)) return "";
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
  const [year, month, day] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)].map(Number);
  const born = new Date(year, month - 1, day);
  if ("10X98765432"[sum % 11] !== number[17] || born.getMonth() !== month - 1 || born.getDate() !== day || born > today) return "";
  const passed = today.getMonth() > month - 1 || (today.getMonth() === month - 1 && today.getDate() >= day);
  return `${Number(number[16]) % 2 ? "男" : "女"},${year}年${month}月${day}日生,${today.getFullYear() - year - (passed ? 0 : 1)} 岁`;
}

export const DOCTORS = new Set(["village_doctor", "duty_doctor", "expert"]);
export const REVIEWERS = new Set(["auditor", "administrator"]);

/** Why a page cannot be shown, with a way on; null for the ordinary sentence. */
export function refused(problem, name) {
  const back = h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回到紧急调阅");
  if (problem.status === 403 && name === "case") return empty("这次调阅已经结束,档案关上了。还要看,请重新调阅。", back);
  if (problem.status === 403 && name) return empty("这一次不归您看。", back);
  if (problem.status === 403) return empty(whyNot(problem, "紧急调阅由村医、值班医生和专家做,由审计员和管理员审查。"));
  if (problem.status === 404 || problem.status === 422) return empty("没有找到这次紧急调阅。", back);
  return null;
}
