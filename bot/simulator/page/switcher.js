// Whose phone is this: everybody of the demonstration by role, with search.

import { avatar } from "./avatar.js";
import { button, h, replace } from "./dom.js";
import { ROLES, plainName, roleLabel } from "./inboxes.js";

const badge = (count) => count > 0 && h("span", { class: "badge", "aria-label": `${count} 条未读` }, count > 99 ? "99+" : count);

export function switcher({ inboxes, current, choose }) {
  const people = [...inboxes.people.values()];
  const chosen = { role: "", words: "" };
  const found = h("div", { class: "people", "aria-live": "polite" });
  const search = h("input", { type: "search", placeholder: "找人:姓名、科室、地方", "aria-label": "找人", on: { input: () => { chosen.words = search.value.trim(); list(); } } });
  const roles = ROLES.filter(([role]) => people.some((person) => person.role === role));
  const tabs = h("div", { class: "role-tabs", role: "group", "aria-label": "按角色看" });

  function tab(role, label) {
    return button(label, () => { chosen.role = role; list(); }, { "aria-pressed": String(chosen.role === role) });
  }

  function matches(person) {
    const words = chosen.words.split(/\s+/).filter(Boolean);
    const text = [person.name, person.title, person.place, roleLabel(person.role)].join(" ");
    return (!chosen.role || person.role === chosen.role) && words.every((word) => text.includes(word));
  }

  function list() {
    replace(tabs, tab("", "全部"), roles.map(([role, label]) => tab(role, label)));
    const shown = people.filter(matches);
    if (!shown.length) {
      replace(found, h("p", { class: "state-line" }, "没有找到。换个名字或科室试试。"));
      return;
    }
    const groups = chosen.role || chosen.words ? [["", "", shown]] : roles.map(([role, label]) => [role, label, shown.filter((person) => person.role === role)]);
    const waiting = chosen.role || chosen.words ? [] : shown.filter((person) => inboxes.unreadPersonally(person.key) > 0);
    replace(found, waiting.length > 0 && section("有新消息", waiting), groups.map(([, label, members]) => section(label, members)));
  }

  function section(label, members) {
    return h("section", null, label && h("h3", null, `${label} ${members.length}`), h("ul", null, members.map(entry)));
  }

  function entry(person) {
    return h("li", null, button([
      avatar(person.name),
      h("span", { class: "entry-text" },
        h("span", { class: "entry-name" }, plainName(person.name), h("span", { class: "role-tag" }, roleLabel(person.role))),
        h("span", { class: "faint" }, [person.title, person.place].filter(Boolean).join(" · "))),
      badge(inboxes.unreadPersonally(person.key)),
    ], () => choose(person.key), { class: "entry", "aria-current": String(person.key === current) }));
  }

  list();
  return { element: h("div", { class: "switcher" }, h("div", { class: "switcher-head" }, search, tabs), found), focus: () => search.focus() };
}

export { badge };
