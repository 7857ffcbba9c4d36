// Times as people in China read them. The country has one zone and no summer time.

const SHANGHAI = 8 * 3600 * 1000;
const WEEKDAYS = "日一二三四五六";

const local = (moment) => new Date(new Date(moment).getTime() + SHANGHAI);

function hour(at) {
  const h = at.getUTCHours();
  const part = h < 6 ? "凌晨" : h < 12 ? "上午" : h < 18 ? "下午" : "晚上";
  return `${part}${h > 12 ? h - 12 : h}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
}

/** 11月20日 周五 下午3:00 */
export function spoken(moment) {
  const at = local(moment);
  return `${at.getUTCMonth() + 1}月${at.getUTCDate()}日 周${WEEKDAYS[at.getUTCDay()]} ${hour(at)}`;
}

/** Only the hour for a moment of the same day as `now`, else the whole date. */
export function short(moment, now) {
  const at = local(moment);
  return at.toISOString().slice(0, 10) === local(now).toISOString().slice(0, 10) ? hour(at) : spoken(moment);
}

/** When the phone's own clock says that a message came: the demonstration's time, which runs ahead of the platform's after a fast-forward. */
export const shownAt = (message) => message.shown_at ?? message.at;

/** 15:04, for a phone's status bar. */
export const digits = (moment) => local(moment).toISOString().slice(11, 16);

/** Seconds as a length of time: 3小时20分, 45秒. */
export function lasting(seconds) {
  const s = Math.abs(Math.round(seconds));
  if (s < 60) return `${s}秒`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes}分`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours}小时${minutes % 60}分` : `${hours}小时`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days}天${hours % 24}小时` : `${days}天`;
}
