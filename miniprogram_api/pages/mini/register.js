// 实名登记 and 知情同意: who is ill, in real name, and what was agreed to, with its version.

import { spoken } from "../shared/dates.js";
import { button, h } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { notice } from "../shared/states.js";
import { ask, givePhone, whoAmI } from "./session.js";
import { PURPOSES, RELATIONS } from "./words.js";
import { identityCard } from "./wx.js";

/** Asked one after the other: consent to what is sensitive is a consent of its own. */
const CARE = new Set(["care", "sensitive", "children"]);

const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** What is wrong with an ID number, as a sentence, or "". The practice checks it again. */
export function idProblem(id) {
  if (!/^\d{17}[\dXx]$/.test(id)) return "身份证号是 18 位,最后一位可以是 X。";
  const sum = ID_WEIGHTS.reduce((total, weight, index) => total + weight * Number(id[index]), 0);
  return "10X98765432"[sum % 11] === id[17].toUpperCase() ? "" : "身份证号好像有一位打错了,请再对一遍。";
}

const NEEDS_CODE = "people.record_needs_confirmation";

/** No mistake: the next step, with the code to read out. */
const codeToRead = ({ message, fields }) => h("section", { class: "notice mini-note", role: "alert" },
  h("p", null, h("b", null, "还差一步:请对方确认")), fields.claim_code && h("p", { class: "mini-code" }, fields.claim_code), h("p", null, message));

export async function register({ query, go }) {
  const me = await whoAmI();
  const relation = query.get("relation") ?? (me.patients.some((one) => one.relation === "self") ? "child" : "self");
  const trouble = h("div");
  const phoneLine = h("div", { class: "field" });
  const kin = h("select", { "aria-label": "和您的关系" }, Object.entries(RELATIONS).map(([code, label]) => h("option", { value: code, selected: code === relation }, label)));
  const name = h("input", { autocomplete: "name", maxlength: 30, required: true });
  const id = h("input", { autocomplete: "off", maxlength: 18, inputmode: "text", required: true, spellcheck: "false" });
  const phone = h("input", { autocomplete: "tel", maxlength: 11, inputmode: "tel" });
  const guardian = h("input", { type: "checkbox" });
  const guardianLine = h("label", { class: "check", hidden: relation !== "other" }, guardian, h("span", null, "我是他的监护人(他未满 18 岁,爸爸妈妈不在身边)"));
  kin.addEventListener("change", () => { guardianLine.hidden = kin.value !== "other"; });
  const wrong = h("p", { class: "wrong", role: "alert" });

  function drawPhone(verified) {
    phoneLine.replaceChildren(...(verified
      ? [h("p", { class: "done-line" }, "您的手机号已由微信验证。")]
      : [h("p", null, "让微信告诉我们您的手机号,有事好联系您:"), button("用微信手机号", async () => {
        try {
          drawPhone((await givePhone()).phone_verified);
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          trouble.replaceChildren(notice(problem));
        }
      }, "default")]));
  }

  const wish = intention();
  async function submit() {
    wrong.textContent = name.value.trim().length < 2 ? "请写身份证上的姓名。" : idProblem(id.value.trim());
    name.setAttribute("aria-invalid", String(name.value.trim().length < 2));
    id.setAttribute("aria-invalid", String(Boolean(idProblem(id.value.trim()))));
    if (wrong.textContent) {
      (name.value.trim().length < 2 ? name : id).focus();
      return;
    }
    try {
      const body = { relation: kin.value, full_name: name.value.trim(), id_number: id.value.trim().toUpperCase() };
      if (phone.value.trim()) body.phone = phone.value.trim();
      if (kin.value === "other" && guardian.checked) body.guardian = true;
      const { patient_id: patient } = await ask("POST", "patients", { body, key: wish.key(body) });
      await whoAmI({ anew: true });
      const then = query.get("then");
      go(`consent/${patient}/care${then ? `?then=${then}` : ""}`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(problem.code === NEEDS_CODE ? codeToRead(problem) : notice(problem));
      trouble.scrollIntoView({ block: "center" });
    }
  }

  drawPhone(me.phone_verified);
  const own = query.get("relation") === "self";
  const card = relation === "self" ? await identityCard() : null;
  const fill = card && button("填入演示身份证", () => {
    name.value = card.full_name;
    id.value = card.id_number;
    wrong.textContent = "";
    for (const field of [name, id]) field.removeAttribute("aria-invalid");
  }, "default");
  return h("form", { on: { submit: (event) => { event.preventDefault(); } }, novalidate: true },
    own ? null : h("label", { class: "field" }, h("span", null, "和您的关系"), kin),
    !own && guardianLine,
    !own && h("p", { class: "actions faint" }, "爸爸妈妈登记未满 18 岁的孩子,就是孩子的监护人。"),
    h("label", { class: "field" }, h("span", null, "姓名(和身份证一样)"), name),
    h("label", { class: "field" }, h("span", null, "身份证号"), id, wrong),
    fill && h("div", { class: "actions" }, fill),
    !own && h("label", { class: "field" }, h("span", null, "他的手机号(可以不填)"), phone),
    phoneLine,
    h("p", { class: "actions faint" }, "姓名和身份证号加密保存,只有给您看病的人看得到,谁看过您都能查。"),
    trouble,
    h("div", { class: "actions" }, button("下一步:知情同意", submit, "primary", { type: "submit" })));
}

export async function consent({ rest: [patientId, purpose = "care"], query, go }) {
  const [text, me] = await Promise.all([ask("GET", `consent-texts/${purpose}`), whoAmI({ anew: true })]);
  const patient = me.patients.find((one) => one.patient_id === patientId);
  if (!patient) throw new Problem("没有找到这位家人,请回到「我的」再选一次。", { status: 404 });
  const given = patient.consents.find((one) => one.purpose === purpose && one.version === text.version && !one.withdrawn_at);
  const trouble = h("div");
  const wish = intention();
  const agree = async () => {
    try {
      const body = { purpose, text_version: text.version };
      await ask("POST", `patients/${patientId}/consents`, { body, key: wish.key(body) });
      await whoAmI({ anew: true });
      const next = CARE.has(purpose) && (await whoAmI()).patients.find((one) => one.patient_id === patientId)?.care_needs[0];
      if (next) {
        go(`consent/${patientId}/${next}?${query}`);
        return;
      }
      // His own registration leads back to what he came for; a relative's to the list that shows her.
      go(query.get("then") ?? (patient.relation === "self" ? "" : "family"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(notice(problem));
    }
  };
  return [
    h("p", { class: "actions" }, `${patient.full_name} · ${PURPOSES[purpose] ?? purpose}`),
    !given && patient.care_needs.length > 1 && CARE.has(purpose) && h("p", { class: "actions faint" }, `一共 ${patient.care_needs.length} 份,分开同意。`),
    h("h2", { class: "weui-cells__title" }, `${text.title}(版本 ${text.version})`),
    h("div", { class: "consent-text", tabindex: 0, role: "document", "aria-label": text.title }, text.text),
    trouble,
    given ? h("p", { class: "actions done-line" }, `您在 ${spoken(given.given_at)} 同意了这一版。`)
      : h("div", { class: "actions" }, button("我看过了,同意", agree), h("a", { class: "weui-btn weui-btn_default", href: "#/" }, "先不同意")),
    h("p", { class: "actions faint" }, "随时可以在「授权与隐私」里撤回。"),
  ];
}
