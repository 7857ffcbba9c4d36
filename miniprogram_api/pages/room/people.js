// Who is in the room, who waits at its door, and what the moderator does: 静音, 请出, 交出主持, 锁定, 邀请.

import { button, h, replace } from "../shared/dom.js";
import { qrCode } from "../shared/qr_code.js";
import { confirmed } from "../shared/states.js";

const GUESTS = { second_expert: "第二位专家", interpreter: "翻译", student: "旁听的学员" };
const LINK_MINUTES = [5, 10, 30];

const small = (label, press, attributes = {}) => h("button", { type: "button", class: "sheet-button", ...attributes, on: { click: press } }, label);

export class People {
  /** `tell(message)` sends over the call's socket; `say(sentence)` shows one. */
  constructor(call, { tell, say }) {
    Object.assign(this, { call, tell, say, room: null });
    this.door = h("div", { class: "door" });
    this.list = h("ul", { class: "people", "aria-label": "视频里的人" });
    this.controls = h("div", { class: "controls" });
    this.guests = h("div", { class: "guests" });
    this.element = h("div", null, this.door, this.list, this.controls, this.guests);
  }

  /** How the room stands now; gives back what there is to look at: who waits, and hands that are new. */
  show(room) {
    const before = this.room;
    this.room = room;
    // A button under somebody's finger stays where it is while nothing has changed that is shown here.
    const shown = JSON.stringify([room, this.call.seats, [...this.call.here.keys()].sort()]);
    if (shown === this.shown) return 0;
    this.shown = shown;
    replace(this.door, room.waiting.map((one) => this.#atTheDoor(one)));
    replace(this.list, this.call.seats.filter((one) => room.seats.includes(one.seat)).map((one) => this.#person(one)));
    this.#drawControls();
    this.#drawGuests();
    const known = new Set(before?.waiting.map((one) => one.place_id));
    const came = room.waiting.filter((one) => !known.has(one.place_id));
    const hands = room.hands.filter((seat) => seat !== room.seat && !before?.hands.includes(seat));
    if (came.length) this.say(`${nameOf(came[0])}在门外等。点「更多」请他进来。`);
    else if (hands.length) this.say(`${this.#name(hands[0])}举手了。`);
    else if (before && before.moderator !== room.moderator && room.moderator === room.seat) this.say("现在由您主持。");
    return came.length + hands.length;
  }

  #may(act) {
    return this.room.can.includes(act);
  }

  #name(seat) {
    const found = this.call.seats.find((one) => one.seat === seat);
    return found?.person ? `${found.person}(${found.label})` : (found?.label ?? "");
  }

  #atTheDoor(one) {
    return h("div", { class: "door-one", role: "group", "aria-label": `${nameOf(one)}在门外等` }, h("p", null, `${nameOf(one)}在门外等`),
      h("div", { class: "row" },
        small("请进来", () => this.tell({ type: "admit", place: one.place_id }), { class: "sheet-button strong" }),
        small("先不请", () => this.tell({ type: "refuse", place: one.place_id }))));
  }

  #person({ seat, label, person }) {
    const { room } = this;
    const mine = seat === room.seat;
    const here = mine || this.call.here.has(seat);
    const muted = room.muted.includes(seat);
    const marks = [
      room.moderator === seat && "主持", room.hands.includes(seat) && "举手", muted && "已被静音", !here && (room.declined.includes(seat) ? "说现在不能视频" : "不在"),
      room.phone_asked.includes(seat) && "等电话", seat === "patient" && room.beside > 0 && `身边 ${room.beside} 位家属`,
    ].filter(Boolean);
    const acts = [];
    if (this.#may("mute") && !mine && here && seat !== "student") {
      acts.push(small(muted ? "让他说话" : "静音", () => this.tell({ type: "mute", seat, muted: !muted })));
    }
    if (this.#may("hand_over") && !mine && here && (seat === "expert" || seat === "village_doctor")) {
      acts.push(small("交给他主持", () => this.tell({ type: "hand_over", seat })));
    }
    if (this.#may("remove") && !mine && here && (seat === "patient" || seat in GUESTS)) {
      acts.push(small("请出", async () => {
        if (await confirmed(`请${this.#name(seat)}离开视频?他再进来要您同意。`, "请他离开")) this.tell({ type: "remove", seat });
      }));
    }
    return h("li", null, h("p", null, mine ? `${label}(您)` : person ? `${person}(${label})` : label, marks.length > 0 && h("span", { class: "marks" }, marks.join(" · "))),
      acts.length > 0 && h("div", { class: "row" }, acts));
  }

