// The conversation on a page: the same dialogue as in the chat, with what is said and answered below each other. Danger stands above it.

import { button, h, replace } from "../shared/dom.js";
import { Problem, newKey } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { notice } from "../shared/states.js";
import { alwaysDanger, emergencyCard } from "./emergency.js";
import { ask, askOrNull } from "./session.js";
import { marked } from "./words.js";

/**
 * A field for a sentence, its button and the talk above. `begin`: an order given once before the first sentence, null for none;
 * `question` stands above the field, `label` names it; `lacking` is said where it is empty; `send` is the button; `note` stands below.
 * `asked`: the question that is open already, {text, choices}. `elements` go on the page; `words` is the field.
 */
export function conversation({ begin = null, question, label, lacking, send: sendLabel, note, asked: open = null }) {
  const talk = h("div", { class: "mini-talk", role: "log", "aria-label": "对话" });
  const danger = h("div");
  const trouble = h("div");
  const words = h("textarea", { rows: 3, maxlength: 500, "aria-label": label });
  const asked = h("span", null, question);
  const beginning = newKey();
  const wish = intention();
  let begun = begin === null;

  async function say(order) {
    replace(trouble);
    try {
      if (!begun) await ask("POST", "commands", { body: begin, key: beginning });
      begun = true;
      const { replies } = await ask("POST", "commands", { body: order, key: wish.key(order) });
      wish.settled();
      return replies;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
      return null;
    }
  }

  async function send(order, shown) {
    for (const choices of talk.querySelectorAll(".choices")) choices.remove();
    const replies = await say(order);
    if (replies === null) return;
    words.value = "";
    asked.textContent = "还有要说的,接着写:";
    talk.append(bubble(shown, "own"), ...replies.map(reply).flat());
    if (!replies.length) talk.append(bubble("收到了,正在看。回复会在微信里发给您。", "practice"));
    const intake = await askOrNull("intakes/current").catch(() => null);
    replace(danger, intake?.assessment?.emergency ? emergencyCard(intake.assessment.emergency) : alwaysDanger());
    (intake?.assessment?.emergency ? danger : talk.lastElementChild)?.scrollIntoView({ block: "nearest" });
  }

  const choicesOf = (choices) => choices.length > 0 && h("div", { class: "choices", role: "group", "aria-label": "可以点着回答" }, choices.map((choice) =>
    button(choice.label, () => send({ text: choice.label }, choice.label), "default", { class: "" })));

  const reply = (shape) => {
    if (shape.shape === "menu") return [bubble(shape.head, "practice"), choicesOf(shape.choices), shape.tail && bubble(shape.tail, "practice")].filter(Boolean);
    if (shape.url?.startsWith("tel:")) return [h("p", { class: "mini-bubble mini-bubble-practice" }, h("a", { href: shape.url }, shape.title))];
    const said = shape.text ?? shape.caption ?? shape.title;
    return said ? [bubble(said, "practice")] : [];
  };

  replace(danger, alwaysDanger());
  if (open) replace(talk, bubble(open.text, "practice"), choicesOf(open.choices));
  const submit = button(sendLabel, async () => {
    const text = words.value.trim();
    if (!text) {
      replace(trouble, notice(lacking));
      words.focus();
      return;
    }
    await send({ text }, text);
  });
  const elements = { danger, talk, field: h("label", { class: "field" }, asked, words), trouble, submit: h("div", { class: "actions" }, submit), note: h("p", { class: "actions faint" }, note) };
  return { elements: Object.values(elements), parts: elements, words, begun: () => talk.childElementCount > 0 };
}

const bubble = (text, from) => h("p", { class: `mini-bubble mini-bubble-${from}` }, marked(text));
