// 收到的通知: what was sent to me, newest first, by which way, and what was not sent and why.

import { spoken } from "../shared/dates.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { notice } from "../shared/states.js";
import { reminderSwitch } from "./reminders.js";
import { ask } from "./session.js";

const PAGE = 20;

export async function notices() {
  const first = await ask("GET", `notifications?limit=${PAGE}`);
  const reminders = await reminderSwitch();
  if (!first.notices.length) return [empty("还没有给您发过通知。会诊有进展、预约有变化、该量血压了,都会告诉您。"), reminders];
  const list = h("div", { role: "list", "aria-label": "收到的通知" }, first.notices.map(item));
  const below = h("div", { class: "actions" });
  drawMore(list, below, first.more);
  return [list, below, reminders];
}

const item = (one) =>
  h("section", { class: "panel", role: "listitem" },
    h("h2", null, one.label),
    one.words ? h("p", { class: "mini-said" }, one.words.replaceAll("**", "")) : one.state === "sent" && h("p", { class: "faint" }, "当时发的话不再保存。"),
    h("p", { class: "faint" }, [spoken(one.at), one.channel_label, one.state === "sent" ? "" : one.state_label].filter(Boolean).join(" · ")));

/** The button that fetches the next ones; where that fails it says so and stays. */
function drawMore(list, below, more) {
  if (!more) {
    replace(below);
    return;
  }
  const trouble = h("div");
  const fetch = async () => {
    try {
      const next = await ask("GET", `notifications?limit=${PAGE}&before=${more}`);
      list.append(...next.notices.map(item));
      drawMore(list, below, next.more);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  replace(below, trouble, button("看更早的", fetch, "default"));
}
