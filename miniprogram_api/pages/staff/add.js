// 登记人员: one person at one house, with licence and WeCom account. What role asks for a licence says so before it is sent.

import { orderButton } from "../shared/asking.js";
import { h, replace } from "../shared/dom.js";
import { mended } from "../shared/mended.js";
import { keepTyped } from "../shared/parts.js";
import { called } from "./house.js";
import { ROLES, SCOPES, TITLES, UNLICENSED, choices } from "./staff.js";

export async function addPerson({ rest: [id = ""], go }) {
  const name = await called(id);
  const fields = {
    name: h("input", { maxlength: 30, autocomplete: "off" }),
    sex: h("select", null, choices([["female", "女"], ["male", "男"]], "请选")),
    role: h("select", null, choices(Object.entries(ROLES), "请选")),
    title: h("select", null, choices(TITLES.map((one) => [one, one]), "没有(调度员、管理员、审计员)")),
    scope: h("select", null, choices(Object.entries(SCOPES), "按职称")),
    licence: h("input", { maxlength: 30, autocomplete: "off" }),
    until: h("input", { type: "date" }),
    years: h("input", { inputmode: "numeric", maxlength: 2, value: "0" }),
    department: h("input", { maxlength: 10, placeholder: "03.04", autocomplete: "off" }),
    expertise: h("input", { maxlength: 200, placeholder: "I20-I25 I50", autocomplete: "off" }),
    userid: h("input", { maxlength: 64, autocomplete: "off", spellcheck: "false" }),
  };
  const wrong = Object.fromEntries(Object.keys(fields).map((key) => [key, h("p", { class: "wrong", role: "alert", id: `wrong-${key}` })]));
  const field = (key, label) => h("label", { class: "field" }, h("span", null, label), fields[key], wrong[key]);
  const licensed = h("div", null, field("title", "职称"), field("scope", "执业范围"),
    h("div", { class: "staff-two" }, field("licence", "执业证号"), field("until", "有效期至")));
  const expert = h("div", { hidden: true }, field("department", "科室代码(诊疗科目名录)"), field("expertise", "专长(ICD-10,空格分开)"));
  const trouble = h("div");
  const needs = () => !UNLICENSED.has(fields.role.value);
  fields.role.addEventListener("change", () => {
    licensed.hidden = !needs();
    expert.hidden = fields.role.value !== "expert";
    // Another role may need neither.
    for (const key of ["licence", "until"]) {
      wrong[key].textContent = "";
      fields[key].removeAttribute("aria-invalid");
    }
  });
  for (const [key, input] of Object.entries(fields)) mended(input, wrong[key], input);
  const problems = () => ({
    name: fields.name.value.trim().length < 2 ? "请写姓名,和证件一样。" : "",
    sex: fields.sex.value ? "" : "请选性别。",
    role: fields.role.value ? "" : "请选岗位。",
    licence: needs() && !fields.licence.value.trim() ? "这个岗位要执业证号。" : "",
    until: needs() && !fields.until.value ? "请填有效期至。" : "",
    years: /^\d{1,2}$/.test(fields.years.value.trim()) && Number(fields.years.value) <= 60 ? "" : "0 到 60 的整数。",
    userid: /^[A-Za-z0-9_\-@.]{1,64}$/.test(fields.userid.value.trim()) ? "" : "企业微信通讯录里的账号,字母和数字。",
  });
  const send = orderButton("登记", () => {
    const found = problems();
    for (const [key, input] of Object.entries(fields)) {
      wrong[key].textContent = found[key] ?? "";
      input.setAttribute("aria-invalid", String(Boolean(found[key])));
      input.setAttribute("aria-describedby", `wrong-${key}`);
    }
    const first = Object.keys(fields).find((key) => found[key]);
    if (first) {
      fields[first].focus();
      return null;
    }
    return [`organisations/${encodeURIComponent(id)}/practitioners`, body(fields, needs())];
  }, ({ practitioner_id: made }) => go(`person/${made}`), { trouble });
  const form = keepTyped(h("form", { novalidate: true, class: "panel staff-form", on: { submit: (event) => event.preventDefault() } }));
  replace(form,
    h("h2", null, name || "登记人员"),
    h("div", { class: "staff-two" }, field("name", "姓名"), field("sex", "性别")), field("role", "岗位"), licensed, expert,
    h("div", { class: "staff-two" }, field("years", "从业年限"), field("userid", "企业微信账号")),
    h("p", { class: "faint" }, "姓名和证号加密保存。登记后本人用企业微信打开会诊助手就能用;要限定期限,登记好后在岗位里改。"),
    trouble, h("div", { class: "actions" }, send));
  return { element: form };
}

function body(fields, licensed) {
  const value = (key) => fields[key].value.trim();
  return {
    full_name: value("name"), sex: value("sex"), roles: [value("role")], years_of_practice: Number(value("years")), subject: value("userid"),
    title_name: licensed ? value("title") : "", licence_number: licensed ? value("licence") : "",
    licence_valid_until: licensed ? value("until") : "9999-12-31",
    ...(licensed && value("scope") ? { scope: value("scope") } : {}),
    ...(value("role") === "expert" && value("department") ? { department_code: value("department") } : {}),
    ...(value("role") === "expert" && value("expertise") ? { expertise: value("expertise").split(/[\s,,、;;]+/) } : {}),
  };
}
