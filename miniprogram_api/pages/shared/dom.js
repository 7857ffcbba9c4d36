// Elements without templates: whatever people wrote becomes text, never markup.

/**
 * Make an element. Attribute values: true sets an empty attribute, false/null/undefined leaves it out, `on` holds listeners.
 * Children: nodes, texts, lists of both; null and false are skipped.
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
}

export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/** A button that stays disabled while what it started is running, so that one press is one order. */
export function button(label, onClick, kind = "primary", attributes = {}) {
  const element = h("button", { type: "button", class: `weui-btn weui-btn_${kind}`, ...attributes }, label);
  element.addEventListener("click", async (event) => {
    if (element.disabled) return;
    element.disabled = true;
    element.setAttribute("aria-busy", "true");
    try {
      await onClick(event);
    } finally {
      element.disabled = false;
      element.removeAttribute("aria-busy");
    }
  });
  return element;
}

export const title = (text) => h("h2", { class: "weui-cells__title" }, text);
export const cells = (...children) => h("div", { class: "weui-cells" }, ...children);

/** A row to read. */
export const cell = (main, side = null, detail = null) =>
  h("div", { class: "weui-cell" }, h("div", { class: "weui-cell__bd" }, h("p", null, main), detail && h("p", { class: "faint" }, detail)), side && h("div", { class: "weui-cell__ft" }, side));

/** A row that leads somewhere: `href` is a hash of the same page. */
export const link = (href, main, side = null, detail = null) =>
  h("a", { class: "weui-cell weui-cell_access", href }, h("span", { class: "weui-cell__bd" }, h("span", { class: "line" }, main), detail && h("span", { class: "faint line" }, detail)), h("span", { class: "weui-cell__ft" }, side));

export const empty = (text, ...more) => h("div", { class: "empty" }, h("p", null, text), ...more);
export const card = (...children) => h("section", { class: "panel" }, ...children);
