// The line that asks for a consultation, as it would be typed in the group, put together from the fields of a form.

// The bounds are those within which the engine takes a number for a measurement, so that nothing typed is passed over in silence.
export const VITALS = [
  { name: "systolic", label: "高压(收缩压)", unit: "mmHg", least: 30, most: 300 },
  { name: "diastolic", label: "低压(舒张压)", unit: "mmHg", least: 15, most: 200 },
  { name: "heart_rate", label: "心率", unit: "次/分", least: 10, most: 350 },
  { name: "spo2", label: "血氧", unit: "%", least: 30, most: 100 },
  { name: "temperature", label: "体温", unit: "℃", least: 25, most: 45, decimal: true },
  { name: "respiratory_rate", label: "呼吸", unit: "次/分", least: 1, most: 150 },
];
// AVPU in words the engine knows.
export const CONSCIOUSNESS = { "": "没看", alert: "清醒", voice: "叫得应", pain: "掐才有反应", unresponsive: "叫不醒" };
const CONSCIOUSNESS_SAID = { alert: "意识清楚", voice: "嗜睡,叫得应", pain: "意识模糊", unresponsive: "叫不醒" };
export const URGENCIES = { "": "让系统判断", critical: "危急", emergent: "急重", urgent: "急", routine: "普通" };

/** What is wrong with a measured value as typed, in words, or "". */
export function vitalProblem({ label, unit, least, most, decimal }, text) {
  const typed = text.trim();
  if (!typed) return "";
  if (!(decimal ? /^\d{1,3}(\.\d)?$/ : /^\d{1,3}$/).test(typed)) return `${label}请写数字${decimal ? ",最多一位小数" : ""}。`;
  const value = Number(typed);
  return value < least || value > most ? `${label} ${typed} 不像量出来的数,应在 ${least} 到 ${most} ${unit} 之间。` : "";
}

/** What is wrong between the two numbers of a blood pressure. */
export function pressureProblem(systolic, diastolic) {
  if (!systolic.trim() && !diastolic.trim()) return "";
  if (!systolic.trim() || !diastolic.trim()) return "血压请写两个数,高压和低压。";
  return Number(diastolic) >= Number(systolic) ? "低压应比高压小,是不是写反了?" : "";
}

const onOneLine = (text) => text.trim().replace(/\s*\n+\s*/g, ",").replace(/[。;;,,!!??\s]+$/u, "");

const ASKS = /^(请问|请教|想问)|[??]|要不要|能不能|可不可以|是否|怎么办|怎么处理|该不该|需不需要/;

/** A question on its own, so that it is found as one in the line. */
function asked(text) {
  const words = onOneLine(text).replace(/[。;;!!]+/gu, ",");
  if (!words) return "";
  return `。${ASKS.test(words) ? words : `请问${words}`}?`;
}

/** `会诊 3号 胸痛2小时,血压90/60,心率112,意识清楚,危急。要不要马上转院?` */
export function consultationLine(values) {
  const said = [
    onOneLine(values.complaint),
    values.systolic && `血压${values.systolic.trim()}/${values.diastolic.trim()}`,
    values.heart_rate && `心率${values.heart_rate.trim()}`,
    values.spo2 && `血氧${values.spo2.trim()}%`,
    values.temperature && `体温${values.temperature.trim()}℃`,
    values.respiratory_rate && `呼吸${values.respiratory_rate.trim()}`,
    CONSCIOUSNESS_SAID[values.consciousness],
    values.urgency && URGENCIES[values.urgency],
  ].filter(Boolean).join(",");
  return `会诊 ${values.number}号 ${said}${asked(values.question ?? "")}`;
}
