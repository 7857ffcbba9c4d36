// The call itself: a seat, the signalling socket, and the connections of that seat. Whatever breaks is put up again by itself.

import { Problem, renew, request } from "../shared/api.js";
import { Pair } from "./pair.js";
import { Pulse } from "./pulse.js";
import { Route } from "./route.js";
import { WayBack, drop, socket as newSocket } from "./way_back.js";

const CONNECT_MS = 12_000;
const ANSWER_MS = 6000;
const QUALITY_MS = 3000;
/** The close code of whoever leaves (docs/signalling.md). */
const LEFT = 4001;
const RENEW_MS = 8 * 60_000;
/** Between two tries to put up connections over a socket that answers. */
const REBUILD_MS = 2500;
/** Connections that were made ready know the device's addresses of that moment. */
const SPARE_MS = 3000;
const WAITS_MS = [300, 1000, 2000, 4000];
const NO_PATH = { code: "no_media_path", sentence: "网络不让视频通过。请换个网络(比如关掉 Wi-Fi 用流量),我们会自动再连。" };
const UNFIT = { code: "unfit_browser", sentence: "这个浏览器的视频格式不支持。请换微信或系统浏览器打开。" };
/** Codes of the last message after which coming back by itself would be wrong. */
const FINAL = new Set(["call.left", "call.over", "call.replaced", "call.removed", "call.must_wait", "call.invitation_over", "call.no_right", "call.not_yet", "call.seat_taken", "call.ticket_used", "call.ticket_expired", "access.denied", "session.missing", "session.over"]);

/**
 * Events: "state" (detail: connecting, connected, reconnecting, closed with {code, sentence}), "seats" (somebody came, changed or went),
 * "track" ({seat, stream}), "link" ({seat, up, down, done, …}: how somebody's line is and what is done), "trouble" ({code} for the timeline),
 * "recording" (how it stands), "problem" ({sentence} for the person), "message" (any other message of the socket).
 */
