// 动态码: whether the practitioner has one, how to make one, how to change the phone.

import { Problem, request } from "../shared/api.js";
import { spoken } from "../shared/dates.js";
import { button, card, h, replace } from "../shared/dom.js";
import { enrolment } from "../shared/second_factor.js";
import { failed, loading } from "../shared/states.js";

const place = document.getElementById("factor");

async function show(said = null) {
  replace(place, loading());
  try {
    draw(await request("GET", "me/second-factor"), said);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    replace(place, failed(problem, () => show()));
  }
}

function draw(view, said) {
  replace(place,
    said && h("p", { class: "notice", role: "status" }, said),
    card(h("p", null, "签名前要输入手机验证器上的 6 位数字,防止别人用您开着的手机签名。输入一次,半小时内不用再输。")),
    view.enrolled ? bound(view) : card(enrolment(() => show("绑定好了。以后签名时看验证器。"))));
}

function bound(view) {
  const code = h("input", { type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 6, "aria-label": "旧动态码" });
  const next = h("div");
  return card(
    h("p", null, h("b", null, `已绑定(${spoken(view.enrolled_at)})。`)),
    view.locked_until && h("p", { class: "notice" }, `输错太多次,${spoken(view.locked_until)} 以后再试。`),
    h("details", null, h("summary", { class: "fold" }, "换手机"),
      h("p", { class: "faint" }, "先输入旧手机验证器上的动态码。旧手机不在了,请管理员重置。"),
      h("label", { class: "field" }, h("span", null, "旧动态码"), code),
      button("下一步", async () => replace(next, enrolment(() => show("新手机绑定好了,旧的不能再用。"), code.value.replace(/[^0-9]/g, "")))),
      next));
}

show();
