// What there is to the room besides faces: people, writing, captions, the telephone. It hears what the socket says of the room, and keeps the person
// to it: whom the moderator muted, his own microphone is switched off too.

import { h, replace } from "../shared/dom.js";
import { Chat } from "./chat.js";
import { People } from "./people.js";
import { phoneButton, phoneDone } from "./phone.js";
import { Sheet } from "./sheet.js";

const CAPTION_MS = 8000;
const PEOPLE = "大家";
const WRITING = "写字";
const GUESTS = new Set(["second_expert", "interpreter", "student"]);

export class RoomSide {
  /** `act.hold(muted)` is called when the moderator has muted the person, or lets him speak again. */
  constructor(place, call, consultationId, { seat, stage, act }) {
    Object.assign(this, { call, stage, act, unseen: 0, held: false });
    const middle = place.querySelector(".middle");
    const out = { tell: (message) => call.tell(message), say: (sentence) => this.sheet.say(sentence) };
    this.people = new People(call, out);
    this.chat = new Chat(call, consultationId, out);
    this.phones = h("div", { class: "row" });
    const everybody = h("div", null, this.people.element, this.phones, !GUESTS.has(seat) && phoneButton(consultationId));
    this.sheet = new Sheet(place.querySelector(".call-bar"), middle, "更多", { [PEOPLE]: everybody, [WRITING]: this.chat.element });
    this.sheet.onToggle = (open) => {
      if (open && this.written) this.sheet.turn(WRITING);
      this.unseen = 0;
      this.written = false;
    };
    this.sheet.onTurn = (name) => name === WRITING && this.chat.scroll();
    this.consultationId = consultationId;
    this.treats = seat === "village_doctor" || seat === "expert";
    this.caption = h("p", { class: "caption", "aria-live": "polite", hidden: true });
    middle.append(this.caption);
  }

  hear(message) {
    if (message.type === "room") this.#room(message);
    else if (message.type === "line") {
      const written = this.chat.add(message);
      this.written ||= written && !this.sheet.open;
      this.#news(written ? 1 : 0);
    } else if (message.type === "lines") for (const line of message.lines) this.chat.add(line);
    else if (message.type === "caption") this.#caption(message);
    else if (message.type === "problem") this.sheet.say(message.sentence);
  }

  #room(room) {
    const guests = room.guests.map((one) => ({ seat: one.seat, label: one.label, person: one.called || null }));
    this.call.seats = [...this.call.seats.filter((one) => !GUESTS.has(one.seat)), ...guests];
    this.#news(this.people.show(room));
    this.chat.may(room.can);
    const waits = this.treats && room.phone_asked.filter((seat) => seat !== room.seat).length > 0;
    replace(this.phones, waits && phoneDone(this.consultationId, () => this.sheet.say("记下了:已打过电话。")));
    const held = room.muted.includes(room.seat);
    if (held !== this.held) {
      this.held = held;
      this.act.hold(held);
      this.sheet.stand(held ? "主持人请您先静音。要说话,点「更多」里的「举手」。" : null);
      if (!held) this.sheet.say("主持人让您说话了。麦克风关着的话,点「已静音」打开。");
    }
    this.stage.showSeats();
  }

  /** Somebody came or went: the list says so. */
  seats() {
    if (this.people.room) this.people.show(this.people.room);
  }

  #news(count) {
    if (this.sheet.open || !count) return;
    this.unseen += count;
    this.sheet.badge(this.unseen);
  }

  #caption({ seat, text }) {
    const found = this.call.seats.find((one) => one.seat === seat);
    this.caption.textContent = `${found?.person ?? found?.label ?? ""}:${text}`;
    this.caption.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.caption.hidden = true; }, CAPTION_MS);
  }
}
