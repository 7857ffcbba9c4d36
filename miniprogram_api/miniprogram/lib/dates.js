// Times as people in China read them. The country has one zone and no summer time; the phone's own zone does not matter.

const { dates: words } = require("../words.js");

const SHANGHAI = 8 * 3600 * 1000;

const local = (moment) => new Date(new Date(moment).getTime() + SHANGHAI);

/** Whether two moments lie on one day in China. */
const sameDay = (one, other) => local(one).toISOString().slice(0, 10) === local(other).toISOString().slice(0, 10);

/** 11月20日 周五 下午3:00 */
function spoken(moment) {
  const at = local(moment);
  const hour = at.getUTCHours();
  const [night, morning, afternoon, evening] = words.parts;
  const part = hour < 6 ? night : hour < 12 ? morning : hour < 18 ? afternoon : evening;
  const time = `${part}${hour > 12 ? hour - 12 : hour}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
  return words.spoken(at.getUTCMonth() + 1, at.getUTCDate(), words.weekdays[at.getUTCDay()], time);
}

module.exports = { sameDay, spoken };
