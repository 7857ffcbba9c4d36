// The bar below a page.

import { h } from "./dom.js";

/** A link of the bar below; `path` draws its sign. */
export function tabLink(href, label, path, current) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return h("a", { href, "aria-current": current ? "page" : null }, svg, h("span", null, label));
}
