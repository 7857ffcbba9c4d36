// One person: roles with their dates, what the licence says, the one-time code; each changed here, and it counts with the next thing he does.

import { ask, orderButton } from "../shared/asking.js";
import { h } from "../shared/dom.js";
import { mended } from "../shared/mended.js";
import { Parts, keepTyped, saidPart } from "../shared/parts.js";
import { confirmed } from "../shared/states.js";
import { ROLES, begins, choices, date, ends, licence, span } from "./staff.js";

export async function person({ rest: [id = ""] }) {
  const parts = new Parts();
  const path = `practitioners/${encodeURIComponent(id)}`;

  async function fresh({ force = false, said = "" } = {}) {
    const view = await ask(path);
    const again = (words) => fresh({ force: true, said: words });
    parts.draw([
      saidPart(said),
      ["head", [view.full_name, view.title_name, view.organisation, view.active], () => head(view, path, again)],
      ["roles", view.roles, () => roles(view, path, again)],
      ["licence", [view.licence_valid_until, view.licensed, view.scope_label], () => licencePart(view, path, again)],
      ["factor", view.has_second_factor, () => factor(view, path, again)],
    ], { force });
  }

  await fresh();
  parts.element.className = "staff-person";
  return { element: parts.element, fresh };
}

const small = (element) => {
  element.classList.add("small-button");
  return element;
};

function head(view, path, again) {
  const trouble = h("div");
  const stop = view.active
    ? orderButton("停用", async () => ((await confirmed(`停用${view.full_name}?所有岗位马上不能用,恢复后才能再用。`, "停用")) ? [`${path}/deactivation`, {}] : null),
      () => again("已停用,从现在起什么也不能做。"), { trouble, kind: "warn", stale: again })
    : orderButton("恢复", () => [`${path}/deactivation`], () => again("已恢复,还在期限里的岗位又能用了。"), { trouble, kind: "default", method: "DELETE", stale: again });
  return h("section", { class: "panel panel-strong", "aria-label": view.full_name },
    h("h2", null, view.full_name, !view.active && h("span", { class: "tag tag-critical" }, "已停用")),
    h("p", null, [view.title_name, view.scope_label && `执业范围 ${view.scope_label}`].filter(Boolean).join(" · ") || "没有职称"),
    h("a", { class: "back", href: `#/house/${view.organisation_id}` }, view.organisation), trouble, small(stop));
}

function roles(view, path, again) {
  const trouble = h("div");
  const now = view.roles.filter((one) => one.running);
  const later = view.roles.filter((one) => !one.running && !one.ended_at && one.valid_from && new Date(one.valid_from) > new Date());
  const before = view.roles.filter((one) => !now.includes(one) && !later.includes(one));
  return h("section", { class: "panel", "aria-label": "岗位" }, h("h2", null, "岗位"),
    !now.length && !later.length && h("p", { class: "faint" }, "现在没有岗位,什么也不能做。"),
    [...now, ...later].map((one) => h("div", { class: "staff-role" },
      h("div", null, h("p", null, h("span", { class: "tag" }, one.label), one.organisation), h("p", { class: "faint" }, span(one)), one.withheld && h("p", { class: "wrong" }, one.withheld)),
      small(orderButton("结束", async () => ((await confirmed(`结束${view.full_name}在${one.organisation}的「${one.label}」?马上生效,下一步就做不了;手上没办完的要先转给别人。`, "结束岗位"))
        ? [`${path}/roles/end`, { organisation_id: one.organisation_id, role: one.role }] : null),
      () => again(`「${one.label}」已结束,从现在起不能再用。`), { trouble, kind: "warn", stale: again })))),
    trouble, grant(view, path, again),
    before.length > 0 && h("details", { "data-id": "before" }, h("summary", { class: "fold" }, `以前的岗位 ${before.length} 个`),
      before.map((one) => h("p", null, `${one.label} · ${one.organisation} `, h("span", { class: "faint" }, span(one))))));
}

function grant(view, path, again) {
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const role = h("select", null, choices(Object.entries(ROLES), "请选"));
  const from = h("input", { type: "date" });
  const until = h("input", { type: "date" });
  for (const one of [role, from, until]) mended(one, wrong);
  const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
  return h("details", { class: "staff-form", "data-id": "grant" }, h("summary", { class: "fold" }, "授予岗位"),
    keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
      field(`岗位(在${view.organisation})`, role),
      h("div", { class: "staff-two" }, field("从哪天起(不填:现在)", from), field("到哪天为止(不填:不限)", until)), wrong, trouble,
      h("div", { class: "actions" }, orderButton("授予", () => {
        const bad = !role.value ? "请选岗位。" : from.value && until.value && until.value < from.value ? "结束的日子要在开始之后。" : "";
        wrong.textContent = bad;
        if (bad) return null;
        return [`${path}/roles`, { organisation_id: view.organisation_id, role: role.value, valid_from: begins(from.value), valid_until: ends(until.value) }];
      }, () => again("岗位授予好了,本人已收到通知。"), { trouble, stale: again })))));
}

function licencePart(view, path, again) {
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  const until = h("input", { type: "date", value: view.licensed ? view.licence_valid_until : "" });
  const number = h("input", { maxlength: 30, autocomplete: "off" });
  mended(until, wrong);
  const { words, tag } = licence(view);
  const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
  return h("section", { class: "panel", "aria-label": "执业证" }, h("h2", null, "执业证"),
    h("p", null, tag && h("span", { class: `tag ${tag}` }, tag === "tag-critical" ? "过期" : "快到期"), words),
    h("p", { class: "faint" }, "过期的当天过后,要执业证的岗位自动不能用;到期前 30 天本人和您会收到提醒。"),
    h("details", { class: "staff-form", "data-id": "licence" }, h("summary", { class: "fold" }, view.licensed ? "更新执业证" : "登记执业证"),
      keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
        field("有效期至", until), field("新的证号(没换不用填)", number), wrong, trouble,
        h("div", { class: "actions" }, orderButton("更新", async () => {
          wrong.textContent = until.value ? "" : "请填有效期至。";
          if (!until.value) return null;
          if (until.value < date(new Date()) && !(await confirmed(`${until.value} 已经过去了。这样填,${view.full_name}要执业证的岗位马上不能用。真的已过期吗?`, "已过期,就这样填", "改日期"))) return null;
          return [`${path}/licence`, { licence_valid_until: until.value, ...(number.value.trim() ? { licence_number: number.value.trim() } : {}) }];
        }, () => again(until.value < date(new Date()) ? "执业证更新好了:已过期,要执业证的岗位现在不能用。" : "执业证更新好了。"), { trouble, method: "PUT", stale: again }))))));
}

function factor(view, path, again) {
  const trouble = h("div");
  return h("section", { class: "panel", "aria-label": "动态码" }, h("h2", null, "动态码"),
    h("p", null, view.has_second_factor ? "已绑定手机验证器,签名时要输 6 位数字。" : "还没有绑定,第一次签名时会请本人绑定。"),
    view.has_second_factor && [
      h("p", { class: "faint" }, "手机丢了或换了、旧验证器不在了,才重置:旧的马上作废,本人会收到通知,下次签名前重新绑定。"),
      trouble,
      small(orderButton("重置动态码", async () => ((await confirmed(`重置${view.full_name}的动态码?请先当面或打电话确认是本人要求的。`, "重置"))
        ? [`${path}/second-factor`] : null), () => again("动态码已重置,本人已收到通知。"), { trouble, kind: "warn", method: "DELETE", stale: again })),
    ]);
}
