// The houses of the county from above to below, each leading to its people; one more by hand.

import { ask, orderButton } from "../shared/asking.js";
import { empty, h, link, title } from "../shared/dom.js";
import { mended } from "../shared/mended.js";
import { Parts, keepTyped, saidPart } from "../shared/parts.js";
import { backups } from "./backups.js";
import { models } from "./models.js";
import { KINDS, choices, counties } from "./staff.js";

export async function houses() {
  const parts = new Parts();
  const places = await counties();
  if (!places.length) return { element: empty("您现在不是哪个县的管理员。岗位刚结束或还没开始时,这里看不到机构。") };

  async function fresh({ force = false, said = "" } = {}) {
    const [last, used, ...lists] = await Promise.all([ask("backups/last"), ask("models"), ...places.map(([code]) => ask(`organisations?region_code=${code}`))]);
    parts.draw([
      saidPart(said),
      ["backups", [last.line, last.to_do], () => backups(last)],
      ["models", used, () => models(used)],
      ...places.map(([code], place) => [code, lists[place], () => list(lists[place].organisations)]),
      ["add", places, () => form(places, lists, (words) => fresh({ force: true, said: words }))],
    ], { force });
  }

  await fresh();
  parts.element.className = "staff-houses";
  return { element: parts.element, fresh };
}

function list(found) {
  const open = found.filter((one) => !one.closed_at);
  const closed = found.filter((one) => one.closed_at);
  if (!open.length) return empty("还没有登记机构。可以在下面登记一家,或用表格一次导入。");
  return h("section", { "aria-label": "机构" }, title(`${open.length} 家机构`),
    h("div", { class: "weui-cells" }, tree(open).map(([one, level]) => row(one, level))),
    closed.length > 0 && h("details", { class: "panel", "data-id": "closed" }, h("summary", { class: "fold" }, `已关闭的 ${closed.length} 家`),
      closed.map((one) => h("p", null, one.full_name))));
}

function row(one, level) {
  const element = link(`#/house/${one.organisation_id}`, one.full_name, null, `${KINDS[one.kind] ?? ""} · ${one.region_name || one.region_code}`);
  if (level) element.classList.add(`staff-below-${Math.min(level, 3)}`);
  return element;
}

/** Each house below the one it belongs to, with how many of the list stand above it. */
function tree(list) {
  const known = new Set(list.map((one) => one.organisation_id));
  const under = new Map();
  for (const one of list) {
    const parent = known.has(one.parent_id) ? one.parent_id : null;
    under.set(parent, [...(under.get(parent) ?? []), one]);
  }
  const walk = (parent, level) => (under.get(parent) ?? []).flatMap((one) => [[one, level], ...walk(one.organisation_id, level + 1)]);
  return walk(null, 0);
}

function form(places, lists, done) {
  const all = lists.flatMap((one) => one.organisations).filter((one) => !one.closed_at && one.kind !== "village_clinic");
  const name = h("input", { maxlength: 60, autocomplete: "off" });
  const kind = h("select", null, choices(Object.entries(KINDS), "请选"));
  const parent = h("select", null, choices(all.map((one) => [one.organisation_id, one.full_name]), "没有上级"));
  const code = h("input", { inputmode: "numeric", maxlength: 12, autocomplete: "off", value: places[0][0] });
  const region = h("input", { maxlength: 60, autocomplete: "off" });
  const trouble = h("div");
  const wrong = h("p", { class: "wrong", role: "alert" });
  for (const one of [name, kind, code]) mended(one, wrong);
  const send = orderButton("登记机构", () => {
    const bad = name.value.trim().length < 2 ? [name, "请写机构的全名。"] : !kind.value ? [kind, "请选类别。"]
      : !/^\d{6}(\d{3}(\d{3})?)?$/.test(code.value.trim()) ? [code, "区划代码:县级 6 位,乡镇 9 位,村 12 位。"] : null;
    wrong.textContent = bad ? bad[1] : "";
    if (bad) {
      bad[0].focus();
      return null;
    }
    return ["organisations", { full_name: name.value.trim(), kind: kind.value, parent_id: parent.value || null, region_code: code.value.trim(), region_name: region.value.trim() }];
  }, () => done("机构登记好了。"), { trouble });
  const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
  return h("details", { class: "panel staff-form", "data-id": "add" }, h("summary", { class: "fold" }, "登记一家机构"),
    keepTyped(h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
      field("全名", name), field("类别", kind), field("上级机构", parent), field("区划代码(国标)", code), field("地区,像人们说的那样", region),
      wrong, trouble, h("div", { class: "actions" }, send))));
}