  #drawControls() {
    const { room } = this;
    const raised = room.hands.includes(room.seat);
    const parts = [];
    if (this.#may("hand")) parts.push(small(raised ? "放下手" : "举手", () => this.tell({ type: "hand", raised: !raised }), { "aria-pressed": String(raised) }));
    if (this.#may("lock")) {
      parts.push(small(room.locked ? "不再锁定" : "锁定", () => this.tell({ type: "lock", locked: !room.locked }), { "aria-pressed": String(room.locked) }));
    }
    const beside = this.#may("beside") && h("div", { class: "row beside", role: "group", "aria-label": "患者身边的家属" },
      h("span", null, `患者身边有 ${room.beside} 位家属`),
      h("span", { class: "steps" },
        small("少一位", () => this.tell({ type: "beside", count: Math.max(0, room.beside - 1) }), { disabled: room.beside === 0 }),
        small("多一位", () => this.tell({ type: "beside", count: Math.min(9, room.beside + 1) }), { disabled: room.beside === 9 })));
    replace(this.controls, h("div", { class: "row" }, parts), beside,
      room.locked && h("p", { class: "faint" }, "已锁定:后来的人要等主持人请进来。"));
  }

  #drawGuests() {
    const { room } = this;
    if (!this.#may("invite")) {
      replace(this.guests);
      return;
    }
    if (this.guests.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return; // somebody is writing a name
    const asked = new Set(room.invitations.map((one) => one.seat));
    const open = room.invitations.map((one) => this.#invitation(one));
    const free = Object.keys(GUESTS).filter((seat) => !asked.has(seat));
    replace(this.guests, h("h2", null, "邀请别人"), open, free.length > 0 && this.#invite(free));
  }

  #invite(free) {
    const seat = h("select", { "aria-label": "请谁" }, free.map((one) => h("option", { value: one }, GUESTS[one])));
    const minutes = h("select", { "aria-label": "链接多久有效" }, LINK_MINUTES.map((one) => h("option", { value: String(one), selected: one === 10 }, `${one} 分钟内有效`)));
    const called = h("input", { type: "text", maxlength: 20, placeholder: "他怎么称呼,如 杨翻译", "aria-label": "他怎么称呼" });
    return h("form", { class: "invite", on: { submit: (event) => {
      event.preventDefault();
      if (!called.value.trim()) {
        called.focus();
        return;
      }
      called.blur();
      this.tell({ type: "invite", seat: seat.value, called: called.value.trim(), minutes: Number(minutes.value) });
    } } }, seat, called, minutes, h("button", { type: "submit", class: "sheet-button strong" }, "生成邀请链接"));
  }

  #invitation(one) {
    const address = new URL(one.link, location.origin).href;
    const rows = this.room.codes?.[one.invitation_id];
    const shown = this.scanned === one.invitation_id;
    const scan = small(shown ? "收起二维码" : "二维码", () => {
      this.scanned = shown ? null : one.invitation_id;
      this.#drawGuests();
    }, { "aria-expanded": String(shown) });
    const copy = button("复制链接", async () => {
      try {
        await navigator.clipboard.writeText(address);
        this.say("链接已复制,发给他就行。只能一个人用。");
      } catch {
        this.say("请长按下面的链接,选「复制」。");
      }
    }, "default", { class: "sheet-button strong" });
    return h("div", { class: "invitation" }, h("p", null, `${one.called}(${one.seat_label})`, h("span", { class: "marks" }, one.state === "taken" ? "已打开链接" : "还没打开链接")),
      one.state === "open" && h("p", { class: "address" }, address),
      one.state === "open" && this.scanned === one.invitation_id && rows && h("div", { class: "scan" },
        qrCode(rows, "邀请链接的二维码"), h("p", { class: "faint" }, `请${one.called}用微信扫一扫。只能一个人用。`)),
      h("div", { class: "row" }, one.state === "open" && copy, one.state === "open" && rows && scan, small("收回", () => this.tell({ type: "withdraw", invitation: one.invitation_id }))));
  }
}

const nameOf = (one) => (one.called ? `${one.called}(${one.label})` : one.label);
