// The page: four phones, the line above them, and what keeps them alive.

import { DomainClock } from "./clock.js";
import { controlDrawer } from "./control.js";
import { spoken } from "./dates.js";
import { button, h, icon, replace } from "./dom.js";
import { SENTENCES, hints, hintsSeen, speaker } from "./hints.js";
import { Inboxes } from "./inboxes.js";
import { Live } from "./live.js";
import { newsDrawer, othersWaiting } from "./news.js";
import { Phone } from "./phone.js";

const CHOSEN_KEY = "huizhen.simulator.phones";
const CARE_KEY = "huizhen.simulator.care";

const inboxes = new Inboxes();
const live = new Live();
const clock = new DomainClock();
const phones = [];
const row = document.getElementById("phones");
const dots = document.getElementById("dots");

function stored(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The page works the same without remembering.
  }
}

const reachable = () => [...inboxes.people.values()].filter((person) => inboxes.chats(person.key).length);

/**
 * A card for somebody whose phone is not on screen (the experts that were called, the desk that is alarmed) is announced on the phone that
 * holds his role; one press brings his phone there. It goes again when the card is answered or has run out.
 */
function announce({ person: key, chat, message, update }) {
  const card = message ?? update;
  if (card?.type !== "card" || chat.startsWith("group:")) return;
  if (update && (update.card?.replace_text || update.replaced || update.card?.replaced)) phones.forEach((phone) => phone.forget(key, card.seq));
  const person = inboxes.person(key);
  if (!message || !person || shown().has(key)) return;
  const desk = ["duty_doctor", "scheduler"];
  const phone = phones.findLast((one) => one.person.role === person.role) ?? phones.findLast((one) => desk.includes(person.role) && desk.includes(one.person.role));
  phone?.announce({ person, chat, seq: card.seq, title: card.card?.main_title?.title ?? "新消息", open: () => phone.assign(key, chat) });
  drawDots();
}

/** Alone: whoever comes first. Else a patient, a village doctor in the group, a cardiologist, the duty doctor. */
function firstHolders() {
  const people = [...inboxes.people.values()];
  if (inboxes.alone) return people.slice(0, 4).map((person) => ({ key: person.key, chat: inboxes.chats(person.key)[0]?.id ?? null }));
  const of = (role) => people.filter((person) => person.role === role);
  const villageDoctor = of("village_doctor").find((person) => person.name.startsWith("吴")) ?? of("village_doctor")[0];
  const group = inboxes.chats(villageDoctor?.key).find((chat) => chat.id.startsWith("group:"));
  const expert = of("expert").find((person) => /心(血管)?内/.test(`${person.title}${person.place ?? ""}`)) ?? of("expert")[0];
  return [
    [speaker(SENTENCES[0], reachable()), "official_account"],
    [villageDoctor, group?.id],
    [expert, "wecom_app"],
    [of("duty_doctor")[0] ?? of("scheduler")[0], "wecom_app"],
  ].filter(([person]) => person).map(([person, chat]) => ({ key: person.key, chat }));
}

function remembered() {
  const held = stored(CHOSEN_KEY, []);
  return Array.isArray(held) && held.length === Math.min(4, inboxes.people.size) && held.every((one) => inboxes.person(one?.key)) ? held : null;
}

function makePhones() {
  const holders = remembered() ?? firstHolders();
  replace(row);
  for (const [index, { key, chat }] of holders.entries()) {
    const phone = new Phone({ number: index + 1, inboxes, domainNow: () => clock.now(), changed: () => { rememberPhones(); drawDots(); } });
    phones.push(phone);
    row.append(phone.element);
    phone.assign(key, inboxes.chats(key).some((one) => one.id === chat) ? chat : null);
  }
}

const rememberPhones = () => phones.every((phone) => phone.key) && keep(CHOSEN_KEY, phones.map((phone) => ({ key: phone.key, chat: phone.openChatId ?? null })));
const shown = () => new Set(phones.map((phone) => phone.key));

function bring(phone) {
  phone.element.scrollIntoView({ behavior: "smooth", inline: "center", block: "nearest" });
}

/** Show somebody's chat: on the phone he has already, else on the one that holds his role, else on the last. */
function open(key, chat) {
  const role = inboxes.person(key).role;
  const phone = phones.find((one) => one.key === key) ?? phones.findLast((one) => one.person.role === role) ?? phones.at(-1);
  phone.assign(key, chat);
  bring(phone);
}

function prepare(sentence) {
  const fallback = speaker(sentence, reachable());
  const held = phones.find((phone) => phone.person.role === sentence.role);
  const phone = held ?? phones[0];
  const key = sentence.role === "patient" ? fallback.key : held?.key ?? fallback.key;
  const chat = sentence.chat === "group" ? inboxes.chats(key).find((one) => one.id.startsWith("group:"))?.id : sentence.chat;
  // On a narrow screen the sentences would leave too little of the phone.
  if (matchMedia("(max-width: 619px)").matches) showHints(false);
  if (phone.key !== key) phone.assign(key, chat);
  bring(phone);
  phone.prepare(chat, sentence.words);
}