export class Call extends EventTarget {
  /** `met`: a set to which every seat is added that was in the call. */
  constructor(consultationId, met = new Set()) {
    super();
    this.consultationId = consultationId;
    this.audio = null;
    this.video = null;
    this.pictures = true;
    this.large = "";
    this.reading = false;
    this.seats = [];
    this.here = new Map();
    this.links = new Map();
    this.route = new Route();
    this.met = met;
    this.state = "idle";
    this.pair = null;
    this.before = null;
    this.spare = null;
    this.tries = 0;
    this.published = 0;
    this.wanted = false;
    this.pulse = new Pulse({ doubt: () => this.#doubt(), dead: () => this.#dead(), back: () => this.#back(), half: () => this.#publish(), expects: () => this.#expects() });
    this.wayBack = new WayBack({ dialling: () => this.#prepare(), opened: (socket) => this.#openedAgain(socket) });
    this.hurry = () => this.#hurry();
  }

  get sending() {
    return this.pair?.sending ?? null;
  }

  get receiving() {
    return this.pair?.receiving ?? null;
  }

  get streams() {
    return this.pair?.streams ?? new Map();
  }

  /** Join with these tracks (either may be null). */
  join({ audio, video }) {
    Object.assign(this, { audio, video, wanted: true, tries: 0 });
    addEventListener("online", this.hurry);
    navigator.connection?.addEventListener("change", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.renewing = setInterval(() => renew().catch(() => {}), RENEW_MS);
    this.#set("connecting");
    return this.#open();
  }

  leave() {
    this.tell({ type: "leave" });
    this.socket?.close(LEFT); // said twice: the message may be lost before it is read
    this.#finish({ code: "call.left", sentence: "您已退出视频。" });
  }

  /** Put another track in place of the one that is sent; null sends nothing of this kind. */
  async replace(kind, track) {
    this[kind] = track;
    await this.pair?.replace(kind, track);
    this.tellState();
  }

  /** Whether there is another way than the direct one. */
  get hasRelay() {
    return this.route.hasRelay;
  }

  /** 换线路: over a relay from now on, or directly again. */
  changeRoute() {
    this.route.turn();
    this.#again(0);
  }

  /** Whether the others' pictures are wanted (语音模式 wants none). */
  wantPictures(wanted) {
    this.pictures = wanted;
    this.tellState();
  }

  /** Whose picture is large here ("": nobody's), and whether an image of the case is open: on a narrow link these come before other pictures. */
  lookAt({ large = this.large, reading = this.reading }) {
    Object.assign(this, { large, reading });
    this.tellState();
  }

  tellState() {
    const { pictures, large, reading } = this;
    this.tell({ type: "state", audio: Boolean(this.audio?.enabled), video: Boolean(this.video?.enabled), pictures, large, reading });
  }

  /** Say something over the socket; false when there is none just now. */
  tell(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * With a ticket: the first time, and whenever the short way (`#openedAgain`) was refused. Socket, connections and ticket are on their way at once,
   * and what is sent is offered in the same breath as the ticket: on a slow line each way there and back is felt.
   */
  async #open() {
    clearTimeout(this.timer);
    const socket = newSocket();
    if (this.route.known) this.#prepare();
    let seat;
    try {
      seat = await request("POST", `consultations/${this.consultationId}/call`, { body: {} });
    } catch (problem) {
      drop(socket);
      if (!(problem instanceof Problem)) throw problem;
      if (problem.offline || problem.status >= 500) this.#later();
      else this.#finish({ code: problem.code, sentence: problem.message });
      return;
    }
    if (!this.wanted || socket.readyState > WebSocket.OPEN) {
      drop(socket);
      if (this.wanted) this.#later();
      return;
    }
    this.#take(socket);
    const hello = () => {
      socket.send(JSON.stringify({ type: "hello", ticket: seat.ticket }));
      if (this.spare) this.#publish(this.#spared());
    };
    if (socket.readyState === WebSocket.OPEN) hello();
    else socket.onopen = hello;
  }

  /** A fresh socket is there. It is not needed when the old connections carry again. */
  async #openedAgain(socket) {
    const carries = await this.pulse.look();
    if (!this.wanted || socket.readyState !== WebSocket.OPEN) return false;
    if (carries && this.pair?.connected && this.socket?.readyState === WebSocket.OPEN) return false;
    this.#take(socket);
    this.tell({ type: "again", consultation_id: this.consultationId });
    this.#publish(this.#spared());
    return true;
  }

  #take(socket) {
    this.#closeSocket();
    this.socket = socket;
    this.askedAt = null;
    socket.onmessage = (event) => this.socket === socket && this.#hear(JSON.parse(event.data));
    socket.onclose = () => this.socket === socket && this.wanted && this.#later();
  }

  /** The socket is gone. The media may still be there, and stays; a new socket is looked for. */
  #later() {
    this.#closeSocket();
    this.#set("reconnecting");
    clearTimeout(this.timer);
    const short = this.pair && !this.refused;
    this.refused = false;
    this.timer = setTimeout(() => {
      if (!this.wanted) return;
      if (short) this.wayBack.start();
      else this.#open();
    }, short && !this.tries ? 0 : WAITS_MS[Math.min(this.tries, WAITS_MS.length - 1)]);
    this.tries += 1;
  }

  async #hear(message) {
    this.heardAt = performance.now();
    if (message.type === "welcome") {
      this.seat = message.seat;
      this.seats = message.seats;
      const relays = this.route.learn(message.ice_servers);
      this.here = new Map(message.here.map((one) => [one.seat, one]));
      this.links.clear();
      for (const one of message.here) this.met.add(one.seat);
      this.#emit("seats");
      clearInterval(this.beat);
      this.beat = setInterval(() => this.tell({ type: "ping" }), message.heartbeat_s * 1000);
      this.tellState();
      if (!this.publishing || relays) await this.#publish();
    } else if (message.type === "media") {
      const { pair } = this;
      if (!pair || (message.number && message.number !== pair.number)) return;
      this.publishing = false;
      clearTimeout(this.giveUp);
      this.giveUp = setTimeout(() => this.pair === pair && !pair.connected && this.#notConnected(), CONNECT_MS);
      const sdp = await pair.answer(message).catch(() => null);
      if (sdp && this.pair === pair) this.tell({ type: "answer", sdp });
    } else if (message.type === "media_lost") {
      this.#again(message.retry_ms);
    } else if (message.type === "seat") {
      if (message.here) {
        this.here.set(message.seat, message.here);
        this.met.add(message.seat);
      } else {
        this.here.delete(message.seat);
        this.links.delete(message.seat);
      }
      this.#emit("seats");
    } else if (message.type === "link") {
      this.links.set(message.seat, message);
      if (message.seat === this.seat) await this.pair?.adjust(message);
      this.#emit("link", message);
    } else if (message.type === "renegotiate") {
      await this.#publish();
    } else if (message.type === "recording") {
      this.#emit("recording", message);
    } else if (message.type === "problem" && (message.code.startsWith("call.recording.") || message.code.startsWith("people.consent"))) {
      this.#emit("problem", message);
    } else if (message.type === "problem" && message.code === "description.refused") {
      this.publishing = false;
      this.#emit("trouble", { code: "unfit_browser", sentence: message.sentence });
    } else if (message.type === "closed") {
      if (FINAL.has(message.code)) this.#finish(message);
      else this.refused = true;
    } else this.#emit("message", message);
  }

  /** The media is gone, the seat is not: new connections after a moment. */
  #again(wait) {
    this.publishing = false;
    this.#set("reconnecting");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wanted && this.socket?.readyState === WebSocket.OPEN && this.#publish(), wait);
  }

  /** New connections; the former ones play on, or stand still, until these carry. */
  async #publish(pair = this.#made()) {
    clearTimeout(this.timer);
    clearTimeout(this.giveUp);
    this.#retire();
    this.publishing = true;
    this.publishedAt = performance.now();
    this.pair = pair;
    for (const kind of ["audio", "video"]) if (pair.tracks[kind] !== this[kind]) pair.replace(kind, this[kind]); // turned on or off meanwhile
    this.published += 1;
    pair.number = this.published;
    this.giveUp = setTimeout(() => this.pair === pair && this.publishing && this.#unanswered(), ANSWER_MS);
    const sdp = await pair.offered;
    if (sdp && this.pair === pair && !this.tell({ type: "publish", sdp, number: pair.number })) this.publishing = false;
  }

  #made() {
    const pair = new Pair({ audio: this.audio, video: this.video }, this.route, {
      state: () => this.pair === pair && this.#watch(),
      track: (seat, stream) => this.pair === pair && this.#emit("track", { seat, stream }),
      refused: () => this.pair === pair && this.#emit("trouble", UNFIT),
    });
    pair.offered = pair.offer();
    return pair;
  }

