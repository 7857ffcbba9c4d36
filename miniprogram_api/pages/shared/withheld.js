// What a list could not show: lines whose data were erased, or do not open. Said in one line above the page, whatever page it is.

const told = new Map();

/** The sentence for `withheld` lines, as the practice gives them; "" when there are none. */
export function withheldWords(withheld) {
  const erased = withheld.filter((one) => one.reason === "erased").length;
  const locked = withheld.filter((one) => one.reason === "locked").length;
  const unreadable = withheld.length - erased - locked;
  const parts = [];
  if (erased) parts.push(`${erased} 条已按规定删除`);
  if (locked) parts.push(`${locked} 条已按本人要求锁定`);
  if (unreadable) parts.push(`${unreadable} 条无法读取(已通知管理员)`);
  return parts.length ? `另有 ${parts.join(",")},没有列出。` : "";
}

/** Remember what the list at `path` could not show, and say it of all lists of this page together. */
export function noteWithheld(path, withheld) {
  const list = path.split("?")[0];
  if (withheld.length) told.set(list, withheld);
  else if (!told.delete(list)) return;
  let line = document.getElementById("withheld");
  if (!line) {
    line = document.createElement("p");
    line.id = "withheld";
    line.className = "notice";
    line.setAttribute("role", "status");
    document.getElementById("page")?.before(line);
  }
  const lines = new Map([...told.values()].flat().map((one) => [one.id, one]));
  line.textContent = withheldWords([...lines.values()]);
  line.hidden = line.textContent === "";
}
