// 录像 of a consultation: what was recorded of its calls, and the seats' pictures side by side, played as one.
// Nothing of a file is fetched before 播放 is tapped: each look is written down. A player then asks for many pieces; they all belong to that look.

import { Problem, request } from "./api.js";
import { day, spoken } from "./dates.js";
import { button, h, replace } from "./dom.js";
import { failed, loading, notice } from "./states.js";

const BASE = new URL("../../v1/", import.meta.url);
const STEP_MS = 200;
const DRIFT_S = 0.2;
const NEAR_S = 0.05;
const FAR_S = 1;
const ENOUGH = 3; // HTMLMediaElement.HAVE_FUTURE_DATA
const BEGUN = "call.recording.started";
const CHANGES = /^call\.recording\.(started|stopped\.(?!refused)|stored|nothing)/;
const REFUSED = new Set([403, 404]);
const WRITTEN = "每次查看都会留下记录。";
const LOST = "录像没有取到。有信号时点「再试」,会从停下的地方接着放。";
/** Codec of the pictures by media type (RFC 6381). */
const PICTURES_IN = { "video/webm": "vp8", "video/mp4": "avc1.42E01F" };
const UNPLAYABLE = "这台手机放不了这种录像。请把系统或微信升级后再看,或换电脑打开这一页。";

/** What of the timeline a list of recordings hangs on: "" where nothing was ever recorded, so that nobody asks for a list of nothing. */
const recordedSo = (timeline) =>
  (timeline.some((one) => one.kind === BEGUN) ? timeline.filter((one) => CHANGES.test(one.kind)).map((one) => one.kind).join() : "");

/** 1:05, 1:02:05 */
function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function lasting(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
  if (!minutes) return `${Math.max(1, rest)} 秒`;
  return rest ? `${minutes} 分 ${rest} 秒` : `${minutes} 分钟`;
}
/** Two sentences that break between them first. */
const ofLooks = (one) => [WRITTEN, `至少保存到 ${day(one.kept_until).split(" ")[0]}。`].map((each) => h("span", { class: "recording-sentence" }, each));
const lengthOf = (one) => Math.max(0, ...one.files.map((file) => file.length_ms)) / 1000;

/**
 * The section as an element that fills itself. `ask`: how this page asks, as `request` does. `element.reload()` asks anew and lets stand what is shown
 * while it asks. Where the practice refuses, or there is none any more, there is no section.
 */
function recordingsSection(consultationId, { ask = request } = {}) {
  const address = `consultations/${encodeURIComponent(consultationId)}/recordings`;
  const trouble = h("div");
  const list = h("div");
  const place = h("section", { class: "panel recordings", "aria-label": "录像" }, h("h2", null, "录像"), trouble, list);
  let known = null;
  place.reload = async () => {
    if (known === null) replace(list, loading("正在取录像的目录…"));
    try {
      const { recordings } = await ask("GET", address);
      replace(trouble);
      place.hidden = !recordings.length;
      const told = JSON.stringify(recordings);
      if (told === known) return;
      known = told;
      replace(list, recordings.map((one) => entry(one, address, ask)));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (REFUSED.has(problem.status)) place.hidden = true;
      else if (known !== null) replace(trouble, notice(problem));
      else replace(list, failed(problem, place.reload));
    }
  };
  place.reload();
  return place;
}

/** The same section for as long as the page stands: asked anew only when the timeline says that something has changed. Each list is written down. */
export function keptRecordings(consultationId, options) {
  let [section, before] = [null, ""];
  return (timeline) => {
    const now = recordedSo(timeline);
    if (now && !section) section = recordingsSection(consultationId, options);
    else if (now !== before) section?.reload();
    before = now;
    return section;
  };
}

function entry(one, address, ask) {
  const people = one.files.length ? one.files.filter((file, place, all) => all.findIndex((other) => other.seat === file.seat) === place).map((file) => file.label) : one.agreed;
  const length = one.files.length > 0 && lasting(lengthOf(one));
  return h("article", { class: "recording", "aria-label": `${spoken(one.started_at)}的录像` },
    h("p", { class: "recording-when" }, spoken(one.started_at)),
    h("p", null, [length && `长 ${length}`, people.length > 0 && `有 ${people.join("、")}`].filter(Boolean).join(" · ")),
    one.reason && h("p", { class: "faint" }, one.reason),
    one.files.length > 0 && one.complete === false && h("p", { class: "faint" }, "录像不完整:录的时候断过,可能少了一小段。"),
    standing(one),
    one.files.length > 0 && button("播放", () => openPlayer(one, address, ask), "primary", { class: "weui-btn weui-btn_primary recording-play" }),
    one.files.length > 0 && h("p", { class: "faint" }, ofLooks(one)));
}

