// 我的设备: where I am signed in and since when, coarsely, and the end of each. This device stands first.

import { button, cell, cells, empty, h, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { confirmed, notice } from "../shared/states.js";
import { ask } from "./session.js";

/** What a closed session does not keep out: whoever holds this WeChat is signed in by it. */
const BACK = { mini_program: "拿着您微信的人,再打开小程序会自动登录。", h5: "拿着您微信的人,再从微信点开会自动登录。" };
const KINDS = { h5: "网页", mini_program: "小程序", terminal: "终端" };

const HOUR_MS = 3_600_000;

/** 12 分钟前: within the hour to the minute, so that one of several alike is known by when it was signed in. By the phone's own clock, as the times are. */
function since(one) {
  const minutes = Math.floor((Date.now() - new Date(one.first_seen)) / 60_000);
  if (minutes * 60_000 >= HOUR_MS || minutes < 0) return one.first_seen_ago;
  return minutes ? `${minutes} 分钟前` : "刚刚";
}

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
      : button("退出", order(`让「${name}」(${since(one)}登录)退出登录?${BACK[one.kind] ?? ""}`, "退出", "sessions/close", { session_id: one.session_id }, again), "warn", { class: "weui-btn weui-btn_warn small-button" });
    return cell(`${KINDS[one.kind]} · ${name}`, end, `${since(one)}登录,${one.last_seen_ago}用过`);
  };
  const others = sessions.filter((one) => !one.current);
  return [
    title("登录着的地方"),
    sessions.length ? cells(sessions.map(row)) : empty("没有登录着的设备。"),
    trouble,
    others.length > 0 && h("div", { class: "actions" },
      button("退出其他全部设备", order("除了本机,其他设备都退出登录?", "全部退出", "sessions/close-others", {}, again), "warn")),
    h("p", { class: "actions faint" }, "不认识的,请点「退出」。退出以后,拿着您微信的人再打开又会自动登录:怀疑微信被别人用了,先在微信「我」→「设置」→「账号与安全」里删掉不认识的登录设备、改微信密码,再回这里退出。医务人员请再告诉管理员。"),
  ].filter(Boolean);
}
