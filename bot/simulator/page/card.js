// WeCom template cards as its clients draw them, before and after somebody pressed.

import { button, h } from "./dom.js";

/** `act` = {tap(key, selected), open(url), openMiniProgram(path)}. Buttons are dead once the card says that it was answered. */
export function templateCard(card, act) {
  const answered = card.replace_text || card.replaced || "";
  const choices = new Map();
  return h("div", { class: "card" },
    card.source?.desc && h("p", { class: "card-source" }, card.source.desc),
    h("div", { class: "card-body" },
      card.main_title?.title && h("p", { class: "card-title" }, card.main_title.title),
      card.main_title?.desc && h("p", { class: "card-desc" }, card.main_title.desc),
      card.emphasis_content?.title && h("p", { class: "card-emphasis" }, card.emphasis_content.title, h("small", null, card.emphasis_content.desc ?? "")),
      card.quote_area && h("blockquote", null, card.quote_area.title && h("b", null, card.quote_area.title), card.quote_area.quote_text ?? ""),
      card.sub_title_text && h("p", { class: "card-sub" }, card.sub_title_text),
      facts(card.horizontal_content_list, act),
      (card.vertical_content_list ?? []).map((item) => h("p", { class: "card-sub" }, h("b", null, item.title ?? ""), " ", item.desc ?? "")),
      [card.button_selection, ...(card.select_list ?? [])].filter(Boolean).map((question) => selection(question, choices, answered)),
      card.checkbox && checkboxes(card.checkbox, choices, answered)),
    links(card, act),
    buttons(card, act, answered, choices));
}

function facts(items, act) {
  if (!items?.length) return null;
  return h("dl", { class: "card-facts" }, items.map((item) => [
    h("dt", null, item.keyname),
    h("dd", null, item.type === 1 ? button(item.value ?? item.url, () => act.open(item.url), { class: "chat-link" }) : (item.value ?? "")),
  ]));
}

function selection(question, choices, answered) {
  const options = question.option_list ?? [];
  choices.set(question.question_key, [question.selected_id ?? options[0]?.id].filter(Boolean));
  const select = h("select", { disabled: Boolean(answered || question.disable), on: { change: () => choices.set(question.question_key, [select.value]) } },
    options.map((option) => h("option", { value: option.id, selected: option.id === question.selected_id }, option.text)));
  return h("label", { class: "card-question" }, h("span", null, question.title ?? "请选择"), select);
}

function checkboxes(question, choices, answered) {
  const multiple = question.mode === 1;
  const chosen = new Set((question.option_list ?? []).filter((option) => option.is_checked).map((option) => option.id));
  choices.set(question.question_key, [...chosen]);
  const change = (option, input) => {
    if (!multiple) chosen.clear();
    if (input.checked) chosen.add(option.id);
    else chosen.delete(option.id);
    choices.set(question.question_key, [...chosen]);
  };
  return h("fieldset", { class: "card-question", disabled: Boolean(answered || question.disable) }, (question.option_list ?? []).map((option) =>
    h("label", null,
      h("input", { type: multiple ? "checkbox" : "radio", name: question.question_key, checked: chosen.has(option.id),
        on: { change: (event) => change(option, event.target) } }),
      option.text)));
}

function links(card, act) {
  const action = card.card_action;
  const rows = (card.jump_list ?? []).filter((jump) => jump.url || jump.pagepath).map((jump) =>
    button(jump.title, () => (jump.url ? act.open(jump.url) : act.openMiniProgram(jump.pagepath)), { class: "card-link" }));
  if (action?.type === 1) rows.push(button("查看详情", () => act.open(action.url), { class: "card-link" }));
  if (action?.type === 2) rows.push(button("打开小程序", () => act.openMiniProgram(action.pagepath ?? ""), { class: "card-link" }));
  return rows;
}

function buttons(card, act, answered, choices) {
  const offered = [...(card.button_list ?? []), ...(card.submit_button ? [{ ...card.submit_button, style: 1 }] : [])];
  if (answered) return h("p", { class: "card-answered" }, answered);
  if (!offered.length) return null;
  const row = h("div", { class: "card-buttons" });
  for (const one of offered) {
    const press = async () => {
      if (one.type === 1) {
        act.open(one.url);
        return;
      }
      for (const other of row.children) other.disabled = true;
      row.setAttribute("aria-busy", "true");
      const done = await act.tap(one.key, choices.size ? Object.fromEntries(choices) : undefined);
      row.removeAttribute("aria-busy");
      // A press that changed nothing on the card (the answer may come as a message) leaves it open, as on a real phone.
      for (const other of row.children) other.disabled = false;
      if (!done) row.lastElementChild?.focus();
    };
    row.append(button(one.text, press, { class: `card-button style-${one.style ?? 1}` }));
  }
  return row;
}
