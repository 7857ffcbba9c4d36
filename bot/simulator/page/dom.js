// Elements without templates: whatever people wrote becomes text, never markup.

/**
 * Make an element. Attribute values: true sets an empty attribute, false/null/undefined leaves it out, `on` holds listeners,
 * `data` becomes data-*. Children: nodes, texts, lists of both; null and false are skipped.
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  append(element, children);
  return element;
}

export function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
}

export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

export const button = (label, onClick, attributes = {}) => h("button", { type: "button", on: { click: onClick }, ...attributes }, label);

const ICONS = {
  back: "M15 4 7 12l8 8",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  down: "m6 9 6 6 6-6",
  plus: "M12 3a9 9 0 1 0 .01 0M12 8v8M8 12h8",
  voice: "M12 3a9 9 0 1 0 .01 0M9 9.5a4 4 0 0 1 0 5M12 7.5a7 7 0 0 1 0 9",
  keyboard: "M3 7h18v10H3zM7 10.5h.01M11 10.5h.01M15 10.5h.01M8 14h8",
  close: "m5 5 14 14M19 5 5 19",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  place: "M12 21s7-6.5 7-11.5a7 7 0 1 0-14 0C5 14.5 12 21 12 21zM12 7a2.5 2.5 0 1 0 .01 0",
  search: "M10.5 4a6.5 6.5 0 1 0 .01 0M15.5 15.5 21 21",
  braces: "M9 4c-3 0-1 7-4 8 3 1 1 8 4 8M15 4c3 0 1 7 4 8-3 1-1 8-4 8",
  clock: "M12 3a9 9 0 1 0 .01 0M12 7v5l3.5 2",
  capsule: "M12 5a7 7 0 1 0 .01 0M12 10a2 2 0 1 0 .01 0",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4",
};

/** A drawn sign beside a label that says the same; hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export const iconButton = (name, label, onClick, attributes = {}) =>
  h("button", { type: "button", "aria-label": label, title: label, class: "icon-button", on: { click: onClick }, ...attributes }, icon(name));
