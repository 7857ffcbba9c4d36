// 登记新病人: number, name, ID card, phone. What the ID number says is read back, so that a wrong card is noticed.

import { h, replace } from "../shared/dom.js";
import { mended } from "../shared/mended.js";
import { myPatients } from "./my_patients.js";
import { orderButton, whoAmI } from "../shared/asking.js";
import { readIdNumber } from "./id_number.js";
import { Draft } from "../shared/drafts.js";

export async function enlist({ go }) {
  const [me, list] = await Promise.all([whoAmI(), myPatients({ anew: true })]);
  const draft = new Draft("enlist", me.practitioner_id);
  const kept = draft.read();
  const taken = new Set(list.map((one) => one.number));
  let free = 1;
  while (taken.has(free)) free += 1;
  const input = (name, attributes) => h("input", { ...attributes, value: kept[name] ?? attributes.value ?? "" });
  const fields = {
    number: input("number", { inputmode: "numeric", maxlength: 4, value: String(free) }),
    name: input("name", { autocomplete: "off", maxlength: 30 }),
    id: input("id", { autocomplete: "off", maxlength: 18, spellcheck: "false" }),
    phone: input("phone", { autocomplete: "off", inputmode: "tel", maxlength: 11 }),
  };
  const wrong = Object.fromEntries(Object.keys(fields).map((name) => [name, h("p", { class: "wrong", role: "alert", id: `wrong-${name}` })]));
  const says = h("p", { class: "done-line", "aria-live": "polite" });
  const trouble = h("div");

  const problems = () => ({
    number: numberProblem(fields.number.value, list),
    name: fields.name.value.trim().length < 2 ? "请写身份证上的姓名。" : "",
    id: readIdNumber(fields.id.value).problem ?? "",
    phone: fields.phone.value && !/^1\d{10}$/.test(fields.phone.value.trim()) ? "手机号是 1 开头的 11 位数字,没有可以不填。" : "",
  });
  const form = h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } });
  form.addEventListener("input", () => {
    draft.keep(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value])));
    const read = readIdNumber(fields.id.value);
    says.textContent = read.problem ? "" : `证件上:${read.sex},${read.born.getUTCFullYear()}年${read.born.getUTCMonth() + 1}月${read.born.getUTCDate()}日生。请和本人核对。`;
  });
  for (const [name, field] of Object.entries(fields)) mended(field, wrong[name], field);
  const send = orderButton("登记", () => {
    const found = problems();
    for (const [name, field] of Object.entries(fields)) {
      wrong[name].textContent = found[name];
      field.setAttribute("aria-invalid", String(Boolean(found[name])));
      field.setAttribute("aria-describedby", `wrong-${name}`);
    }
    const first = Object.keys(fields).find((name) => found[name]);
    if (first) {
      fields[first].focus();
      return null;
    }
    const body = { practitioner_id: me.practitioner_id, number: Number(fields.number.value), full_name: fields.name.value.trim(), id_number: readIdNumber(fields.id.value).id };
    if (fields.phone.value.trim()) body.phone = fields.phone.value.trim();
    return ["patient-list", body];
  }, async ({ patient_id: id }) => {
    draft.clear();
    await myPatients({ anew: true });
    go(`patient/${id}`);
  }, { trouble });
  const field = (name, label) => h("label", { class: "field" }, h("span", null, label), fields[name], wrong[name]);
  replace(form,
    field("number", "编号(会诊时就说几号)"), field("name", "姓名(和身份证一样)"), field("id", "身份证号"),
    h("div", { class: "doctor-says" }, says),
    field("phone", "手机号(没有可以不填)"),
    h("p", { class: "actions faint" }, "没有微信的病人也可以登记。姓名、证件和手机号都加密保存。"),
    trouble, h("div", { class: "actions" }, send));
  return { element: form };
}

function numberProblem(text, list) {
  if (!/^[1-9]\d{0,3}$/.test(text.trim())) return "编号请写 1 到 9999 的数字。";
  const other = list.find((one) => one.number === Number(text));
  return other ? `${other.number}号已经是${other.full_name},请换一个编号。` : "";
}
