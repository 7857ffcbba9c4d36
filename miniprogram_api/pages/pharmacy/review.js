// 审方: released with the pharmacist's signature, or returned with a reason; what lies ready is taken back.

import { button, h, replace } from "../shared/dom.js";
import { panel } from "../shared/opened.js";
import { give, words } from "../shared/signing.js";
import { confirmed, notice } from "../shared/states.js";

const STARTERS = ["剂量请再核对", "用法(次数、时间)请写清", "和在用的药重复", "过敏史没有写清,请补问", "肾功能没有查,请补", "诊断和用药不符", "疗程太长"];
const LEAST = 2;

/** What has been typed, by prescription, revision and state. */
const drafts = new Map();

export function review(rx, changed) {
  if (rx.state !== "SIGNED" && rx.state !== "RELEASED") return null;
  const name = `${rx.prescription_id}:${rx.revision}:${rx.state}`;
  if (!drafts.has(name)) drafts.set(name, { seen: false, reason: "", open: false });
  const draft = drafts.get(name);
  if (rx.state === "RELEASED") return panel("收回", giveBack(rx, draft, changed, TAKE_BACK));
  const stops = [...rx.findings.filter((one) => one.action === "B"), ...later(rx)];
  return panel("审方",
    stops.length > 0 || rx.signature_valid === false ? stopped(stops) : letGo(rx, draft, changed),
    giveBack(rx, draft, changed, GIVE_BACK, stops.length > 0));
}

const GIVE_BACK = {
  heading: "退回", label: "退回的原因(专家和医生会看到)", act: "退回处方", sure: "退回",
  ask: (rx, reason) => `退回处方 ${rx.code}?原因:${reason}`, said: "已退回,专家、签名的医生和村医都会收到原因。",
};
const TAKE_BACK = {
  heading: "收回放行", label: "收回的原因(专家和医生会看到)", act: "收回放行", sure: "收回",
  ask: (rx, reason) => `收回处方 ${rx.code}?取药码马上失效,会告诉病人先不要取药。原因:${reason}`,
  said: "已收回,取药码不能用了。病人、专家、签名的医生和村医都会收到。",
};

/** Warnings that the signer had not before him: nobody gave a reason for them. */
const later = (rx) => rx.findings.filter((one) => one.action === "W" && !rx.overrides.some((given) => given.key === one.key));

const stopped = (stops) =>
  h("p", { class: "rx-stopped", role: "note" }, h("b", null, "不能通过,请退回。"), stops.map((one) => one.text).join(";"));

function letGo(rx, draft, changed) {
  const trouble = h("div", { "aria-live": "polite" });
  const count = rx.overrides.length;
  const tick = h("input", { type: "checkbox", on: { change: () => { draft.seen = tick.checked; } } });
  tick.checked = draft.seen;
  return [
    count > 0 && h("label", { class: "wl-tick" }, tick, h("span", null, `我看过 ${rx.signer}对 ${count} 条提醒写的理由`)),
    button("通过", async () => {
      replace(trouble);
      if (count > 0 && !tick.checked) {
        replace(trouble, notice(`这张处方带着 ${count} 条提醒签的,请先看医生写的理由,再勾上。`));
        return;
      }
      if (!(await confirmed(`用您的签名放行处方 ${rx.code}?病人就能来取药了。`, "签名放行", "再看看"))) return;
      await give(rx, "release", { revision: rx.revision, overrides_seen: count > 0, confirm: true }, { trouble, changed, said: "审方通过,已告诉病人和村医,可以发药了。" });
    }),
    trouble,
  ];
}

function giveBack(rx, draft, changed, way, open = false) {
  const trouble = h("div", { "aria-live": "polite" });
  const fold = h("details", { class: "rx-fold", open: draft.open || open, on: { toggle: () => { draft.open = fold.open; } } },
    h("summary", { class: "fold" }, way.heading),
    words(way.label, draft.reason, STARTERS, (value) => {
      draft.reason = value;
      replace(trouble);
    }),
    button(way.act, async () => {
      replace(trouble);
      const reason = draft.reason.trim();
      if (reason.length < LEAST) {
        replace(trouble, notice("请写一句原因,或点一句现成的。"));
        return;
      }
      if (!(await confirmed(way.ask(rx, reason), way.sure, "再看看"))) return;
      await give(rx, "return", { revision: rx.revision, reason }, { trouble, changed, said: way.said });
    }, "warn"),
    trouble);
  return fold;
}
