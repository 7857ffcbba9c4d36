// 我的设备: where I am signed in and since when, coarsely, and the end of each. This device stands first.

import { button, cell, cells, empty, h, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { confirmed, notice } from "../shared/states.js";
import { ask } from "./session.js";

const KINDS = { h5: "网页", mini_program: "小程序", terminal: "终端" };

export async function devices({ again }) {
  const { sessions } = await ask("GET", "sessions/");
  const trouble = h("div");
  const order = (question, yes, path, body, then) => async () => {
    if (!(await confirmed(question, yes))) return;
    try {
      await ask("POST", path, { body });
      await then();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  const row = (one) => {
    const name = one.device || "不认识的设备";
    const end = one.current
      ? h("span", { class: "faint" }, "本机")
      : button("退出", order(`让「${name}」退出登录?`, "退出", "sessions/close", { session_id: one.session_id }, again), "warn", { class: "weui-btn weui-btn_warn small-button" });
    return cell(`${KINDS[one.kind]} · ${name}`, end, `${one.first_seen_ago}登录,${one.last_seen_ago}用过`);
  };
  const others = sessions.filter((one) => !one.current);
  return [
    title("登录着的地方"),
    sessions.length ? cells(sessions.map(row)) : empty("没有登录着的设备。"),
    trouble,
    others.length > 0 && h("div", { class: "actions" },
      button("退出其他全部设备", order("除了本机,其他设备都退出登录?", "全部退出", "sessions/close-others", {}, again), "warn")),
    h("p", { class: "actions faint" }, "不认识的,请点「退出」;医务人员请再告诉管理员。"),
  ].filter(Boolean);
}
