// What the administrator's pages share: the bar below, the county, roles and titles by their names, days of a calendar.

import { whyNot } from "../shared/api.js";
import { whoAmI } from "../shared/asking.js";
import { empty, h } from "../shared/dom.js";
import { tabLink } from "../shared/tabs.js";

const TABS = [
  ["", "机构和人员", "M4 20V8l8-4 8 4v12M9 20v-6h6v6M4 20h16"],
  ["import", "导入名册", "M12 3v12M7 10l5 5 5-5M4 20h16"],
  ["disposals", "到期资料", "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10 11v5M14 11v5"],
];

export const tabs = (current) => TABS.map(([name, label, path]) => tabLink(`#/${name}`, label, path, name === current));

/** Why a page cannot be shown, with a way on; null for the ordinary sentence. */
export function refused(problem, name) {
  const back = h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回机构名单");
  if (problem.status === 403 && name && !TABS.some(([tab]) => tab === name)) return empty("这里不归您管,请那边的管理员来办。", back);
  if (problem.status === 403) return empty(whyNot(problem, "这一页是给管理员用的。要登记人员或改岗位,请联系县里的管理员。"));
  if (problem.status === 404 || problem.status === 422) return empty("没有找到,可能已经改过。", back);
  return null;
}

export const KINDS = { provincial_hospital: "省级医院", county_hospital: "县级医院", township_centre: "乡镇卫生院", village_clinic: "村卫生室" };
export const ROLES = {
  village_doctor: "村医", duty_doctor: "值班医生", expert: "专家", pharmacist: "药师", scheduler: "调度员", administrator: "管理员", auditor: "审计员",
};
export const SCOPES = { clinical: "临床", tcm: "中医", dental: "口腔", public_health: "公共卫生", village: "乡村医生", pharmacy: "药学" };
export const TITLES = [
  "主任医师", "副主任医师", "主治医师", "住院医师", "医师", "执业助理医师", "乡村医生", "主任药师", "副主任药师", "主管药师", "药师", "药士",
  "主任护师", "副主任护师", "主管护师", "护师", "护士",
];
/** Work that needs no licence. */
export const UNLICENSED = new Set(["scheduler", "administrator", "auditor"]);

/** The counties (six digits, name of the house) where who is signed in is administrator. */
export async function counties() {
  const found = new Map();
  for (const one of (await whoAmI()).roles) if (one.role === "administrator") found.set(one.region_code.slice(0, 6), one.organisation);
  return [...found];
}

const DAY = 86_400_000;
const SHANGHAI = 8 * 3600 * 1000;

/** 2030-06-30 of a moment, as the calendar in China has it. */
export const date = (moment) => new Date(new Date(moment).getTime() + SHANGHAI).toISOString().slice(0, 10);
/** The first moment of a day that a date field names; null where it names none. */
export const begins = (text) => (text ? new Date(`${text}T00:00:00+08:00`).toISOString() : null);
/** The moment at which such a day is over. */
export const ends = (text) => (text ? new Date(new Date(`${text}T00:00:00+08:00`).getTime() + DAY).toISOString() : null);
/** The last day of something that ends at `moment`. */
export const lastDay = (moment) => date(new Date(new Date(moment).getTime() - 1));

/** What a licence says of its time: {words, tag}. `until` is its last day. */
export function licence({ licensed, licence_valid_until: until }, today = date(new Date())) {
  if (!licensed) return { words: "不需要执业证", tag: "" };
  if (until < today) return { words: `执业证 ${until} 已过期`, tag: "tag-critical" };
  const left = Math.round((new Date(until) - new Date(today)) / DAY);
  return left <= 30 ? { words: `执业证 ${left} 天后到期(${until})`, tag: "tag-urgent" } : { words: `执业证有效至 ${until}`, tag: "" };
}

/** 从 2026-01-01 到 2026-12-31 */
export function span(role) {
  const from = role.valid_from ? `${date(role.valid_from)} 起` : `${date(role.granted_at)} 授予`;
  if (role.ended_at) return `${from},${date(role.ended_at)} 结束`;
  return role.valid_until ? `${from},到 ${lastDay(role.valid_until)}` : from;
}

export const choices = (options, none = null) => [
  none !== null && h("option", { value: "" }, none), ...options.map(([value, label]) => h("option", { value }, label)),
].filter(Boolean);