/** Why there is nothing to play yet, or ever. */
function standing(one) {
  if (one.files.length) return null;
  if (one.state === "running") return h("p", { role: "status" }, "正在录像。录完、整理好以后在这里看。");
  if (one.state === "stopped") return h("p", { role: "status" }, "正在整理,稍后可以看。不用一直开着这一页。");
  return h("p", { class: "faint" }, "没有录到内容。");
}

/** The recording over the whole screen. */
function openPlayer(recording, address, ask) {
  const before = document.activeElement;
  const files = recording.files;
  const length = lengthOf(recording);
  const moments = [{ at_ms: 0, title: "开始" }, ...recording.chapters];
  let wanted = false; // whether it is to play; it may still be waiting for a piece
  let at = 0;
  let stepped = 0;
  let moves = false; // whether all played when they were last looked at
  let dragged = false;
  let ready = false;
  let takes = 0;
  let timer = null;

  const seats = files.map((file) => {
    const video = h("video", { playsinline: true, "webkit-playsinline": true, "x5-playsinline": true, preload: "auto", "aria-label": file.label, on: { error: () => lost(video) } });
    const figure = h("figure", { class: "player-seat" }, video, h("figcaption", null, file.label));
    const shown = () => { figure.dataset.sound = video.videoWidth ? "no" : "only"; };
    const ends = file.length_ms / 1000;
    for (const event of ["loadedmetadata", "resize"]) video.addEventListener(event, shown);
    // Not every browser remembers where to begin before it knows what it plays.
    video.addEventListener("loadedmetadata", () => Math.abs(video.currentTime - at) > FAR_S && begin(video, ends));
    for (const event of ["canplay", "ended"]) video.addEventListener(event, () => step());
    return { file, video, figure, ends, waits: false };
  }).sort((one, other) => other.ends - one.ends);

  const told = h("div", { class: "player-told", "aria-live": "polite" });
  const time = h("span", { class: "player-time" });
  const scrubber = h("input", {
    type: "range", min: 0, max: Math.max(1, Math.floor(length)), step: 1, value: 0, class: "viewer-slider", "aria-label": "放到哪里",
    on: { input: () => { dragged = true; tell(Number(scrubber.value)); }, change: () => { dragged = false; jump(Number(scrubber.value)); } },
  });
  const toggle = h("button", { type: "button", class: "viewer-button player-toggle", on: { click: () => (wanted ? pause() : play()) } }, "播放");
  const chapters = moments.map((one) => h("button", { type: "button", class: "viewer-button", on: { click: () => jump(one.at_ms / 1000) } }, `${clock(one.at_ms / 1000)} ${one.title}`));
  const dialog = h("dialog", { class: "viewer player", "aria-label": "录像" },
    h("header", { class: "viewer-head" }, h("h2", { class: "viewer-title", tabindex: "-1" }, `录像 ${spoken(recording.started_at)}`),
      h("button", { type: "button", class: "viewer-button", on: { click: () => dialog.close() } }, "关闭")),
    h("div", { class: "player-stage" }, h("div", { class: "player-seats" }, files.map((file) => seats.find((one) => one.file === file).figure)), told),
    h("footer", { class: "viewer-foot" }, scrubber,
      h("div", { class: "player-bar" }, toggle, time),
      moments.length > 1 && h("div", { class: "viewer-windows player-chapters", role: "group", "aria-label": "跳到" }, chapters),
      h("p", { class: "viewer-note" }, ofLooks(recording))));

  function tell(seconds) {
    time.textContent = `${clock(seconds)} / ${clock(length)}`;
    scrubber.setAttribute("aria-valuetext", `${clock(seconds)},共 ${clock(length)}`);
  }
  const begin = (video, ends) => { video.currentTime = Math.min(at, ends); };
  let said = "";
  const say = (...content) => {
    said = "";
    replace(told, ...content);
  };
  /** What stands there already is not said again to who listens. */
  const hint = (words) => {
    if (said === words && (words || !told.childElementCount)) return;
    say(words ? h("p", { role: "status" }, words) : null);
    said = words;
  };
  const over = (one) => at >= one.ends - 0.05 || one.video.ended;

  /** One look at every seat: the practice writes it down and lets the player have the pieces. */
  async function take() {
    const mine = ++takes;
    ready = false;
    toggle.disabled = true;
    say(loading("正在取录像…"));
    try {
      await Promise.all(files.map((file) => ask("POST", `${address}/${file.file_id}/look`, { body: {} })));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (mine === takes && dialog.isConnected) say(failed(problem, take));
      return;
    }
    if (mine !== takes || !dialog.isConnected) return;
    ready = true;
    toggle.disabled = false;
    for (const { file, video, ends } of seats) {
      video.src = new URL(`${address}/${file.file_id}`, BASE);
      begin(video, ends);
    }
    play();
  }

  function play() {
    if (!ready) return;
    if (at >= length - 0.1) jump(0);
    wanted = true;
    toggle.textContent = "暂停";
    step();
  }
  function pause() {
    advance();
    moves = false;
    wanted = false;
    toggle.textContent = "播放";
    for (const { video } of seats) video.pause();
    hint("");
  }
  function jump(seconds) {
    moves = false;
    at = Math.min(length, Math.max(0, seconds));
    for (const one of seats) {
      one.waits = false;
      if (ready) begin(one.video, one.ends);
    }
    scrubber.value = at;
    tell(at);
    step();
  }
  /** One seat's pieces stay away: all stop where they are. What the practice says to it is heard when it is tried again. */
  function lost(video) {
    if (!ready || !video.getAttribute("src")) return;
    pause();
    ready = false;
    toggle.disabled = true;
    say(h("p", { role: "alert" }, LOST), button("再试", take, "default"));
  }

  /** The time goes by the longest of those who play; where nobody does (each came later or has left), by the clock. */
  function advance() {
    const now = performance.now();
    if (moves) {
      at = Math.min(length, at + (now - stepped) / 1000);
      const lead = seats.find((one) => !one.waits && !over(one));
      if (lead && Math.abs(lead.video.currentTime - at) < FAR_S) at = lead.video.currentTime;
    }
    stepped = now;
  }

  /** Keep the seats together: all wait for the one whose piece is still on its way, and who has run ahead or fallen behind is brought back. */
  function step() {
    if (!ready) return;
    advance();
    if (!dragged) {
      scrubber.value = at;
      tell(at);
    }
    if (!wanted) return;
    const going = seats.filter((one) => !over(one));
    if (!going.length) {
      pause();
      at = length;
      tell(at);
      return;
    }
    const late = new Set(going.filter(({ video }) => video.seeking || video.readyState < ENOUGH));
    moves = !late.size;
    for (const one of seats) {
      const { video } = one;
      if (late.has(one)) begun(video); // told to play: some phones fetch nothing for one that stands
      else if (!moves) video.pause();
      else if (going.includes(one)) bringBack(one);
    }
    hint(moves ? "" : "正在取…");
  }
  /** Who is ahead, or begins later, stands until the others are there; who is behind goes a little faster, or jumps where that takes too long. */
  function bringBack(one) {
    const { video } = one;
    const behind = at - video.currentTime;
    one.waits = -behind > (one.waits ? NEAR_S : DRIFT_S);
    if (behind > FAR_S) video.currentTime = at;
    if (behind > FAR_S || behind < NEAR_S) video.playbackRate = 1;
    else if (behind > DRIFT_S) video.playbackRate = 1.1;
    if (one.waits) video.pause();
    else begun(video);
  }
  function begun(video) {
    if (video.paused) video.play().catch(held);
  }
  /** Some browsers play sound only straight after a tap. */
  function held(problem) {
    if (problem.name !== "NotAllowedError" || !wanted) return;
    pause();
    hint("点「播放」开始。");
  }

  dialog.addEventListener("close", () => {
    takes += 1;
    ready = false;
    clearInterval(timer);
    for (const { video } of seats) {
      video.removeAttribute("src");
      video.load();
    }
    dialog.remove();
    before?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("h2").focus();
  tell(0);
  if (!files.every((file) => seats[0].video.canPlayType(`${file.media_type}; codecs="${PICTURES_IN[file.media_type]}, opus"`))) {
    toggle.disabled = true;
    say(h("p", { role: "alert" }, UNPLAYABLE));
    return;
  }
  timer = setInterval(step, STEP_MS);
  take();
}
