// Rich text of the platforms as nodes: the robot's markdown, and the links an Official Account may put into a text.
// Nothing here ever parses HTML; what is not understood stays visible as text.

import { h } from "./dom.js";

const INLINE = /\*\*([^*\n]+)\*\*|__([^_\n]+)__|`([^`\n]+)`|\[([^\]\n]+)\]\(([^)\s]+)\)|<font color="?(info|comment|warning)"?>([^<]*)<\/font>|<@([^>\s]+)>|(https?:\/\/[^\s<>"'),。;)】]+)/g;

/** Inline markdown as a list of nodes. `open(url)` is called for a tapped link. */
function inline(text, open) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > from) nodes.push(text.slice(from, found.index));
    const [whole, strong, strongToo, code, label, url, colour, coloured, mention, bare] = found;
    if (strong ?? strongToo) nodes.push(h("strong", null, strong ?? strongToo));
    else if (code) nodes.push(h("code", null, code));
    else if (label) nodes.push(link(label, url, open) ?? whole);
    else if (colour) nodes.push(h("span", { class: `ink-${colour}` }, coloured));
    else if (mention) nodes.push(h("span", { class: "mention" }, `@${mention}`));
    else nodes.push(link(bare, bare, open) ?? whole);
    from = found.index + whole.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

function link(label, url, open) {
  if (!/^(https?:\/\/|\/|tel:|miniprogram:|weixin:\/\/bizmsgmenu\?)/i.test(url)) return null;
  // A choice offered inside a text is pressed like a button, so it is as large as one; so is a number to dial or a page to go on with.
  const choice = /^(weixin|tel|miniprogram):/i.test(url) ? " chat-choice" : "";
  return h("a", { href: "#", class: `chat-link${choice}`, on: { click: (event) => { event.preventDefault(); open(url); } } }, label);
}

/** The robot's markdown: headings, quotes, lists, rules, code blocks and inline marks. */
export function markdown(source, open) {
  const root = h("div", { class: "rich" });
  let list = null;
  let code = null;
  for (const line of source.split("\n")) {
    if (/^\s*```/.test(line)) {
      code = code ? null : root.appendChild(h("pre", null));
      list = null;
      continue;
    }
    if (code) {
      code.append(`${line}\n`);
      continue;
    }
    const item = /^\s*(?:([-*•])|(\d{1,3})[.、)])\s+(.*)$/.exec(line);
    if (item) {
      const tag = item[1] ? "UL" : "OL";
      if (list?.tagName !== tag) list = root.appendChild(h(tag.toLowerCase(), tag === "OL" ? { start: item[2] } : null));
      list.append(h("li", null, ...inline(item[3], open)));
      continue;
    }
    list = null;
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading) root.append(h("p", { class: "rich-heading" }, ...inline(heading[2], open)));
    else if (/^>\s?/.test(line)) root.append(h("blockquote", null, ...inline(line.replace(/^>\s?/, ""), open)));
    else if (/^\s*([-*_]\s*){3,}$/.test(line)) root.append(h("hr"));
    else if (line.trim()) root.append(h("p", null, ...inline(line, open)));
  }
  return root;
}

const ANCHOR = /<a\s+href=(?:"([^"]*)"|'([^']*)')([^>]*)>([^<]*)<\/a>|(https?:\/\/[^\s<>"'),。;)】]+)/gi;

/** Plain text with the only markup an Official Account may use: links. */
export function linked(source, open) {
  const root = h("span", { class: "plain" });
  let from = 0;
  for (const found of source.matchAll(ANCHOR)) {
    const [whole, one, two, more, label, bare] = found;
    const page = /data-miniprogram-path="([^"]*)"/.exec(more ?? "")?.[1];
    const url = page ? `miniprogram:${page}` : (one ?? two ?? bare);
    const before = source.slice(from, found.index);
    const made = link(label ?? bare, url, open) ?? label ?? whole;
    from = found.index + whole.length;
    // A choice's number stays beside its words, however long these are.
    const number = made.classList?.contains("chat-choice") ? /(^|\n)(\d{1,2}) $/.exec(before) : null;
    if (number) {
      root.append(before.slice(0, number.index + number[1].length).replace(/\n$/, ""), h("span", { class: "choice-row" }, h("span", null, number[2]), made));
      if (source[from] === "\n") from += 1;
    } else root.append(before, made);
  }
  root.append(source.slice(from));
  return root;
}
