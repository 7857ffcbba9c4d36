// Clocks that run by the practice's time, which the demonstration can move: the page's own clock only measures what passed since it was told.

import { h } from "../shared/dom.js";

let ahead = 0;

/** `now`: the practice's time as it was when the answer was given. */
export function setClock(now) {
  ahead = new Date(now).getTime() - performance.now();
}

const practiceNow = () => performance.now() + ahead;

/** A line that counts down to `until`. Screen readers read it where they are, not every second. */
export function countdown(until) {
  const line = h("b", { class: "desk-clock", role: "timer", "aria-live": "off", "data-until": until });
  draw(line);
  return line;
}

function draw(line) {
  const left = Math.round((new Date(line.dataset.until).getTime() - practiceNow()) / 1000);
  const words = left > 0 ? `还剩 ${length(left)}` : "到时了,正在请别的专家";
  if (line.textContent !== words) line.textContent = words;
  line.classList.toggle("desk-late", left <= 20);
}

/** Seconds as people say them. */
export function length(seconds) {
  if (seconds < 60) return `${seconds} 秒`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} 分 ${seconds % 60} 秒`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} 小时 ${Math.floor((seconds % 3600) / 60)} 分`;
  return `${Math.floor(seconds / 86_400)} 天`;
}

/** How long ago a moment was, in words that stay true until the next reading. */
export function ago(moment) {
  const minutes = Math.max(0, Math.floor((practiceNow() - new Date(moment).getTime()) / 60_000));
  return minutes < 1 ? "刚刚" : minutes < 60 ? `${minutes} 分钟前` : `${length(minutes * 60)}前`;
}

setInterval(() => document.querySelectorAll("[data-until]").forEach(draw), 1000);
