// 家人和授权 of one patient, asked for when it is unfolded: who speaks for him and the end of it, what he agreed to and what he takes back.
// The village doctor does it for who has no WeChat, or stands before her.

import { day } from "../shared/dates.js";
import { h, replace } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { ask, orderButton } from "../shared/asking.js";
import { confirmed, loading, notice } from "../shared/states.js";

const REASONS = { asked: "病人要求", moved: "不在身边了", mistake: "登记错了", dispute: "家里有争议" };

export function kinPart(patient) {
  const place = h("div", { "aria-live": "polite" });
  const element = h("details", { class: "doctor-fold", "data-id": "kin" }, h("summary", { class: "fold" }, "谁能替他办、同意过什么"), place);
  const fill = async (words) => {
    try {
      const [speakers, consents] = await Promise.all([ask(`patients/${patient.patient_id}/speakers`), ask(`patients/${patient.patient_id}/consents`)]);
      replace(place, words && h("p", { class: "notice doctor-said", role: "status" }, words), speakersPart(patient, speakers.speakers, fill), consentsPart(patient, consents.lines, fill));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(place, notice(problem));
    }
  };
  element.addEventListener("toggle", () => {
    if (!element.open || place.childElementCount) return;
    replace(place, loading());
    fill();
  });
  return element;
}

function speakersPart(patient, speakers, again) {
  const others = speakers.filter((one) => one.standing !== "ended");
  return h("section", { class: "panel" }, h("h2", null, "谁能替他办"),
    others.length ? others.map((one) => speaker(patient, one, again)) : h("p", { class: "faint" }, "没有人替他办。家人在自己手机上登记他,把 6 位确认码念给您,发「确认家人 3号 K7M2QX」。"));
}

function speaker(patient, one, again) {
  const himself = one.relation_label === "本人";
  const trouble = h("div");
  const why = h("select", { "aria-label": `为什么移除${one.called}` }, Object.entries(REASONS).map(([code, label]) => h("option", { value: code }, label)));
  const end = orderButton(himself ? "解开" : `移除${one.called}`, async () =>
    (await confirmed(himself ? `把${one.called}的微信从${patient.full_name}的档案上解开?马上生效,他要重新登记。请当面核对过再点。` : `不再由${one.called}(${one.relation_label})替${patient.full_name}办?马上生效。请当面核对过再点。`, himself ? "解开" : "移除", himself ? "不解开" : "不移除"))
      ? [`patients/${patient.patient_id}/speakers/${one.relation_id}/end`, { reason: why.value }] : null, () => again(`${one.called}不再替他办了。`), { trouble, kind: "warn" });
  return h("div", { "data-relation": one.relation_id },
    h("p", null, h("b", null, `${one.called}(${one.relation_label})`), ` ${one.scope_labels.join("、")}`),
    h("p", { class: "faint" }, [`从 ${day(one.since)} 起`, one.until && `到 ${day(one.until)}`, one.standing === "live" ? "" : one.standing_label].filter(Boolean).join(",")),
    one.may_end && h("details", { "data-id": one.relation_id }, h("summary", { class: "fold" }, himself ? "这个微信不是他本人的,解开" : `不再由${one.called}办`), h("label", { class: "field" }, h("span", null, "为什么"), why), trouble, end));
}

function consentsPart(patient, lines, again) {
  return h("section", { class: "panel" }, h("h2", null, "同意过什么"), lines.map((line) => {
    const trouble = h("div");
    const given = line.standing;
    return h("div", { "data-purpose": line.purpose },
      h("p", null, h("b", null, line.label), given ? ` ${day(given.given_at)} ${given.given_as_label}` : " 没有同意"),
      given && line.may_withdraw && h("details", { "data-id": line.purpose }, h("summary", { class: "fold" }, `替他撤回「${line.label}」`),
        h("p", { class: "faint" }, `撤回以后:${line.without}`), trouble,
        orderButton("他要撤回", async () =>
          (await confirmed(`替${patient.full_name}撤回「${line.label}」?马上生效。`, "撤回", "不撤回")) ? [`patients/${patient.patient_id}/consents/${line.purpose}`] : null,
        () => again(`「${line.label}」撤回了。`), { trouble, kind: "warn", method: "DELETE" })));
  }));
}
