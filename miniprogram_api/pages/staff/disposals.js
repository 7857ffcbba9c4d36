// 到期资料: what is announced, kept, being erased and gone; an administrator keeps something, or keeps it no longer, and can take either back.

import { Problem, request } from "../shared/api.js";
import { ask, orderButton } from "../shared/asking.js";
import { button, empty, h, replace } from "../shared/dom.js";
import { Parts } from "../shared/parts.js";
import { counties, date } from "./staff.js";

const HOLD = [["dispute", "有纠纷或投诉"], ["request", "本人或家属要求"], ["inquiry", "检查或司法机关要求"], ["other", "其他原因"]];
const RELEASE = [["settled", "事情已了结"], ["withdrawn", "本人或家属不再要求"], ["mistake", "点错了"], ["other", "其他原因"]];
const SHOWN = 50;

export async function disposals() {
  const parts = new Parts();
  // An auditor reads the list; who keeps something is an administrator.
  const may = (await counties()).length > 0;
  let last = null;

  async function fresh({ force = false } = {}) {
    const [{ disposals: all, counts }, asked] = await Promise.all([ask("disposals"), may ? ask("erasure-requests").then((one) => one.requests) : []]);
    const of = (...states) => all.filter((one) => states.includes(one.state));
    const sum = (...states) => states.reduce((whole, state) => whole + (counts[state] ?? 0), 0);
    const done = (words, undo) => {
      last = { words, undo };
      return fresh({ force: true });
    };
    const section = (name, label, states, row) => {
      const list = of(...states);
      return [name, [list, sum(...states)], () => list.length > 0 && part(label, sum(...states), list.map(row))];
    };
    parts.draw([
      ["said", last, () => last && said(last, fresh, (next) => { last = next; })],
      ["about", all.length > 0, () => (all.length
        ? h("p", { class: "faint disposals-about" }, "病历保存到最后一次诊疗后 15 年,聊天保存 3 年(本院可以更长)。到期的先预告 30 天,再自动删除;本人要求的,法律允许的部分马上删。以前备份里的也打不开。")
        : empty("现在没有到期的资料。到期的会提前 30 天出现在这里,也会发消息告诉您。"))],
      ["asked", asked, () => asked.length > 0 && part("要求删除的", asked.length, asked.map((one) => wanted(one, done, fresh)))],
      section("erasing", "正在删除", ["erasing"], erasing),
      section("announced", "已预告", ["announced"], (one) => announced(one, may, done, fresh)),
      section("held", "继续保留", ["held"], (one) => held(one, may, done, fresh)),
      ["past", [of("done", "alive"), sum("done", "alive")], () => past(of("done", "alive"), sum("done", "alive"))],
    ], { force });
  }

  await fresh();
  parts.element.className = "staff-disposals";
  return { element: parts.element, fresh };
}

/** What is meant, as people say it: 聊天记录 2023年8月; of a record the house and the end of its number, which the patient's notice names too. */
function called(one) {
  if (one.kind === "record") return `病历 ${one.subject.slice(-6)}`;
  const [year, month] = one.subject.split("-");
  return `聊天记录 ${year}年${Number(month)}月`;
}

const part = (label, count, rows) => h("section", { class: "panel", "aria-label": label }, h("h2", null, `${label} · ${count}`), rows,
  count > rows.length && h("p", { class: "faint" }, `只列出 ${SHOWN} 份,其余的等这些办完再显示。`));

const line = (one, detail, side) => h("div", { class: "staff-role" },
  h("div", null, h("p", null, h("span", { class: "disposals-name" }, called(one)), one.place && h("span", { class: "faint" }, ` ${one.place}`)), detail), side);

function erasing(one) {
  const left = one.kind === "record" ? "个文件" : "条";
  const detail = one.total > 0
    ? [h("progress", { max: one.total, value: one.gone, "aria-label": `${called(one)}删除进度` }), h("p", { class: "faint" }, `已删 ${one.gone} / ${one.total} ${left}`)]
    : h("p", { class: "faint" }, "正在销毁密钥…");
  return line(one, [detail, one.kept > 0 && h("p", { class: "faint" }, `其中 ${one.kept} 条未结束的会诊还要用,结束后再删。`)]);
}

function announced(one, may, done, fresh) {
  const trouble = h("div");
  return [line(one, h("p", { class: "faint" }, `${date(one.announced_at)} 预告,${date(one.due_at)} 起删除,删了不能恢复`),
    may && small(orderButton("保留", () => reasoned(`继续保留「${called(one)}」?到取消为止都不删。`, HOLD, "保留", (reason) => [`disposals/${one.disposal_id}/hold`, { reason }]),
      () => done(`${called(one)},继续保留,不会删除。`, [`disposals/${one.disposal_id}/release`, "mistake"]), { trouble, kind: "default", stale: () => fresh({ force: true }) }))), trouble];
}

