// A page opened from chat, inside the phone. Each phone has its own sign-in: its pages live below /phone/<person>/.

import { button, h, iconButton, replace } from "./dom.js";

const PREFIX = /^\/phone\/[^/]+(?=\/)/;
const AUTHORISE = /\/connect\/oauth2\/authorize$/;

/** The address under which this person's phone opens `url`, or null when it is not one of our pages. */
export function phoneAddress(url, key) {
  let parsed;
  try {
    parsed = new URL(url, location.origin);
  } catch {
    return null;
  }
  if (!sameHost(parsed)) return null;
  const prefix = `/phone/${encodeURIComponent(key)}`;
  const path = parsed.pathname.replace(PREFIX, "");
  if (path.startsWith("/h5/")) return `${prefix}${path}${parsed.search}${parsed.hash}`;
  if (AUTHORISE.test(path)) {
    const target = phoneAddress(parsed.searchParams.get("redirect_uri") ?? "", key);
    if (!target) return null;
    parsed.searchParams.set("redirect_uri", location.origin + target);
    return `${path}${parsed.search}${parsed.hash}`;
  }
  return null;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1"]);
const sameHost = (url) => url.origin === location.origin || (LOOPBACK.has(url.hostname) && LOOPBACK.has(location.hostname) && url.port === location.port);

export const miniProgramAddress = (key, path = "") => {
  const [page, query = ""] = path.replace(/^\//, "").split("?");
  // The mini program's own page for the others: what it shows is named behind it.
  const shown = page === "pages/web/web" ? new URLSearchParams(query).get("to") : null;
  if (shown !== null) return `/phone/${encodeURIComponent(key)}/h5/mini/#/${shown}`;
  const named = page && page !== "index" ? `#/${page.replace(/^pages\//, "").replace(/\/index$/, "")}${query ? `?${query}` : ""}` : "";
  return `/phone/${encodeURIComponent(key)}/h5/mini/${named}`;
};

/** `actions` stand in the title bar; `close` leads back to the chat, the arrow to the page before, as WeChat's own two signs do. */
export function webview({ address, title, close, actions = [] }) {
  const heading = h("h2", { class: "title" }, title);
  const waiting = h("p", { class: "state-line", role: "status" }, "正在打开…");
  // The call room asks for camera and microphone.
  const frame = h("iframe", { src: address, title, class: "page-frame", allow: "camera; microphone; autoplay; fullscreen" });
  const back = iconButton("back", "上一页", () => {
    visited.pop();
    frame.contentWindow.location.replace(visited.at(-1));
  }, { hidden: true });
  // The browser's own history is one for all four phones: each keeps its own.
  const visited = [];
  const arrived = () => {
    const here = frame.contentWindow.location.href;
    if (here !== visited.at(-1)) visited.push(here);
    back.hidden = visited.length < 2;
  };
  const reload = () => {
    waiting.hidden = false;
    frame.contentWindow.location.reload();
  };
  frame.addEventListener("load", () => {
    waiting.hidden = true;
    try {
      const named = frame.contentDocument?.title;
      if (named) replace(heading, named);
      arrived();
      frame.contentWindow.addEventListener("hashchange", arrived);
    } catch {
      // A page of another origin keeps its name and its steps to itself.
    }
  });
  return {
    title: heading,
    left: [back, iconButton("close", "关闭页面", close)],
    right: [...actions, button("刷新", reload, { class: "text-button" })],
    element: h("div", { class: "web" }, waiting, frame),
  };
}
