// The drawer of the demonstration: its time, the network and the platform's faults, and what is waiting to be sent.

import { lasting, spoken } from "./dates.js";
import { openDialog } from "./dialog.js";
import { button, h, replace } from "./dom.js";
import { faultsPane } from "./faults.js";
import { outboxPane } from "./outbox.js";

const ASK_MS = 3000;

/** `pane`: which of its panes is looked at first; empty for the usual one. */
export function controlDrawer({ clock, inboxes, opener, pane: first }) {
  const panes = { clock: ["时间", () => clockPane(clock)], network: ["网络与故障", faultsPane], outbox: ["发件箱", () => outboxPane({ clock, inboxes })] };
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "演示控制" });
  const pane = h("div", { class: "pane", role: "tabpanel", id: "control-pane" });
  let stop = null;

  function choose(name) {
    stop?.();
    for (const tab of tabs.children) {
      const chosen = tab.dataset.pane === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    const made = panes[name][1]();
    stop = made.stop;
    replace(pane, made.element);
  }

  const names = Object.keys(panes);
  for (const name of names) {
    tabs.append(button(panes[name][0], () => choose(name), { role: "tab", "aria-controls": "control-pane", data: { pane: name } }));
  }
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = names.indexOf(event.target.dataset.pane);
    const next = names[(at + step + names.length) % names.length];
    choose(next);
    tabs.querySelector(`[data-pane="${next}"]`).focus();
  });
  const { dialog } = openDialog("演示控制", [tabs, pane], { opener });
  dialog.addEventListener("close", () => stop?.());
  // Alone there is no practice whose time could be moved.
  choose(first || (inboxes.alone ? "network" : "clock"));
}

const status = () => h("p", { class: "pane-status", role: "status" });

function clockPane(clock) {
  const shown = h("p", { class: "big-time" });
  const detail = h("p", { class: "faint" });
  const said = status();
  const moves = [
    button("快进 1 小时", () => move({ advance_s: 3600 }, "已快进 1 小时。"), { class: "primary" }),
    button("快进 10 分钟", () => move({ advance_s: 600 }, "已快进 10 分钟。"), { class: "plain-button" }),
    button("到下一个提醒", () => move({ to: "reminder" }, "已到下一个提醒。"), { class: "plain-button" }),
    button("到下一件到期的事", () => move({ to: "next" }, "已到下一件到期的事。"), { class: "plain-button" }),
    button("恢复真实时间", () => move({ to: "now" }, "已恢复真实时间。"), { class: "plain-button" }),
  ];

  function draw() {
    shown.textContent = clock.known ? spoken(clock.now()) : "—";
    const apart = Math.round(clock.offset / 1000);
    const coming = clock.overdue ? `;正在办:${clock.next.title}` : clock.next ? `;下一件到期的事:${clock.next.title},${clock.next.spoken}` : ";没有等着到期的事";
    replace(detail, !clock.known ? "" : (apart === 0 ? "和真实时间一致" : `比真实时间${apart > 0 ? "快" : "慢"} ${lasting(apart)}`) + coming);
  }

  async function move(how, done) {
    for (const one of moves) one.disabled = true;
    try {
      await clock.move(how);
      said.textContent = done;
    } catch (problem) {
      said.textContent = problem.message;
    }
    for (const one of moves) one.disabled = false;
    draw();
  }

  clock.addEventListener("moved", draw);
  // What it names comes due while one looks: then it asks what is next, and not more often than every few seconds.
  let asked = Date.now();
  const ticking = setInterval(() => {
    draw();
    if (!clock.overdue || Date.now() - asked < ASK_MS) return;
    asked = Date.now();
    clock.refresh().catch(() => undefined);
  }, 1000);
  clock.refresh().catch((problem) => { said.textContent = problem.message; });
  draw();
  return {
    element: [shown, detail, h("div", { class: "button-row" }, moves), said,
      h("p", { class: "faint" }, "快进的是业务时间:提醒、邀请到时、号源、免打扰时段都跟着走;登录、令牌和微信的时限仍按真实时间。")],
    stop: () => { clearInterval(ticking); clock.removeEventListener("moved", draw); },
  };
}
