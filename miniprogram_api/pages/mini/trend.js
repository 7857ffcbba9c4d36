// The trend picture of a reading. It is drawn a moment after the reading was recorded.

import { h, replace } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { picture } from "./session.js";
import { MEASURES } from "./words.js";

const TRIES = 25;
const WAIT_MS = 800;
const DRAWN = 7;  // as many values as the picture shows
const TOO = { high: ",太高", low: ",太低" };

const meaning = (reading) => `${reading.level_label}${(reading.level === "danger" && TOO[reading.out]) || ""}`;

/** A figure for `reading`; `readings` (oldest first) are told to those who do not see it. */
export function trendPicture(reading, readings) {
  const place = h("figure", { class: "mini-trend" }, h("p", { class: "faint", role: "status" }, "趋势图正在画…"));
  load(place, reading, readings);
  return place;
}

async function load(place, reading, readings) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const source = await picture(`readings/${reading.reading_id}/trend`);
      const values = readings.slice(-DRAWN).map((one) => one.said).join("、");
      replace(place,
        h("img", { src: source, width: 720, height: 520, alt: `${MEASURES[reading.task]}趋势图,从早到晚:${values}`, on: { load: () => URL.revokeObjectURL(source) } }),
        h("figcaption", { class: "faint" }, `这次 ${reading.said}:${meaning(reading)}。红虚线是控制目标,红点是偏高,紫色方块是偏低。`));
      return;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.code !== "followups.trend_not_drawn") {
        replace(place, h("p", { class: "faint" }, problem.message));
        return;
      }
    }
    await new Promise((resolve) => { setTimeout(resolve, WAIT_MS); });
    if (tries > 0 && !place.isConnected) return;
  }
  replace(place, h("p", { class: "faint" }, "趋势图还没有画好,过一会儿再打开这一页。"));
}
