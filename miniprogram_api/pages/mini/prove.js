// 出示证明: one fact about myself without the record. First what the other side will see and what not, then a number for one showing.

import { spoken } from "../shared/dates.js";
import { button, card, cell, cells, empty, h, replace, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { ask, whoAmI } from "./session.js";
import { named } from "./words.js";

const ONLY = { insured: "只证明参保", of_age: "只证明已满 18 岁" };
const SOON_MS = 2000;

export async function prove({ rest: [patientId], again, called }) {
  const me = await whoAmI();
  const mine = me.patients.filter((one) => one.relation === "self" || one.guardian);
  if (!mine.length) return empty("登记本人以后,才能出示证明。", h("a", { class: "weui-btn weui-btn_primary", href: "#/register?relation=self" }, "去登记"));
  const patient = mine.find((one) => one.patient_id === patientId) ?? mine[0];
  const several = mine.length > 1 || patient.relation !== "self";
  if (several) called(`出示${named(patient)}的证明`);
  const told = await ask("GET", `patients/${encodeURIComponent(patient.patient_id)}/credentials`);
  return [
    mine.length > 1 && h("div", { class: "choices", role: "group", "aria-label": "证明谁的" }, mine.map((one) =>
      h("a", { class: "weui-btn weui-btn_default small-button", href: `#/prove/${one.patient_id}`, "aria-current": String(one === patient) }, named(one)))),
    h("p", { class: "actions" }, "给药店或别的医院看一件事,不用给他们看病历。由", told.issuer, "出具。"),
    told.lines.map((line) => panel(patient, line, again, several ? patient.full_name : "")),
    told.shown.length > 0 && [title("出示过的"), cells(told.shown.map(shownRow))],
    h("p", { class: "actions faint" }, "证明和它的密钥由会诊系统替您加密保管,不在这部手机里。"),
  ];
}

/** `whose`: the name that stands in the buttons, "" where there is nobody else. */
function panel(patient, line, again, whose) {
  const base = `patients/${encodeURIComponent(patient.patient_id)}`;
  const outcome = h("div", { "aria-live": "polite" });
  const wish = intention();
  const doing = (act) => async () => {
    try {
      await act();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(outcome, notice(problem));
    }
  };
  const obtain = doing(async () => {
    await ask("POST", `${base}/credentials`, { body: { attribute: line.attribute }, key: wish.key() });
    await again();
  });
  const withdraw = doing(async () => {
    if (!(await confirmed(`作废${patient.full_name}的这张证明?以后再查都不通过;已经查过的不变。要用时可以再办。`, "作废", "先不"))) return;
    await ask("DELETE", `${base}/credentials/${line.attribute}`, { key: wish.key() });
    await again();
  });
  const show = doing(async () => {
    const offer = await ask("POST", `${base}/proofs`, { body: { attribute: line.attribute } });
    const box = offered(offer);
    replace(outcome, box);
    box.scrollIntoView({ block: "center" });
  });
  const made = card(
    h("h2", null, ONLY[line.attribute] ?? line.label, " ", h("span", { class: `tag ${line.state === "ready" ? "tag-ready" : "tag-plain"}` }, { none: "没有办", making: "正在制作", ready: "可以出示" }[line.state])),
    h("p", null, h("b", null, "对方看到:"), line.shown.join("、")),
    h("p", null, h("b", null, "对方看不到:"), line.hidden.join("、")),
    line.state !== "none" && h("p", { class: "faint" }, `依据:${line.basis}。有效到 ${spoken(line.expires_at)}。`),
    h("details", null, h("summary", { class: "fold" }, "怎么证明的"), h("p", { class: "faint" }, how(line))),
    outcome,
    line.state === "none" && (line.why_not ? h("p", { class: "notice" }, line.why_not) : button(whose ? `给${whose}办理` : "办理", obtain)),
    line.state === "making" && h("p", { role: "status" }, "正在制作,好了会自动显示。县里第一次办要一分钟左右。"),
    line.state === "ready" && button(`${whose ? `${whose}:` : ""}${ONLY[line.attribute] ?? "出示"}`, show),
    line.state !== "none" && button(whose ? `作废${whose}的` : "作废", withdraw, "default"));
  made.dataset.attribute = line.attribute;
  // Only while this panel is still on the page: whoever has gone elsewhere is not brought back.
  if (line.state === "making") setTimeout(() => { if (made.isConnected) again(); }, SOON_MS);
  return made;
}

const how = (line) => ({
  "sd-jwt": `${line.way_label}:没有选的项目不会交出去。同一天里出示两次,两家核对起来能看出是同一个人。`,
  anoncreds: `${line.way_label}:证明出生日期早于 18 年前的今天,日期本身不交出去。`,
}[line.way] ?? line.way_label);

/** The number and its QR code, for as long as they are good. */
function offered(offer) {
  const left = h("span", { "aria-hidden": "true" });
  const until = Date.now() + offer.lasts_s * 1000;
  const box = h("section", { class: "proof-offer", "aria-label": "证明号" },
    h("p", { class: "faint" }, "给对方扫,或念给他听。用一次,两分钟内有效。"),
    h("p", { class: "mini-code" }, offer.code),
    h("img", { class: "proof-qr", src: offer.picture, alt: "证明号的二维码,给对方扫" }),
    h("p", { class: "faint" }, left));
  const tell = () => {
    const rest = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    left.textContent = `还有 ${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")}`;
    if (rest === 0) replace(box, h("p", { role: "status" }, "这个证明号过期了,要用时再点一次。"));
    else if (box.isConnected || rest > offer.lasts_s - 2) setTimeout(tell, 1000);
  };
  tell();
  return box;
}

/** To whom it went is his own word: whoever brings the number names himself. */
const shownRow = (one) => cell(one.label, null, one.used_at ? `${spoken(one.used_at)} 被查验过一次,查验方自称 ${one.audience}` : `${spoken(one.made_at)} 出示,没有人查验`);
