// The mini program's shell: which page the address names, the bar below, and the states every page shares.

import { stepsOf } from "../shared/address.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { tabLink } from "../shared/tabs.js";
import { keepFresh } from "../shared/fresh.js";
import { failed, loading } from "../shared/states.js";
import { Problem } from "../shared/api.js";
import { appointments } from "./appointments.js";
import { confirmBooking, departments, slots } from "./booking.js";
import { consultation, consultations } from "./consultations.js";
import { devices } from "./devices.js";
import { family } from "./family.js";
import { home } from "./home.js";
import { insurance } from "./insurance.js";
import { mine } from "./mine.js";
import { notices } from "./notices.js";
import { followup, worse } from "./followup.js";
import { measure } from "./measure.js";
import { prescription, prescriptions } from "./prescriptions.js";
import { erasure } from "./erasure.js";
import { privacy } from "./privacy.js";
import { prove } from "./prove.js";
import { consent, register } from "./register.js";
import { report, reports } from "./reports.js";
import { speakers } from "./speakers.js";
import { where } from "./where.js";

const TABS = [
  ["", "首页", "M4 11 12 4l8 7v9H4zM10 20v-6h4v6"],
  ["book", "预约", "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4"],
  ["consultations", "会诊", "M4 5h16v11H9l-5 4zM9 9v4M7 11h4"],
  ["mine", "我的", "M12 4a4 4 0 1 0 .01 0M4 21c0-5 3.5-7 8-7s8 2 8 7"],
];

// Name of the page, its title, the page it belongs under, and what draws it: elements, or {element, fresh} where it asks anew by itself.
const ROUTES = {
  "": ["会诊", null, home],
  book: ["预约", null, departments],
  slots: ["选时间", "book", slots],
  confirm: ["确认预约", "book", confirmBooking],
  consultations: ["我的会诊", null, consultations],
  consultation: ["会诊经过", "consultations", consultation],
  mine: ["我的", null, mine],
  prescriptions: ["处方与费用", "mine", prescriptions],
  prescription: ["处方", "prescriptions", prescription],
  insurance: ["登记医保", "prescriptions", insurance],
  followup: ["随访", "mine", followup],
  measure: ["记一次", "followup", measure],
  worse: ["更难受了", "followup", worse],
  reports: ["报告与影像", "mine", reports],
  report: ["会诊结果", "reports", report],
  appointments: ["我的预约", "mine", appointments],
  family: ["家人", "mine", family],
  speakers: ["谁能替我办", "family", speakers],
  register: ["实名登记", "mine", register],
  consent: ["知情同意", "mine", consent],
  privacy: ["授权与隐私", "mine", privacy],
  erasure: ["注销与删除", "privacy", erasure],
  devices: ["我的设备", "mine", devices],
  notices: ["收到的通知", "mine", notices],
  prove: ["出示证明", "mine", prove],
  where: ["点一点哪里不舒服", "", where],
};

const page = document.getElementById("page");
const tabs = document.getElementById("tabs");
let turn = 0;
const FRESH_MS = 15_000;
/** What asks the page that is shown anew, null where it stays as it is. */
let fresh = null;

/** What each address showed last, for when the network is gone. */
const kept = new Map();
const KEPT = 30;

/** Go to a page: `go("slots/03.01")`. */
function go(path) {
  location.hash = `#/${path}`;
}

function asked() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = stepsOf(path);
  return Object.hasOwn(ROUTES, name) ? { name, rest, query: new URLSearchParams(query) } : { name: "", rest: [], query: new URLSearchParams() };
}

async function show() {
  const mineTurn = ++turn;
  const { name, rest, query } = asked();
  const [heading, above, draw] = ROUTES[name];
  document.title = heading;
  drawTabs(tabOf(name));
  const address = location.hash;
  fresh = null;
  const head = h("header", { class: "page-head" }, above !== null && h("a", { class: "back", href: `#/${above}` }, "‹ 返回"), h("h1", { tabindex: -1 }, heading));
  replace(page, head, loading());
  window.scrollTo(0, 0);
  /** Say whose page it is, once that is known. */
  const called = (words) => {
    if (mineTurn !== turn) return;
    document.title = words;
    head.querySelector("h1").textContent = words;
  };
  try {
    const drawn = await draw({ rest, query, go, again: show, called });
    if (mineTurn !== turn) return;
    const content = drawn?.fresh ? drawn.element : drawn;
    fresh = drawn?.fresh ?? null;
    replace(page, head, content);
    kept.delete(address);
    kept.set(address, [...page.childNodes].slice(1));
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (mineTurn === turn) replace(page, head, trouble(problem, kept.get(address)));
  }
}

/** What is shown stays when the asking fails: the bar says that there is no network, and the next time comes. */
async function refresh() {
  try {
    await fresh?.();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
}

/** What was fetched stays, with a bar that says so; without it, what to do next. */
function trouble(problem, before) {
  if (problem.offline && before) return [h("div", { class: "notice", role: "alert" }, h("p", null, "网络断了,下面是上次取到的。"), button("再试", show, "default")), before];
  if (problem.status === 403) return empty("这一页只给本人和登记过的家人看。要看的话,先在「家人」里登记。", h("a", { class: "weui-btn weui-btn_default", href: "#/family" }, "去家人"));
  if (problem.status === 401) return empty(problem.message);
  if (problem.status === 404) return empty(problem.message, h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回首页"));
  return failed(problem, show);
}

/** The tab that a page lies under, however deep. */
function tabOf(name) {
  const above = ROUTES[name][1];
  return above === null ? name : tabOf(above);
}

/** The bar while the phone has no network: what stands here may be old. */
const offlineBar = h("p", { id: "offline", class: "mini-offline", role: "status", hidden: true }, "没有网络。看得到的是之前取到的,填的都还在。");
page.before(offlineBar);
addEventListener("offline", () => { offlineBar.hidden = false; });
addEventListener("online", () => { offlineBar.hidden = true; });

function drawTabs(current) {
  tabs.hidden = false;
  replace(tabs, TABS.map(([name, label, path]) => tabLink(`#/${name}`, label, path, name === current)));
}

function care() {
  try {
    document.documentElement.classList.toggle("care", localStorage.getItem("huizhen.care") === "1");
    document.body.dataset.weuiMode = localStorage.getItem("huizhen.care") === "1" ? "care" : "";
  } catch {
    // Without storage the letters keep their usual size.
  }
}

window.addEventListener("hashchange", async () => {
  await show();
  page.querySelector("h1")?.focus();
});
window.addEventListener("huizhen-care", care);
care();
keepFresh(refresh, FRESH_MS);
show();
