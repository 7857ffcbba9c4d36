// Each purpose by itself: what it permits, whether it was agreed to, when, where, by whom and to which text, and what follows from taking it back.

import { spoken } from "../shared/dates.js";
import { button, card, h } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { confirmed, notice } from "../shared/states.js";
import { ask } from "./session.js";
import { channelName, named } from "./words.js";

/** `lines` of patients/<id>/consents as panels, what the care needs first. */
export const consentPanels = (patient, lines, again) => [...lines].sort((a, b) => Number(b.needed) - Number(a.needed)).map((line) => consentPanel(patient, line, again));

function consentPanel(patient, line, again) {
  const trouble = h("div", { "aria-live": "polite" });
  const textHref = `#/consent/${patient.patient_id}/${line.purpose}?then=${encodeURIComponent(`privacy?patient=${patient.patient_id}`)}`;
  const wish = intention();
  const withdraw = async () => {
    if (!(await confirmed(`撤回${named(patient)}的「${line.label}」?马上生效:${line.without}已有的病历按规定保存。`, "撤回", "不撤回"))) return;
    try {
      await ask("DELETE", `patients/${patient.patient_id}/consents/${line.purpose}`, { key: wish.key() });
      await again();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  const panel = card(
    h("h2", null, line.label, " ", h("span", { class: `tag ${line.standing ? "tag-ready" : "tag-plain"}` }, line.standing ? "已同意" : "没有同意")),
    h("p", null, line.permits),
    line.standing ? given(line.standing) : line.last?.withdrawn_at && h("p", { class: "faint" }, `${spoken(line.last.withdrawn_at)} ${by(line.last.withdrawn_as_label)}撤回了。`),
    h("p", { class: "faint" }, `${line.standing ? "撤回以后" : "不同意"}:${line.without}`),
    !line.standing && line.why_not && h("p", { class: "faint" }, line.why_not),
    h("p", null, h("a", { href: textHref }, "看同意书原文")),
    trouble,
    line.standing && line.may_withdraw && button(`撤回${patient.relation === "self" ? "我" : patient.full_name}的「${line.label}」`, withdraw, "default"),
    !line.standing && line.may_give && h("a", { class: "weui-btn weui-btn_default", href: textHref }, line.needed ? "去同意" : "看看再决定"));
  panel.dataset.purpose = line.purpose;
  return panel;
}

const by = (label) => (label ? `由${label}` : "");

function given(one) {
  return [
    h("p", { class: "faint" }, `${spoken(one.given_at)},${channelName(one.channel)},${one.given_as_label}${one.given_by ? ` ${one.given_by}` : ""}同意,版本 ${one.version}。`),
    h("details", null, h("summary", { class: "fold" }, "核对码"), h("p", { class: "faint hash" }, `同意书原文的指纹,核对原文有没有改过时用:${one.sha256}`)),
  ];
}
