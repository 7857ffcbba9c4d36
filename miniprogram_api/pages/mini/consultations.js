// 我的会诊: where each stands and what happens next; one with everything that happened.

import { spoken } from "../shared/dates.js";
import { button, card, cells, empty, h, link, replace, title } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { intention } from "../shared/intention.js";
import { Parts } from "../shared/parts.js";
import { notice } from "../shared/states.js";
import { ask } from "./session.js";
import { urgencyTag } from "./words.js";

const CALLABLE = new Set(["ASSIGNED", "IN_PROGRESS"]);

export async function consultations() {
  return asParts(async () => {
    const { consultations: list } = await ask("GET", "consultations");
    return [["list", list, () => (list.length ? cells(list.map(row)) : empty("没有会诊。村医或医生替您申请后,进展会在这里。"))]];
  });
}

const row = (one) => link(`#/consultation/${one.consultation_id}`, [urgencyTag(one.urgency, one.urgency_label), `会诊 ${one.code}`], one.state_label, one.next);

export async function consultation({ rest: [id] }) {
  const address = encodeURIComponent(id);
  let recordings = null;
  return asParts(async () => {
    const { status, complaint, vitals, entries } = await ask("GET", `consultations/${address}/timeline`);
    const [call, rating] = await Promise.all([
      CALLABLE.has(status.state) ? ask("GET", `consultations/${address}/call`) : null,
      status.state === "COMPLETED" ? ask("GET", `consultations/${address}/rating`) : null,
    ]);
    const inside = (call?.seats ?? []).filter((one) => one.present && one.seat !== "patient").map((one) => one.person ?? one.label);
    // Fetched only where something was recorded: over a weak link every kilobyte counts. What did not come is asked for at the next look.
    if (!recordings && entries.some((one) => one.kind === "call.recording.started")) {
      recordings = await import("../shared/recordings.js").then((shared) => shared.keptRecordings(id, { ask }), () => null);
    }
    const recorded = recordings?.(entries);
    return [
      ["standing", [status, call?.closed, inside], () => standing(status, address, call, inside)],
      ["rating", rating, () => rating && (rating.may_rate || rating.stars) && ratingCard(address, rating)],
      ["told", [complaint, vitals], () => (complaint || vitals.length > 0) && card(complaint && h("p", null, `哪里不舒服:${complaint}`), vitals.map(([name, value]) => h("p", null, `${name}:${value}`)))],
      ["recordings", Boolean(recorded), () => recorded],
      ["course", entries, () => [title("经过"), h("ol", { class: "timeline" }, [...entries].reverse().map(entry))]],
    ];
  });
}

/** A page that asks anew by itself: only what changed is drawn, and nothing under somebody's fingers. */
async function asParts(read) {
  const parts = new Parts();
  const fresh = async () => parts.draw(await read());
  await fresh();
  return { element: parts.element, fresh };
}

const standing = (status, address, call, inside) =>
  h("section", { class: "panel panel-strong" },
    h("h2", null, urgencyTag(status.urgency, status.urgency_label), `会诊 ${status.code} · ${status.state_label}`),
    status.patient && h("p", null, status.patient),
    status.expert && h("p", null, `专家:${status.expert}`),
    h("p", null, status.next),
    inside.length > 0 && h("p", { class: "done-line", role: "status" }, `${inside.join("、")}已经在视频里等您。`),
    call && !call.closed && h("a", { class: "weui-btn weui-btn_primary", href: `../room/${address}/` }, "进入视频"),
    status.state === "COMPLETED" && h("a", { class: "weui-btn weui-btn_primary", href: `#/report/${address}` }, "看医生的决定"));

const entry = (one) => h("li", null, h("p", null, one.label), h("p", { class: "faint" }, [spoken(one.at), one.who].filter(Boolean).join(" · ")));

const STARS = ["", "很不满意", "不满意", "一般", "满意", "很满意"];
const starLine = (stars) => `${"★".repeat(stars)}${"☆".repeat(5 - stars)}`;

/** One to five stars and words, once. */
function ratingCard(address, rating) {
  const place = h("section", { class: "panel", "aria-label": "评价" });
  if (rating.stars) {
    replace(place, h("h2", null, "您的评价"), h("p", { class: "mini-stars-given" }, h("span", { "aria-hidden": "true" }, starLine(rating.stars)), ` ${rating.stars} 星 · ${STARS[rating.stars]}`), rating.words && h("p", null, rating.words));
    return place;
  }
  const wish = intention();
  const words = h("textarea", { rows: 2, maxlength: 500 });
  const trouble = h("div");
  const told = h("p", { class: "faint", role: "status" }, "点星星打分");
  let stars = 0;
  const buttons = [1, 2, 3, 4, 5].map((count) => h("button", { type: "button", class: "mini-star", "aria-label": `${count} 星,${STARS[count]}`, "aria-pressed": "false", on: { click: () => choose(count) } }, "☆"));
  function choose(count) {
    stars = count;
    told.textContent = `${count} 星 · ${STARS[count]}`;
    buttons.forEach((one, index) => {
      one.textContent = index < count ? "★" : "☆";
      one.setAttribute("aria-pressed", String(index + 1 === count));
    });
  }
  replace(place,
    h("h2", null, "这次会诊怎么样?"),
    h("div", { class: "mini-stars", role: "group", "aria-label": "几颗星" }, buttons), told,
    h("label", { class: "mini-words" }, h("span", { class: "faint" }, "想说的话(可以不写)"), words),
    trouble,
    button("提交评价", async () => {
      if (!stars) {
        replace(trouble, notice("先点一下星星。"));
        return;
      }
      try {
        const body = { stars, words: words.value.trim() };
        await ask("POST", `consultations/${address}/rating`, { body, key: wish.key(body) });
        place.replaceWith(ratingCard(address, { stars, words: words.value.trim() }));
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        replace(trouble, notice(problem));
      }
    }));
  return place;
}