function drawDots() {
  replace(dots, phones.map((phone, index) => button(h("span", { class: "dot" }), () => bring(phone),
    { "aria-label": `第 ${index + 1} 部手机${phone.announced ? ",有人收到邀请或提醒" : ""}`, class: phone.announced ? "dot-news" : "", "aria-current": String(index === nearest()) })));
}

const nearest = () => Math.round(row.scrollLeft / (row.firstElementChild?.offsetWidth || 1));

/** The date gives way on a narrow screen. */
function clockText(text) {
  const [date, weekday, time] = text.split(" ");
  return [h("span", { class: "top-date" }, `${date} ${weekday}`), h("span", null, time)];
}

function drawTop() {
  const count = othersWaiting(inboxes, shown());
  replace(document.getElementById("clock"), icon("clock"), clock.known ? clockText(spoken(clock.now())) : h("span", null, "演示控制"));
  replace(document.getElementById("news"), icon("bell"), h("span", { class: "top-label" }, "新消息"), count > 0 && h("span", { class: "badge" }, count));
  document.getElementById("news").setAttribute("aria-label", count ? `别的手机上有 ${count} 个聊天有新消息` : "新消息");
}

/** What there is to try, or away with it. */
function showHints(wanted) {
  const place = document.getElementById("hints");
  const tips = document.getElementById("tips");
  place.hidden = !wanted;
  tips.setAttribute("aria-expanded", String(wanted));
  replace(place, wanted && hints({ prepare, control: (pane) => control(pane, tips), close: () => showHints(false) }));
}

const control = (pane, opener) => controlDrawer({ clock, inboxes, opener, pane });

function care(wanted) {
  document.documentElement.classList.toggle("care", wanted);
  document.getElementById("care").setAttribute("aria-pressed", String(wanted));
  keep(CARE_KEY, wanted);
  // The mini program's pages keep the same wish; the phone of somebody with poor eyes shows all of it large.
  keep("huizhen.care", wanted ? 1 : 0);
}

function offline(text) {
  const bar = document.getElementById("offline");
  bar.hidden = !text;
  bar.textContent = text ?? "";
}

async function catchUp() {
  const results = await Promise.all(phones.map((phone) => phone.catchUp()));
  if (live.lost) offline(results.some(Boolean) ? "实时连接断了,正在每隔几秒补收消息…" : "连不上服务。已经显示的还在;连上后自动补收。");
}

function wire() {
  document.getElementById("clock").addEventListener("click", (event) => control("", event.currentTarget));
  document.getElementById("news").addEventListener("click", (event) => newsDrawer({ inboxes, shown, open, opener: event.currentTarget }));
  document.getElementById("tips").addEventListener("click", () => showHints(document.getElementById("hints").hidden));
  document.getElementById("care").addEventListener("click", () => care(!document.documentElement.classList.contains("care")));
  row.addEventListener("scroll", () => requestAnimationFrame(drawDots), { passive: true });
  inboxes.addEventListener("chat", drawTop);
  inboxes.addEventListener("read", drawTop);
  clock.addEventListener("moved", drawTop);
  live.addEventListener("news", (event) => { inboxes.take(event.detail); announce(event.detail); });
  live.addEventListener("catch-up", () => { catchUp(); clock.refresh().catch(() => undefined); });
  live.addEventListener("state", (event) => offline(event.detail === "lost" ? "实时连接断了,正在重连…" : null));
  setInterval(() => { for (const phone of phones) phone.tick(); drawTop(); }, 10_000);
}

async function start() {
  // The sign-in pages answer under 127.0.0.1; one name keeps every phone's cookies with one site.
  if (location.hostname === "localhost") {
    location.replace(location.href.replace("//localhost", "//127.0.0.1"));
    return;
  }
  care(stored(CARE_KEY, false));
  try {
    await inboxes.load();
  } catch (problem) {
    replace(row, h("div", { class: "start-state", role: "alert" }, h("p", null, problem.message), button("再试一次", start, { class: "primary" })));
    return;
  }
  if (!inboxes.people.size) {
    replace(row, h("div", { class: "start-state" }, h("p", null, "名单是空的。请先造演示数据(make run 会自动造),再刷新。")));
    return;
  }
  makePhones();
  wire();
  drawTop();
  document.getElementById("tips").hidden = inboxes.alone;
  if (!hintsSeen() && !inboxes.alone) showHints(true);
  live.start();
  clock.refresh().then(() => phones.forEach((phone) => phone.tick())).catch(() => undefined);
}

start();
