// Who works at one house: roles that count, licence, whether the one-time code is bound.

import { ask, orderButton } from "../shared/asking.js";
import { empty, h, link, title } from "../shared/dom.js";
import { Parts } from "../shared/parts.js";
import { counties, licence } from "./staff.js";

export async function house({ rest: [id = ""] }) {
  const parts = new Parts();
  const here = await found(id);
  const name = here?.full_name ?? "";

  async function fresh({ force = false } = {}) {
    const { practitioners } = await ask(`organisations/${encodeURIComponent(id)}/practitioners`);
    parts.draw([
      ["head", name, () => h("div", { class: "actions" },
        h("a", { class: "weui-btn weui-btn_primary", href: `#/add/${encodeURIComponent(id)}` }, "登记人员"))],
      ["people", practitioners, () => people(practitioners, name)],
      here && !here.closed_at && ["place", here, () => placing(here)],
    ].filter(Boolean), { force });
  }

  await fresh();
  parts.element.className = "staff-people";
  return { element: parts.element, fresh };
}

/** The name of a house, asked of the list of the county; empty where it stands in none. */
export async function called(id) {
  return (await found(id))?.full_name ?? "";
}

async function found(id) {
  const lists = await Promise.all((await counties()).map(([code]) => ask(`organisations?region_code=${code}`)));
  return lists.flatMap((one) => one.organisations).find((one) => one.organisation_id === id);
}

/** Where it stands and its telephone: told to whoever asks for the nearest house. */
function placing(one) {
  const input = (value, more) => h("input", { autocomplete: "off", value: value ?? "", ...more });
  const latitude = input(one.latitude, { inputmode: "decimal", maxlength: 14 });
  const longitude = input(one.longitude, { inputmode: "decimal", maxlength: 14 });
  const phone = input(one.phone, { inputmode: "tel", maxlength: 20 });
  const [trouble, wrong, said] = [h("div"), h("p", { class: "wrong", role: "alert" }), h("p", { class: "done-line", role: "status" })];
  const send = orderButton("保存", () => {
    const [north, east] = [latitude, longitude].map((field) => field.value.trim());
    const degrees = /^\d{1,3}(\.\d{1,10})?$/;
    said.textContent = "";
    wrong.textContent = (north === "") !== (east === "") ? "纬度和经度要么都填,要么都不填。"
      : north && !(degrees.test(north) && degrees.test(east) && north >= 3 && north <= 54 && east >= 73 && east <= 136) ? "请填国内地图的坐标,比如纬度 25.8301、经度 107.3201。" : "";
    if (wrong.textContent) return null;
    return [`organisations/${encodeURIComponent(one.organisation_id)}/location`, {
      latitude: north ? Number(north) : null, longitude: east ? Number(east) : null, phone: phone.value.trim(),
    }];
  }, () => { said.textContent = "位置和电话存好了。"; }, { trouble, method: "PUT" });
  const field = (label, element) => h("label", { class: "field" }, h("span", null, label), element);
  return h("details", { class: "panel staff-form", "data-id": "place" }, h("summary", { class: "fold" }, "位置和电话(患者问「附近的卫生院」时告诉他)"),
    h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
      field("纬度", latitude), field("经度", longitude), field("电话", phone), wrong, trouble, said, h("div", { class: "actions" }, send)));
}

function people(list, name) {
  if (!list.length) return empty(`${name || "这里"}还没有登记人员。`);
  const rows = list.map(row);
  return h("section", { "aria-label": "人员" }, title(`${name} · ${list.length} 人`), list.length > MANY && finder(list, rows), h("div", { class: "weui-cells" }, rows));
}

/** From so many on one does not look through them. */
const MANY = 10;

/** What is typed leaves those whose name, title or roles hold it. */
function finder(list, rows) {
  const none = h("p", { class: "actions faint", role: "status", hidden: true }, "没有这样的人。");
  const field = h("input", { type: "search", autocomplete: "off", "aria-label": "找人", placeholder: "姓名、岗位或职称" });
  field.addEventListener("input", () => {
    const asked = field.value.trim();
    list.forEach((one, at) => { rows[at].hidden = ![one.full_name, one.title_name, ...one.roles.filter((role) => role.running).map((role) => role.label)].some((words) => words?.includes(asked)); });
    none.hidden = rows.some((element) => !element.hidden);
  });
  return [h("label", { class: "field" }, h("span", null, "找人"), field), none];
}

function row(one) {
  const held = one.roles.filter((role) => role.running);
  const { words, tag } = licence(one);
  const element = link(`#/person/${one.practitioner_id}`, one.full_name, null, [one.title_name, words].filter(Boolean).join(" · "));
  element.querySelector(".weui-cell__bd").append(h("span", { class: "staff-tags" },
    !one.active && h("span", { class: "tag tag-past" }, "已停用"),
    held.map((role) => h("span", { class: `tag ${role.withheld ? "tag-urgent" : ""}` }, role.label)),
    one.active && !held.length && h("span", { class: "tag tag-past" }, "没有岗位"),
    tag && h("span", { class: `tag ${tag}` }, tag === "tag-critical" ? "执业证过期" : "快到期")));
  return element;
}
