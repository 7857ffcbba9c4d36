// Words for codes, in one place.

import { h } from "../shared/dom.js";

export const RELATIONS = { self: "本人", father: "父亲", mother: "母亲", spouse: "配偶", child: "孩子", other: "其他家人" };
/** 黎小米(孩子): whose page, button or question it is. */
export const named = (patient) => `${patient.full_name}(${RELATIONS[patient.relation] ?? "家人"})`;
export const PURPOSES = { care: "看病与健康服务", sensitive: "使用健康信息", children: "未满 14 岁孩子的信息", consultation: "远程会诊", recording: "录下视频会诊", research: "医学研究", teaching: "教学" };
export const SCOPES = { book: "替他挂号和办事", record: "看他的记录", consent: "替他同意和撤回", notices: "收他的通知" };
export const APPOINTMENT_STATES = { booked: "已预约", cancelled: "已取消", fulfilled: "已就诊", missed: "未到" };
const URGENCIES = { critical: "危急", emergent: "急重", urgent: "急", routine: "普通", self_care: "自我护理" };
export const SCHEMES = { residents: "城乡居民医保", employees: "职工医保" };
const CHANNELS = { official_account: "公众号", mini_program: "小程序", wecom_app: "企业微信", wecom_robot: "企业微信", h5: "网页", terminal: "终端" };
export const channelName = (channel) => CHANNELS[channel] ?? "系统";

export const urgencyTag = (code, label = URGENCIES[code]) => h("span", { class: `tag tag-${code}` }, label ?? code);

const STAGES = { signing: "", reviewing: "", changing: "urgent", ready: "ready", fetched: "", expired: "past", withdrawn: "past" };
/** How far a prescription is. */
export const stageTag = (stage, label) => h("span", { class: `tag tag-${STAGES[stage] || "plain"}` }, label);

const LEVELS = { normal: "normal", low: "urgent", high: "urgent", danger: "critical" };
/** What a measured value means. */
export const levelTag = (level, label) => h("span", { class: `tag tag-${LEVELS[level] ?? "plain"}` }, label);

export const UNITS = { blood_pressure: "mmHg", fasting_glucose: "mmol/L" };
export const MEASURES = { blood_pressure: "血压", fasting_glucose: "空腹血糖" };

/** Words of the practice that mark what matters with **so**. */
export const marked = (text) => text.split("**").map((part, place) => (place % 2 ? h("strong", null, part) : part));
