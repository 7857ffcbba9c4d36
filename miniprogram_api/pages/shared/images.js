// The images of a consultation: small pictures in a row, and one of them over the whole screen, through windows, frame by frame.
// Pictures are fetched with the session or the bearer token and live in memory only; they are let go when the person closes them.

import { Problem, bearing, isStale, problemOf, renew, request } from "./api.js";
import { day, spoken } from "./dates.js";
import { button, h, replace } from "./dom.js";
import { failed, loading } from "./states.js";

const BASE = new URL("../../v1/", import.meta.url);
const AT_ONCE = 3;
const LONGEST_MS = 90_000;
const KEPT = 60;
const FARTHEST = 8;
const FRAME_PX = 14;
const OFFLINE = "网络断了,没有取到这张影像。有信号时点「再试」。";

let running = 0;
const queue = [];

/** Few at a time: a weak link shows one picture sooner than ten together. `urgent` goes first. */
async function inTurn(job, urgent) {
  if (running >= AT_ONCE) await new Promise((resolve) => (urgent ? queue.unshift(resolve) : queue.push(resolve)));
  running += 1;
  try {
    return await job();
  } finally {
    running -= 1;
    queue.shift()?.();
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One frame as an object URL; asks again while a worker is still drawing it. A refusal is a Problem. */
export async function fetchFrame(id, frame, { window = "auto", size = "full", token, urgent = false }) {
  const address = new URL(`images/${encodeURIComponent(id)}/frames/${frame}?window=${encodeURIComponent(window)}&size=${size}`, BASE);
  return inTurn(async () => {
    for (const until = Date.now() + LONGEST_MS; ;) {
      let response;
      let body;
      const headers = await bearing(token);
      try {
        response = await fetch(address, { headers, cache: "no-store" });
        body = await response.blob();
      } catch {
        throw new Problem(OFFLINE);
      }
      if (response.status === 200) return URL.createObjectURL(body);
      if (response.status !== 202) {
        const problem = problemOf(response.status, await body.text());
        if (token || !isStale(problem)) throw problem;
        await renew();
        continue;
      }
      if (Date.now() > until) throw new Problem("这张影像还没有画好,请过一会儿再看。");
      await sleep(1000 * (Number(response.headers.get("Retry-After")) || 2));
    }
  }, urgent);
}

/** 11月20日 周五, with its year when that is over. */
function takenWords(image) {
  if (!image.taken_on) return "";
  const year = image.taken_on.slice(0, 4);
  return `${year === new Date().toISOString().slice(0, 4) ? "" : `${year}年`}${day(`${image.taken_on}T00:00:00+08:00`)}`;
}
/** When a patient's photo came: it says more than the day that his phone wrote into it. */
const whenWords = (image) => image.sent_by && image.sent_by !== "village_doctor" ? spoken(image.sent_at) : takenWords(image);
const wordsOf = (image) => [image.label, whenWords(image)].filter(Boolean).join(" ");

/**
 * The images of a consultation as an element that fills itself. `token`: gives the mini program's bearer token, where the page has no cookie.
 * `strip.reload()` asks anew and keeps what is shown while it asks.
 */
export function imageStrip(consultationId, { token } = {}) {
  const place = h("section", { class: "images", "aria-label": "影像" });
  const bar = h("p", { class: "notice images-bar", role: "status", hidden: true });
  const list = h("ul", { class: "images-list" });
  let known = null;
  place.reload = load;
  async function load() {
    try {
      const { images } = await request("GET", `consultations/${encodeURIComponent(consultationId)}/images`, { token });
      bar.hidden = true;
      const ids = images.map((one) => one.instance_id).join();
      if (known === ids) return;
      known = ids;
      draw(images);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 401) replace(place, h("p", { class: "empty" }, "登录过期了,请从微信里重新打开这一页再看影像。"));
      else if (problem.status === 403) replace(place, h("p", { class: "empty" }, "影像只给参加这次会诊的人看。"));
      else if (known !== null) {
        bar.hidden = false;
        bar.textContent = `${problem.message}(下面是上次取到的)`;
      } else replace(place, failed(problem, load));
    }
  }
  function draw(images) {
    if (!images.length) {
      replace(place, h("p", { class: "images-none faint" }, "还没有影像。村医传了会出现在这里。"));
      return;
    }
    const pictures = images.filter((one) => one.frames > 0);
    replace(list, images.map((image) => h("li", null, image.frames > 0
      ? thumbnail(image, token, () => openViewer(pictures, pictures.indexOf(image), token))
      : h("p", { class: "images-report" }, `${wordsOf(image)}(不是图像)`))));
    replace(place, bar, list, pictures.length > 0 && h("p", { class: "faint images-note" }, "点开看大图。供参考,不作诊断显示器用。"));
  }
  replace(place, loading("正在取影像…"));
  load();
  return place;
}

function thumbnail(image, token, open) {
  const words = wordsOf(image);
  const shown = h("span", { class: "images-thumb", "aria-hidden": "true" }, "…");
  const box = h("button", { type: "button", class: "images-item", "aria-label": `看${words}${image.frames > 1 ? `,共 ${image.frames} 帧` : ""}`, on: { click: open } },
    shown, h("span", { class: "images-words" }, image.label), whenWords(image) && h("span", { class: "faint images-words" }, whenWords(image)),
    image.frames > 1 && h("span", { class: "faint images-words" }, `${image.frames} 帧`));
  let asked = false;
  async function fill() {
    if (asked) return;
    asked = true;
    try {
      const url = await fetchFrame(image.instance_id, 1, { size: "thumb", token });
      const picture = h("img", { alt: "", src: url });
      picture.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
      replace(shown, picture);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(shown, problem.offline ? "没取到" : "看不了");
      asked = !problem.offline;
    }
  }
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    fill();
  });
  seen.observe(box);
  window.addEventListener("online", () => box.isConnected && fill());
  return box;
}

