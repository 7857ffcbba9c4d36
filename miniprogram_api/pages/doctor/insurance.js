// How one patient is insured: what the insurer says of the number, and recording another.

import { h } from "../shared/dom.js";
import { yuan } from "../shared/money.js";
import { orderButton } from "../shared/asking.js";
import { mended } from "../shared/mended.js";
import { keepTyped } from "../shared/parts.js";

const SCHEMES = { residents: "城乡居民医保", employees: "职工医保" };

export function insurancePart(patient, membership, again) {
  return h("div", null,
    membership ? known(membership) : h("p", { class: "doctor-none" }, "还没有登记医保,药费会按自费算。"),
    h("details", { class: "doctor-fold", "data-id": "membership" }, h("summary", { class: "fold" }, membership ? "换一个医保号码" : "登记医保"), form(patient, again)));
}

const known = (one) => h("section", { class: "panel" },
  h("h2", null, SCHEMES[one.scheme] ?? one.scheme),
  h("p", null, `号码末四位 ${one.number_ends}。${one.standing}`),
  one.insured && h("p", { class: "faint" }, `今年已报 ${yuan(one.paid_fen)},起付线已用 ${yuan(one.deductible_fen)}`));

function form(patient, again) {
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert", id: "wrong-member" });
  const scheme = h("select", null, Object.entries(SCHEMES).map(([code, label]) => h("option", { value: code }, label)));
  const number = h("input", { autocomplete: "off", maxlength: 30, spellcheck: "false", "aria-describedby": "wrong-member" });
  mended(number, wrong, number);
  const send = orderButton("登记", () => {
    const fits = /^[0-9A-Za-z]{6,30}$/.test(number.value.trim());
    wrong.textContent = fits ? "" : "医保号码是 6 位以上的数字或字母,请照医保卡抄。";
    number.setAttribute("aria-invalid", String(!fits));
    if (!fits) number.focus();
    return fits ? [`patients/${patient.patient_id}/membership`, { scheme: scheme.value, member_number: number.value.trim() }] : null;
  }, again, { trouble });
  return keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
    h("label", { class: "field" }, h("span", null, "参保类型"), scheme),
    h("label", { class: "field" }, h("span", null, "医保号码(照医保卡)"), number, wrong),
    trouble, h("div", { class: "actions" }, send)));
}
