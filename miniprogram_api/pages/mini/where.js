// 人体图: who does not know what to call it points at where it is, how it feels, how bad, since when; one sentence comes of it, and the dialogue goes on from there.

import { h, replace } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { conversation } from "./talk.js";

const SVG = "http://www.w3.org/2000/svg";
const VIEWS = [["front", "前面"], ["back", "后面"]];
const WHOM = [["", "我自己"], ["孩子", "孩子"], ["我爸", "爸爸"], ["我妈", "妈妈"], ["我爱人", "爱人"]];
const SINCE = ["刚刚", "今天", "昨天", "三天了", "一个星期了", "一个多月了", "好几年了"];
const MOST = 4;
/** Words below the numbers of the pain scale: 0 none, 10 the worst pain one can think of. */
const PAIN_WORDS = { 0: "一点不疼", 2: "有一点", 4: "能忍", 6: "难受", 8: "很疼", 10: "受不了" };

async function bodyMap() {
  try {
    const answer = await fetch(new URL("body_map.json", import.meta.url));
    if (!answer.ok) throw new Problem("人体图没有打开,请再试一次。也可以直接在聊天里说哪里不舒服。", { status: answer.status });
    return await answer.json();
  } catch (problem) {
    if (problem instanceof Problem) throw problem;
    throw new Problem("网络断了,人体图没有打开。也可以直接在聊天里说哪里不舒服。", { offline: true });
  }
}

export async function where() {
  const { size, places } = await bodyMap();
  const said = { whom: "", feelings: [], pain: null, since: "" };
  let view = "front";
  let open = null;
  let written = "";
  const talk = conversation({
    question: "这样说对吗?可以改:", label: "要说的话", lacking: "先在图上点一下哪里不舒服,或者自己写一句。", send: "告诉助手",
    note: "说的话和在聊天里说的一样,会接着问您几句。这不是诊断。",
  });
  const picture = h("div", { class: "body-picture" });
  const asks = h("div");
  const more = h("div");

  /** The sentence anew; what somebody wrote himself stays, and what is pointed at after that is added behind. */
  function write(added = "") {
    const sentence = toSentence(said);
    const own = talk.words.value.trim();
    talk.words.value = own === written ? sentence : [own, added].filter(Boolean).join(",");
    written = own === written ? sentence : written;
  }

  function toggle(words) {
    const has = said.feelings.includes(words);
    if (!has && said.feelings.length === MOST) said.feelings.shift();
    said.feelings = has ? said.feelings.filter((one) => one !== words) : [...said.feelings, words];
    if (!said.feelings.some(isPain)) said.pain = null;
    write(has ? "" : words);
    draw();
  }

  function choose(name, value) {
    said[name] = said[name] === value && name !== "whom" ? (name === "pain" ? null : "") : value;
    write();
    draw();
  }

  function draw() {
    replace(picture,
      h("div", { class: "choices", role: "group", "aria-label": "前面还是后面" }, VIEWS.map(([code, label]) =>
        chip(label, view === code, () => { view = code; open = null; draw(); }))),
      drawing(size, places.filter((place) => place.view === view), open, view, (place) => { open = place; draw(); asks.scrollIntoView({ block: "nearest" }); }));
    replace(asks, open && [
      h("h2", { class: "weui-cells__title" }, `${open.label}怎么不舒服?`),
      open.parts.map((part) => [
        open.parts.length > 1 && h("p", { class: "body-part" }, part.label),
        group(`${part.label}怎么不舒服`, part.says.map((words) => `${open.side}${words}`).map((words) =>
          chip(words.slice(open.side.length), said.feelings.includes(words), () => toggle(words)))),
      ]),
    ]);
    replace(more, said.feelings.length > 0 && [
      h("h2", { class: "weui-cells__title" }, "点到的(再点就去掉)"),
      group("点到的", said.feelings.map((words) => chip(words, true, () => toggle(words)))),
      said.feelings.some(isPain) && [
        h("h2", { class: "weui-cells__title" }, "最疼的时候有几分?"),
        h("div", { class: "body-pain", role: "group", "aria-label": "疼几分,0 到 10" }, [...Array(11).keys()].map((points) =>
          h("button", { type: "button", class: `body-pain-${points}`, "aria-pressed": String(said.pain === points), "aria-label": `${points} 分${PAIN_WORDS[points] ? `,${PAIN_WORDS[points]}` : ""}`, on: { click: () => choose("pain", points) } },
            h("strong", null, points), h("span", null, PAIN_WORDS[points] ?? "")))),
      ],
      h("h2", { class: "weui-cells__title" }, "从什么时候开始?"),
      group("从什么时候开始", SINCE.map((when) => chip(when, said.since === when, () => choose("since", when)))),
    ]);
  }

  const whom = h("div");
  const drawWhom = () => replace(whom, group("谁不舒服", WHOM.map(([code, label]) => chip(label, said.whom === code, () => { choose("whom", code); drawWhom(); }))));
  drawWhom();
  draw();
  const { danger, talk: log, field, trouble, submit, note } = talk.parts;
  return [danger, h("div", { class: "where" },
    h("div", null, h("h2", { class: "weui-cells__title" }, "谁不舒服?"), whom, h("h2", { class: "weui-cells__title" }, "点一下不舒服的地方"), picture, asks, more),
    h("div", { class: "where-talk" }, log, field, trouble, submit, note))];
}

const isPain = (words) => words.includes("疼");

/** 孩子右膝盖疼,疼痛6分,三天了 */
function toSentence({ whom, feelings, pain, since }) {
  if (!feelings.length) return "";
  return [`${whom}${feelings.join(",")}`, pain !== null && `疼痛${pain}分`, since && (since === "刚刚" ? "刚刚开始的" : since.endsWith("了") ? since : `从${since}开始的`)].filter(Boolean).join(",");
}

const group = (label, chips) => h("div", { class: "choices", role: "group", "aria-label": label }, chips);
const chip = (label, pressed, onClick) => h("button", { type: "button", "aria-pressed": String(pressed), on: { click: onClick } }, label);

/** The figure of places to tap, each a button of its own for keys and screen readers too; left and right are those of the person. */
function drawing({ width, height }, places, open, view, onTap) {
  const figure = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "body-map", role: "group", "aria-label": view === "front" ? "身体前面" : "身体后面" });
  for (const [side, x] of view === "front" ? [["右", 12], ["左", width - 12]] : [["左", 12], ["右", width - 12]]) {
    figure.append(svg("text", { x, y: 40, class: "body-side", "aria-hidden": "true" }, side));
  }
  for (const place of places) {
    const shape = svg("rect", { ...place.shape, role: "button", tabindex: 0, "aria-label": place.label, "aria-pressed": String(open === place), class: "body-place" });
    shape.addEventListener("click", () => onTap(place));
    shape.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onTap(place);
    });
    figure.append(shape);
  }
  return figure;
}

function svg(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}
