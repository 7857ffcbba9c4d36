// Runs a mini program's package in a browser: App, Page, require, setData and the little WXML that the shell uses, over the simulator's wx object.
// Anything that this does not know (another directive, another expression, another wx call) is an error, so that the shell uses nothing unproven.

import { BUTTONS, phoneOf } from "/simulator/static/wx.js";

const PACKAGE = new URL("package/", location.href);
const asked = new URLSearchParams(location.search);
const person = asked.get("person");
const log = { calls: [], contracts: 0, refreshed: 0, opened: [], subscribed: [] };
const stack = [];
let app = null;
let definition = null;

const source = async (path) => {
  const response = await fetch(new URL(path, PACKAGE));
  if (!response.ok) throw new Error(`no file ${path}`);
  return response.text();
};

// Everything is fetched once at the beginning: require is synchronous, and so is a page that opens.
const manifest = JSON.parse(await source("app.json"));
const modules = new Map();
const templates = new Map();
const loaded = new Map();

async function gather(path) {
  if (modules.has(path)) return;
  const text = await source(path);
  modules.set(path, text);
  for (const [, name] of text.matchAll(/require\("([^"]+)"\)/g)) await gather(resolved(path, name));
}

const resolved = (from, name) => new URL(name, new URL(from, "http://package/")).pathname.slice(1);

function run(path) {
  if (loaded.has(path)) return loaded.get(path).exports;
  const module = { exports: {} };
  loaded.set(path, module);
  const need = (name) => run(resolved(path, name));
  new Function("module", "exports", "require", "wx", "App", "Page", "getCurrentPages", `${modules.get(path)}\n//# sourceURL=${path}`)(
    module, module.exports, need, wx, (wanted) => { app = wanted; }, (wanted) => { definition = wanted; }, () => [...stack]);
  return module.exports;
}

const host = {
  open: (url) => { log.opened.push(url); return show(url, false); },
  back: () => back(),
  restart: (url) => show(url, true),
  call: (number) => { log.calls.push(number); },
  contract: () => { log.contracts += 1; },
  refreshed: () => { log.refreshed += 1; },
  // What she answers WeChat's dialog: all the same.
  subscribe: async (templates) => {
    log.subscribed.push(templates);
    return Object.fromEntries(templates.map((one) => [one, asked.get("subscribe") ?? "accept"]));
  },
};
const { wx, press } = phoneOf({ person, host });

function show(url, anew) {
  const [path, query = ""] = url.replace(/^\//, "").split("?");
  if (!manifest.pages.includes(path)) throw new Error(`${path} is not in app.json`);
  stack.at(-1)?.onHide?.();
  if (anew) for (const page of stack.splice(0)) page.onUnload?.();
  // A page's file runs anew for every instance; what it requires is shared, as on a phone.
  loaded.delete(`${path}.js`);
  run(`${path}.js`);
  const template = new DOMParser().parseFromString(`<root xmlns:wx="wx">${templates.get(path)}</root>`, "application/xml");
  const page = Object.create(definition);
  page.data = structuredClone(definition.data);
  page.setData = (values) => {
    Object.assign(page.data, structuredClone(values));
    if (stack.at(-1) === page) draw(page);
  };
  Object.assign(page, { template: template.documentElement });
  stack.push(page);
  // As on a phone: what stands behind a page's path is handed over as it was written.
  page.onLoad?.(Object.fromEntries(query.split("&").filter(Boolean).map((part) => part.split("="))));
  page.onShow?.();
  draw(page);
}

/** The person goes back by the arrow of the title bar. */
function back() {
  stack.pop().onUnload?.();
  stack.at(-1).onShow?.();
  draw(stack.at(-1));
}

function valueOf(expression, scope) {
  const path = expression.trim();
  if (!/^[a-zA-Z][\w.]*$/.test(path)) throw new Error(`an expression that is more than a name: ${path}`);
  return path.split(".").reduce((found, name) => found?.[name], scope);
}

const filled = (text, scope) => text.replace(/\{\{(.+?)\}\}/g, (_, expression) => valueOf(expression, scope) ?? "");
const whole = (text, scope) => valueOf(/^\{\{(.+)\}\}$/.exec(text)[1], scope);

const TAGS = { view: "div", text: "span", button: "button", "web-view": "iframe" };
const PLAIN = new Set(["class", "id", "src"]);
const WEBVIEW_EVENTS = { binderror: "error" };

function draw(page) {
  const root = document.createElement("page");
  for (const node of page.template.childNodes) append(root, node, page.data, page);
  const focused = document.activeElement?.id;
  document.body.replaceChildren(root);
  if (focused) document.getElementById(focused)?.focus();
}

function append(parent, node, scope, page) {
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.textContent.trim()) parent.append(filled(node.textContent, scope));
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  const condition = node.getAttribute("wx:if");
  const list = node.getAttribute("wx:for");
  if (list) {
    const name = node.getAttribute("wx:for-item") ?? "item";
    for (const item of whole(list, scope) ?? []) {
      const inner = { ...scope, [name]: item };
      if (!condition || whole(condition, inner)) parent.append(element(node, inner, page));
    }
  } else if (!condition || whole(condition, scope)) {
    parent.append(element(node, scope, page));
  }
}

function element(node, scope, page) {
  if (!TAGS[node.tagName]) throw new Error(`an element that is not played: ${node.tagName}`);
  const made = document.createElement(TAGS[node.tagName]);
  const openType = node.getAttribute("open-type");
  for (const { name, value } of node.attributes) {
    if (name.startsWith("wx:") || name === "open-type") continue;
    else if (name === "aria-role") made.setAttribute("role", value);
    else if (name === "bindtap") made.addEventListener("click", () => page[value]({ currentTarget: { dataset: { ...made.dataset } } }));
    else if (openType && name === `bind${openType.toLowerCase()}`) made.addEventListener("click", async () => page[value]({ detail: await press(openType) }));
    else if (WEBVIEW_EVENTS[name]) made.addEventListener(WEBVIEW_EVENTS[name], () => page[value]({}));
    else if (PLAIN.has(name) || name.startsWith("data-")) made.setAttribute(name, filled(value, scope));
    else throw new Error(`an attribute that is not played: ${name}`);
  }
  if (openType && !BUTTONS.includes(openType)) throw new Error(`a button that is not played: ${openType}`);
  if (node.tagName === "web-view") made.title = "网页";
  for (const child of node.childNodes) append(made, child, scope, page);
  return made;
}

for (const path of ["app.js", ...manifest.pages.map((page) => `${page}.js`)]) await gather(path);
for (const path of manifest.pages) templates.set(path, await source(`${path}.wxml`));
run("app.js");
app.onLaunch?.();
document.body.setAttribute("data-ready", "");
globalThis.shell = { log, stack, back, wx, refresh: () => stack.at(-1).onPullDownRefresh() };
// A message may open any page first.
show(asked.get("page") ?? manifest.pages[0], true);
