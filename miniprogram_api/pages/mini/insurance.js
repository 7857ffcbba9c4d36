// 登记医保: scheme and number, which the insurer is asked about at once.

import { button, empty, h, replace } from "../shared/dom.js";
import { Problem, newKey } from "../shared/api.js";
import { notice } from "../shared/states.js";
import { ask, askOrNull, whoAmI } from "./session.js";
import { SCHEMES } from "./words.js";

export async function insurance({ rest: [patientId], go }) {
  const me = await whoAmI();
  const patient = me.patients.find((one) => one.patient_id === patientId);
  if (!patient) return empty("没有找到这位家人,请回到「处方与费用」再选一次。", h("a", { class: "weui-btn weui-btn_default", href: "#/prescriptions" }, "回处方与费用"));
  const member = await askOrNull(`patients/${encodeURIComponent(patientId)}/membership`);
  const trouble = h("div");
  const scheme = h("select", null, Object.entries(SCHEMES).map(([code, name]) => h("option", { value: code, selected: code === member?.scheme }, name)));
  const number = h("input", { autocomplete: "off", maxlength: 30, inputmode: "text", spellcheck: "false" });
  let key = newKey();
  for (const field of [scheme, number]) field.addEventListener("input", () => { key = newKey(); });
  const submit = async () => {
    const typed = number.value.replace(/\s/g, "");
    if (!/^[0-9A-Za-z]{6,30}$/.test(typed)) {
      replace(trouble, notice("医保号是 6 到 30 位的数字和字母,在医保卡或医保电子凭证上。"));
      number.focus();
      return;
    }
    try {
      await ask("POST", `patients/${encodeURIComponent(patientId)}/membership`, { body: { scheme: scheme.value, member_number: typed }, key });
      go("prescriptions");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      replace(trouble, notice(problem));
    }
  };
  return [
    h("p", { class: "actions" }, patient.full_name),
    member && h("p", { class: "actions faint" }, `现在登记的:${SCHEMES[member.scheme] ?? member.scheme} 尾号 ${member.number_ends},${member.standing}再登记一次会换成新的。`),
    h("label", { class: "field" }, h("span", null, "哪种医保"), scheme),
    h("label", { class: "field" }, h("span", null, "医保号(加密保存)"), number),
    trouble,
    h("div", { class: "actions" }, button("登记", submit)),
  ];
}
