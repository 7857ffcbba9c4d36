// Times as people in China read them. The country has one zone and no summer time.

const SHANGHAI = 8 * 3600 * 1000;
const WEEKDAYS = "日一二三四五六";

const local = (moment) => new Date(new Date(moment).getTime() + SHANGHAI);

/** 11月20日 周五; of another year with its number. */
export function day(moment) {
  const at = local(moment);
  const year = at.getUTCFullYear() === local(Date.now()).getUTCFullYear() ? "" : `${at.getUTCFullYear()}年`;
  return `${year}${at.getUTCMonth() + 1}月${at.getUTCDate()}日 周${WEEKDAYS[at.getUTCDay()]}`;
}

/** 下午3:00 */
export function hour(moment) {
  const at = local(moment);
  const h = at.getUTCHours();
  const part = h < 6 ? "凌晨" : h < 12 ? "上午" : h < 18 ? "下午" : "晚上";
  return `${part}${h > 12 ? h - 12 : h}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
}

/** 11月20日 周五 下午3:00 */
export const spoken = (moment) => `${day(moment)} ${hour(moment)}`;
