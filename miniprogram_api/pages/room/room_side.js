// What there is to the room besides faces: people, writing, captions, the telephone. It hears what the socket says of the room, and keeps the person
// to it: whom the moderator muted, his own microphone is switched off too.

import { h, replace } from "../shared/dom.js";
import { CaseTab } from "./case_tab.js";
import { Chat } from "./chat.js";
import { Discussed } from "./discussed.js";
import { People } from "./people.js";
import { phoneButton, phoneDone } from "./phone.js";
import { RouteButton } from "./route_button.js";
import { Sheet } from "./sheet.js";

const CAPTION_MS = 8000;
const PEOPLE = "大家";
const WRITING = "写字";
const CASE = "病情";
/** Those who treat the patient: he himself is asked, not read about, and guests are of no case. */
const TREAT = new Set(["village_doctor", "expert"]);
const GUESTS = new Set(["second_expert", "interpreter", "student"]);

export class RoomSide {
  /** `act.hold(muted)` is called when the moderator has muted the person, or lets him speak again. */
  constructor(place, call, consultationId, { seat, stage, act }) {
    Object.assign(this, { call, stage, act, unseen: 0, held: false });
    const middle = place.querySelector(".middle");
    const out = { tell: (message) => call.tell(message), say: (sentence) => this.sheet.say(sentence) };
    this.people = new People(call, out);
    this.discussed = new Discussed(call, consultationId, { stage, say: out.say, whole: !GUESTS.has(seat) });
    this.chat = new Chat(call, consultationId, { ...out, show: (image, who) => this.#discuss(image, who) });
    this.phones = h("div", { class: "row" });
    this.route = new RouteButton(call, out.say);
    const everybody = h("div", null, this.people.element, this.phones, this.route.element, !GUESTS.has(seat) && phoneButton(consultationId));
    this.treats = TREAT.has(seat);
    const knowing = this.treats ? new CaseTab(consultationId) : null;
    const tabs = { [PEOPLE]: everybody, [WRITING]: this.chat.element, ...(knowing && { [CASE]: knowing.element }) };
    this.sheet = new Sheet(place.querySelector(".call-bar"), middle, "更多", tabs);
    this.sheet.onToggle = (open) => {
      if (open && this.written) this.sheet.turn(WRITING);
      this.unseen = 0;
      this.written = false;
    };
    this.sheet.onTurn = (name) => {
      if (name === WRITING) this.chat.scroll();
      if (name === CASE) knowing.look();
    };
    this.consultationId = consultationId;
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

  /** On a phone the sheet lies over the stage: it makes way. */
  #discuss(image, who) {
    if (this.sheet.open && !matchMedia("(min-width: 900px)").matches) this.sheet.toggle(false);
    this.discussed.show(image, who);
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
