// What the expert's pages have of their own: the bar below, and what stands in the place of a case that is not his.

import { whyNot } from "../shared/api.js";
import { empty, h } from "../shared/dom.js";
import { tabLink } from "../shared/tabs.js";

const TABS = [
  ["", "工作台", "M3 5h18v12H3zM9 21h6M12 17v4"],
  ["roster", "排班", "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4"],
];
/** Statuses by which a case is told to be somebody else's by now. */
export const GONE = [403, 404];

export const tabs = (current) => TABS.map(([name, label, path]) => tabLink(`#/${name}`, label, path, name === current));

/** Why a page cannot be shown, with a way on; null for the ordinary sentence. */
export function refused(problem, name) {
  const back = h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "回工作台");
  if (problem.status === 403 && name === "case") return empty("这份会诊不在您这里:可能已经退回、请了别的专家,或不是您接的。", back);
  if (problem.status === 403) return empty(whyNot(problem, "这一页是给会诊专家用的。您的会诊在聊天里发「进度」就能看。"));
  if (problem.status === 404 || problem.status === 422) return empty("没有这份会诊。", back);
  return null;
}