  /** The pair made ready while the way back was looked for, unless the network may be another one by now. */
  #spared() {
    const { spare } = this;
    this.spare = null;
    if (spare && performance.now() - spare.began < SPARE_MS) return spare;
    spare?.close();
    return this.#made();
  }

  #prepare() {
    if (this.spare && performance.now() - this.spare.began < SPARE_MS / 2) return;
    this.spare?.close();
    this.spare = this.#made();
  }

  /** The present pair becomes the former one, if it ever carried anything. */
  #retire() {
    const { pair } = this;
    if (!pair) return;
    if (pair.carried) {
      this.before?.close();
      this.before = pair;
    } else pair.close();
    this.pair = null;
  }

  #unanswered() {
    this.publishing = false;
    this.#set("reconnecting");
    this.wayBack.start();
  }

  #notConnected() {
    this.#emit("trouble", NO_PATH);
    this.route.turn();
    this.#again(WAITS_MS[0]);
  }

  #watch() {
    const { pair } = this;
    if (pair.failed) {
      if (this.pulse.alive || this.pulse.pair !== pair) this.#again(WAITS_MS[0]);
      else this.wayBack.start();
    } else if (pair.connected) {
      if (!pair.carried) {
        pair.carried = true;
        this.before?.close();
        this.before = null;
        this.pulse.follow(pair);
        const advice = this.links.get(this.seat);
        if (advice) pair.adjust(advice);
      }
      clearTimeout(this.giveUp);
      this.tries = 0;
      this.quality ??= setInterval(() => this.#measure(), QUALITY_MS);
      this.#carries();
    }
  }

  #carries() {
    if (this.socket?.readyState === WebSocket.OPEN && this.pulse.alive && this.pair?.connected) {
      this.wayBack.stop();
      this.spare?.close();
      this.spare = null;
      this.#set("connected");
    }
  }

  /** Whether something must be arriving all the time: somebody else is there. */
  #expects() {
    return [...this.here.values()].some((one) => one.connected);
  }

  /** Nothing has arrived for a moment. Does the socket answer? */
  #doubt() {
    if (this.pulse.pair !== this.pair) return; // the next connections are on their way already
    const now = performance.now();
    if (this.askedAt && now - this.askedAt < 400) return;
    if (this.pulse.alive) {
      this.askedAt = now;
      this.tell({ type: "ping" });
    } else if (this.heardAt > this.askedAt) {
      // The house answers and the media does not come: over these connections it never will.
      if (now - this.publishedAt > REBUILD_MS) this.#publish();
    } else if (!this.wayBack.running) this.wayBack.start();
  }

  #dead() {
    if (this.pulse.pair !== this.pair) return;
    this.#set("reconnecting");
    if (this.heardAt > this.askedAt) this.#publish();
    else this.wayBack.start();
  }

  #back() {
    this.askedAt = null;
    this.#carries();
  }

  /** The device says that something about its network changed. */
  #hurry() {
    if (!this.wanted || document.hidden) return;
    this.pulse.hurry();
    if (this.state === "reconnecting" && !this.publishing) {
      if (this.pair) this.wayBack.start();
      else this.#open();
    } else {
      this.askedAt = performance.now();
      this.tell({ type: "ping" });
    }
  }

  async #measure() {
    if (this.pair?.connected) this.tell({ type: "quality", ...(await this.pair.quality()) });
  }

  #set(state, detail = null) {
    if (this.state === state && detail === null) return;
    this.state = state;
    this.#emit("state", detail);
  }

  #emit(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #closeSocket() {
    clearInterval(this.beat);
    const { socket } = this;
    this.socket = null;
    this.publishing = false;
    socket?.close();
  }

  #finish(why) {
    this.wanted = false;
    removeEventListener("online", this.hurry);
    navigator.connection?.removeEventListener("change", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    for (const timer of [this.timer, this.giveUp, this.quality, this.renewing]) clearTimeout(timer);
    this.pulse.stop();
    this.wayBack.stop();
    for (const one of ["pair", "before", "spare"]) {
      this[one]?.close();
      this[one] = null;
    }
    this.#closeSocket();
    this.here.clear();
    this.links.clear();
    this.#set("closed", why);
  }
}