/** Somebody wants to be erased, and the house keeps something of his because of a dispute. */
function wanted(one, done, fresh) {
  const trouble = h("div");
  const decide = (label, kind, question, reasons, decision, words) => small(orderButton(label,
    () => reasoned(question, reasons, label, (reason) => [`erasure-requests/${one.request_id}`, { decision, reason }]),
    () => done(words, null), { trouble, kind, stale: () => fresh({ force: true }) }));
  const name = `${one.kind === "account" ? "注销账号" : "删除档案"} ${one.request_id.slice(-6)}`;
  return [h("div", { class: "staff-role" },
    h("div", null, h("p", null, h("span", { class: "disposals-name" }, name)), h("p", { class: "faint" }, `${date(one.asked_at)} 提出;因${one.question_label}要您决定`)),
    decide("同意删除", "warn", `${name}?马上删除,不能恢复;依法要留的病历锁定。${one.kind === "account" ? "账号注销后系统发不了消息,请打电话告诉本人。" : ""}`, RELEASE.filter(([code]) => code === "settled" || code === "other"), "erase", one.kind === "account" ? `${name},已经删除。他的账号已注销,系统发不了消息:请让村医或卫生院打电话告诉他。` : `${name},已经删除,已告诉提出的人。`),
    decide("不删", "default", `${name},不删?会告诉本人原因。`, HOLD.filter(([code]) => code !== "request"), "keep", `${name},没有删除,已告诉本人。`)), trouble];
}

function held(one, may, done, fresh) {
  const trouble = h("div");
  return [line(one, h("p", { class: "faint" }, [one.held_at && `${date(one.held_at)} 起保留`, one.reason_label].filter(Boolean).join(",")),
    may && small(orderButton("取消保留", () => reasoned(`不再保留「${called(one)}」?会重新预告,30 天后删除,期间还可以再保留。`, RELEASE, "取消保留", (reason) => [`disposals/${one.disposal_id}/release`, { reason }]),
      (view) => done(`${called(one)},不再保留,已重新预告,${date(view.due_at)} 起删除。`, [`disposals/${one.disposal_id}/hold`, one.reason || "other"]), { trouble, kind: "warn", stale: () => fresh({ force: true }) }))), trouble];
}

function past(list, count) {
  if (!list.length) return null;
  return h("details", { class: "panel", "data-id": "past" }, h("summary", { class: "fold" }, `已经删除或不用删的 ${count} 份`),
    list.map((one) => line(one, h("p", { class: "faint" }, one.state === "done" ? `${date(one.done_at)} 删完${one.gone ? `,共 ${one.gone} ${one.kind === "record" ? "个文件" : "条"}` : ""}` : "又有新的诊疗,不删"))));
}

const small = (element) => {
  element.classList.add("small-button");
  return element;
};

/** The words after a step, with the way back: the opposite order. */
function said({ words, undo }, fresh, keep) {
  const trouble = h("div");
  const back = undo && button("撤销", async () => {
    const [path, reason] = undo;
    try {
      const view = await request("POST", path, { body: { reason } });
      keep({ words: view.state === "held" ? `撤销了:${called(view)},仍然继续保留。` : `撤销了:${called(view)},重新预告,${date(view.due_at)} 起删除。`, undo: null });
      await fresh({ force: true });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, h("p", { class: "wrong", role: "alert" }, problem.message));
    }
  }, "default");
  return h("div", { class: "notice notice-good disposals-said", role: "status" }, h("span", null, words), back && small(back), trouble);
}

/** Ask why, and whether really; `made(reason)` for a yes, null for a no. */
function reasoned(question, reasons, yes, made) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const wrong = h("p", { class: "wrong", role: "alert" });
    let chosen = "";
    const buttons = reasons.map(([code, label]) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => choose(code) } }, label));
    function choose(code) {
      chosen = code;
      wrong.textContent = "";
      reasons.forEach(([one], place) => buttons[place].setAttribute("aria-pressed", String(one === code)));
    }
    const dialog = h("dialog", { class: "confirm", "aria-label": question }, h("p", null, question),
      h("div", { class: "choices disposals-why", role: "group", "aria-label": "原因" }, buttons), wrong,
      h("div", { class: "confirm-buttons" },
        h("button", { type: "button", class: "weui-btn weui-btn_default", on: { click: () => dialog.close("no") } }, "先不"),
        h("button", { type: "button", class: "weui-btn weui-btn_primary", on: { click: () => { if (chosen) dialog.close("yes"); else wrong.textContent = "请先选原因。"; } } }, yes)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(dialog.returnValue === "yes" ? made(chosen) : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
