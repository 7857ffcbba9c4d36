// 停止提醒 and 恢复提醒, with how it stands now.

import { button, h, replace, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { notice } from "../shared/states.js";
import { ask } from "./session.js";

export async function reminderSwitch() {
  const place = h("div", { class: "actions" });
  const said = h("p", { class: "actions", role: "status" });
  draw(place, said, (await ask("GET", "reminders")).stopped);
  return [title("提醒"), place, said];
}

function draw(place, said, stopped) {
  const order = (path, next, done) => async () => {
    try {
      await ask("POST", path, { body: {} });
      said.textContent = done;
      draw(place, said, next);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(said, notice(problem));
    }
  };
  replace(place,
    h("p", null, stopped ? "提醒现在是停着的。" : "到时间会在微信里提醒您,晚上 9 点到早上 8 点不打扰。"),
    stopped ? button("恢复提醒", order("reminders/resume", false, "提醒已恢复。"), "primary")
      : button("停止全部提醒", order("reminders/stop", true, "全部提醒已停。正在处理的急事仍会通知您。"), "default"));
}