/** One image over the whole screen: that at `index` of `images` as the list of them gives them. */
export function openViewer(images, index, token) {
  const before = document.activeElement;
  const pictures = new Map();
  let image = images[index];
  let frame = 1;
  let chosen = "auto";
  let asked = 0;
  let view = { scale: 1, x: 0, y: 0 };

  const heading = h("h2", { class: "viewer-title", tabindex: "-1" });
  const count = h("span", { class: "viewer-count", "aria-live": "polite" });
  const picture = h("img", { class: "viewer-picture", alt: "", draggable: "false" });
  const told = h("div", { class: "viewer-told", "aria-live": "polite" });
  const stage = h("div", { class: "viewer-stage", role: "group", tabindex: "0", "aria-label": "影像。方向键换帧,加减键放大缩小,0 复原" }, picture, told);
  const windows = h("div", { class: "viewer-windows", role: "group", "aria-label": "窗" });
  const slider = h("input", { type: "range", min: 1, step: 1, class: "viewer-slider", "aria-label": "第几帧", on: { input: () => go(Number(slider.value)) } });
  const dialog = h("dialog", { class: "viewer", "aria-label": "影像" },
    h("header", { class: "viewer-head" }, heading, count, h("button", { type: "button", class: "viewer-button", on: { click: () => dialog.close() } }, "关闭")),
    stage,
    h("footer", { class: "viewer-foot" }, slider, windows,
      images.length > 1 && h("div", { class: "viewer-windows" },
        h("button", { type: "button", class: "viewer-button", on: { click: () => turn(-1) } }, "上一份"),
        h("button", { type: "button", class: "viewer-button", on: { click: () => turn(1) } }, "下一份")),
      h("p", { class: "viewer-note" }, "供参考,不作诊断显示器用")));

  const key = (one, n, through) => `${one.instance_id}/${n}/${through}`;

  async function take(one, n, through, urgent) {
    const name = key(one, n, through);
    if (!pictures.has(name)) {
      pictures.set(name, fetchFrame(one.instance_id, n, { window: through, token, urgent }));
      if (pictures.size > KEPT) drop(pictures.keys().next().value);
    }
    try {
      return await pictures.get(name);
    } catch (problem) {
      pictures.delete(name);
      throw problem;
    }
  }
  function drop(name) {
    const leaving = pictures.get(name);
    pictures.delete(name);
    leaving?.then((url) => URL.revokeObjectURL(url), () => {});
  }

  async function show() {
    const mine = ++asked;
    const [one, n, through] = [image, frame, chosen];
    label();
    const waiting = setTimeout(() => mine === asked && replace(told, h("p", { role: "status" }, "正在取影像…")), 150);
    try {
      const url = await take(one, n, through, true);
      if (mine !== asked || !dialog.isConnected) return;
      picture.src = url;
      picture.alt = `${wordsOf(one)} 第 ${n} 帧`;
      picture.hidden = false;
      replace(told);
      for (const next of [n + 1, n - 1, n + 2]) if (next >= 1 && next <= one.frames) take(one, next, through, false).catch(() => {});
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (mine !== asked) return;
      if (!problem.offline) picture.hidden = true;
      replace(told, h("p", { role: "alert" }, problem.message), button("再试", show, "default"));
    } finally {
      clearTimeout(waiting);
    }
  }

  function label() {
    heading.textContent = wordsOf(image);
    count.textContent = image.frames > 1 ? `第 ${frame} / ${image.frames} 帧` : "";
    slider.hidden = image.frames < 2;
    slider.max = image.frames;
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `第 ${frame} 帧,共 ${image.frames} 帧`);
    for (const one of windows.children) one.setAttribute("aria-pressed", String(one.dataset.window === chosen));
  }
  function go(n) {
    const next = Math.min(image.frames, Math.max(1, n));
    if (next === frame) return;
    frame = next;
    show();
  }
  function turn(step) {
    index = (index + step + images.length) % images.length;
    begin();
  }
  function begin() {
    image = images[index];
    frame = 1;
    chosen = "auto";
    replace(windows, image.windows.map((one) => h("button", { type: "button", class: "viewer-button", "data-window": one.window, on: { click: () => { chosen = one.window; show(); } } }, one.label)));
    windows.hidden = image.windows.length < 2;
    picture.hidden = true;
    place({ scale: 1, x: 0, y: 0 });
    show();
  }

  function place(next) {
    const scale = Math.min(FARTHEST, Math.max(1, next.scale));
    const far = { x: (stage.clientWidth * (scale - 1)) / 2, y: (stage.clientHeight * (scale - 1)) / 2 };
    view = { scale, x: Math.max(-far.x, Math.min(far.x, next.x)), y: Math.max(-far.y, Math.min(far.y, next.y)) };
    picture.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  }
  /** Larger or smaller around the point (x, y) of the stage's middle. */
  const zoom = (factor, x = 0, y = 0) => {
    const scale = Math.min(FARTHEST, Math.max(1, view.scale * factor));
    const by = scale / view.scale;
    place({ scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by });
  };
  const middle = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };

  const fingers = new Map();
  let from = null;
  let lastTap = 0;
  stage.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button")) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    from = { frame, view, y: event.clientY, x: event.clientX, moved: false, apart: apart() };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId) || !from) return;
    fingers.set(event.pointerId, event);
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    from.moved ||= Math.abs(dx) + Math.abs(dy) > 8;
    if (fingers.size > 1) {
      const now = apart();
      if (from.apart > 0) zoom(now / from.apart, ...middle({ clientX: centre("clientX"), clientY: centre("clientY") }));
      from.apart = now;
    } else if (view.scale > 1) place({ ...view, x: from.view.x + dx, y: from.view.y + dy });
    else if (image.frames > 1) go(from.frame + Math.round((Math.abs(dy) > Math.abs(dx) ? dy : dx) / FRAME_PX));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => {
      if (!fingers.delete(event.pointerId)) return;
      if (end === "pointerup" && from && !from.moved && fingers.size === 0) {
        if (event.timeStamp - lastTap < 350) place({ scale: 1, x: 0, y: 0 });
        lastTap = event.timeStamp;
      }
      if (fingers.size === 1) {
        const [left] = fingers.values();
        from = { frame, view, y: left.clientY, x: left.clientX, moved: true, apart: 0 };
      }
    });
  }
  const centre = (axis) => [...fingers.values()].reduce((sum, one) => sum + one[axis], 0) / fingers.size;
  function apart() {
    const [one, other] = fingers.values();
    return other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
  }
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...middle(event));
  }, { passive: false });
  const keys = {
    ArrowRight: () => go(frame + 1), ArrowDown: () => go(frame + 1), ArrowLeft: () => go(frame - 1), ArrowUp: () => go(frame - 1),
    Home: () => go(1), End: () => go(image.frames), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => place({ scale: 1, x: 0, y: 0 }),
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.target === slider || !keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    asked += 1;
    for (const name of [...pictures.keys()]) drop(name);
    before?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  begin();
  stage.focus();
}
