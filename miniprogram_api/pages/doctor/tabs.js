// The bar below every page of the village doctor. Her cases lie in a folder of their own, so the way there depends on where one stands.

import { h, replace } from "../shared/dom.js";

const TABS = [
  ["patients", "#/", "我的病人", "M9 5a3.5 3.5 0 1 0 .01 0M2.5 20c0-4.5 3-6.5 6.5-6.5s6.5 2 6.5 6.5M16 6a3 3 0 0 1 0 6M18 14c2.4.7 3.5 2.7 3.5 6"],
  ["new", "#/new", "新会诊", "M12 5v14M5 12h14"],
  ["cases", "cases/", "会诊", "M4 5h16v11H9l-5 4zM9 9v4M7 11h4"],
  ["prescriptions", "#/prescriptions", "处方", "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3"],
];

/** `from`: the way from this page to the village doctor's folder, "" or "../". */
export function drawTabs(place, current, from) {
  replace(place, TABS.map(([name, href, label, path]) =>
    h("a", { href: tabAddress(name, href, from), "aria-current": name === current ? "page" : null }, icon(path), h("span", null, label))));
}

function tabAddress(name, href, from) {
  if (name === "cases") return from ? "#/" : href;
  return from + href;
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
