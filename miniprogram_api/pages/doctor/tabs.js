// What the village doctor's two documents have of their own: the bar below, whose ways depend on where one stands, and the sentence for others.

import { whyNot } from "../shared/api.js";
import { empty } from "../shared/dom.js";
import { tabLink } from "../shared/tabs.js";

const TABS = [
  ["patients", "#/", "我的病人", "M9 5a3.5 3.5 0 1 0 .01 0M2.5 20c0-4.5 3-6.5 6.5-6.5s6.5 2 6.5 6.5M16 6a3 3 0 0 1 0 6M18 14c2.4.7 3.5 2.7 3.5 6"],
  ["new", "#/new", "新会诊", "M12 5v14M5 12h14"],
  ["cases", "cases/", "会诊", "M4 5h16v11H9l-5 4zM9 9v4M7 11h4"],
  ["prescriptions", "#/prescriptions", "处方", "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3"],
];

/** `from`: the way from this page to the village doctor's folder, "" or "../". */
export const tabsFrom = (from) => (current) => TABS.map(([name, href, label, path]) => tabLink(tabAddress(name, href, from), label, path, name === current));

function tabAddress(name, href, from) {
  if (name === "cases") return from ? "#/" : href;
  return from + href;
}

/** Instead of a page that is not for who asks. */
export const refused = (problem) => (problem.status === 403 ? empty(whyNot(problem, "这一页是给村医用的。您的会诊在聊天里发「进度」就能看。")) : null);
