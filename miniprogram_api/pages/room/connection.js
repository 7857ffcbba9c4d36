// The call itself: a seat, the signalling socket, one connection to send and one to receive. Whatever breaks is put up again by itself.

import { Problem, request } from "../shared/api.js";

const SOCKET = new URL("../../v1/realtime/call", import.meta.url);
SOCKET.protocol = SOCKET.protocol.replace("http", "ws");

const GATHER_MS = 1200;
/** How long a relay's address may take where relays are there, and where nothing else may be used. */
const RELAY_GATHER_MS = 2500;
const RELAY_ONLY_GATHER_MS = 8000;
const CONNECT_MS = 12_000;
const QUALITY_MS = 3000;
const MOST_BITS = 1_000_000;
const WAITS_MS = [300, 1000, 2000, 4000];
/** Codes of the last message after which coming back by itself would be wrong. */
const FINAL = new Set(["call.left", "call.over", "call.replaced", "call.removed", "call.must_wait", "call.invitation_over", "call.no_right", "call.not_yet", "call.seat_taken", "call.ticket_used", "call.ticket_expired", "access.denied", "session.missing", "session.over"]);

/**
 * Events: "state" (detail: connecting, connected, reconnecting, closed with {code, sentence}), "seats" (somebody came, changed or went),
 * "track" ({seat, stream}), "trouble" ({code} for the timeline), "recording" (how it stands), "problem" ({sentence} for the person),
 * "message" (any other message of the socket).
 */
export class Call extends EventTarget {
  /** `met`: a set to which every seat is added that was in the call. */
  constructor(consultationId, met = new Set()) {
    super();
    this.consultationId = consultationId;
    this.audio = null;
    this.video = null;
    this.seats = [];
    this.here = new Map();
    this.met = met;
    this.streams = new Map();
    this.state = "idle";
    this.sending = null;
    this.receiving = null;
    this.tries = 0;
    this.wanted = false;
    this.iceServers = [];
    /** Only over a relay: after an attempt in which nothing came through, or when the person asks for another way. */
    this.relayOnly = false;
    this.onOnline = () => this.wanted && this.state === "reconnecting" && this.#open();
  }

  /** Join with these tracks (either may be null); `muted` tells which of them the person switched off. */
  join({ audio, video }) {
    Object.assign(this, { audio, video, wanted: true, tries: 0 });
    addEventListener("online", this.onOnline);
    this.#set("connecting");
    return this.#open();
  }

  leave() {
    this.#send({ type: "leave" });
    this.#finish({ code: "call.left", sentence: "您已退出视频。" });
  }

  /** Put another track in place of the one that is sent; null sends nothing of this kind. */
  async replace(kind, track) {
    this[kind] = track;
    const sender = this.sending?.getTransceivers().find((one) => one.receiver.track.kind === kind)?.sender;
    await sender?.replaceTrack(track);
    this.tellState();
  }

  /** Whether there is another way than the direct one. */
  get hasRelay() {
    return this.iceServers.some((one) => one.urls.some((url) => url.startsWith("turn")));
  }

  /** 换线路: over a relay from now on, or directly again. */
  changeRoute() {
    this.relayOnly = this.hasRelay && !this.relayOnly;
    this.#again(0);
  }

  /** Say something over the socket; false when there is none just now. */
  tell(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  tellState() {
    this.#send({ type: "state", audio: Boolean(this.audio?.enabled), video: Boolean(this.video?.enabled) });
  }

  /** Something that the person says and that concerns the call alone. */
  say(message) {
    this.#send(message);
  }

  async #open() {
    clearTimeout(this.timer);
    this.#closeSocket();
    let seat;
    try {
      seat = await request("POST", `consultations/${this.consultationId}/call`, { body: {} });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.offline || problem.status >= 500) this.#later();
      else this.#finish({ code: problem.code, sentence: problem.message });
      return;
    }
    if (!this.wanted) return;
    const socket = new WebSocket(SOCKET);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ticket: seat.ticket }));
    socket.onmessage = (event) => this.socket === socket && this.#hear(JSON.parse(event.data));
    socket.onclose = () => this.socket === socket && this.wanted && this.#later();
  }

  #later() {
    this.#stopMedia();
    this.#closeSocket();
    this.#set("reconnecting");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wanted && this.#open(), WAITS_MS[Math.min(this.tries, WAITS_MS.length - 1)]);
    this.tries += 1;
  }

  async #hear(message) {
    if (message.type === "welcome") {
      this.seat = message.seat;
      this.iceServers = (message.ice_servers ?? []).map(({ urls, username, credential }) => (username ? { urls, username, credential } : { urls }));
      this.relayOnly &&= this.hasRelay;
      this.seats = message.seats;
      this.here = new Map(message.here.map((one) => [one.seat, one]));
      for (const one of message.here) this.met.add(one.seat);
      this.#emit("seats");
      this.beat = setInterval(() => this.#send({ type: "ping" }), message.heartbeat_s * 1000);
      this.tellState();
      await this.#publish();
    } else if (message.type === "media") {
      await this.#receive(message);
    } else if (message.type === "media_lost") {
      this.#again(message.retry_ms);
    } else if (message.type === "seat") {
      if (message.here) {
        this.here.set(message.seat, message.here);
        this.met.add(message.seat);
      } else this.here.delete(message.seat);
      this.#emit("seats");
    } else if (message.type === "renegotiate") {
      await this.#publish();
    } else if (message.type === "recording") {
      this.#emit("recording", message);
    } else if (message.type === "problem") {
      if (message.code.startsWith("call.recording.") || message.code.startsWith("people.consent")) this.#emit("problem", message);
      else if (message.code === "description.refused") this.#emit("trouble", { code: "unfit_browser", sentence: message.sentence });
      else this.#emit("message", message);
    } else if (message.type === "closed") {
      if (FINAL.has(message.code)) this.#finish(message);
    } else this.#emit("message", message);
  }

  /** The media is gone, the seat is not: new connections after a moment. */
  #again(wait) {
    this.#stopMedia();
    this.#set("reconnecting");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wanted && this.socket?.readyState === WebSocket.OPEN && this.#publish(), wait);
  }

  #connection() {
    return new RTCPeerConnection({
      bundlePolicy: "max-bundle", iceServers: this.iceServers, iceTransportPolicy: this.relayOnly ? "relay" : "all",
    });
  }

  #gathered(connection) {
    const longest = this.relayOnly ? RELAY_ONLY_GATHER_MS : RELAY_GATHER_MS;
    return this.hasRelay ? gathered(connection, longest, " typ relay") : gathered(connection, GATHER_MS);
  }

  async #publish() {
    this.#stopMedia();
    const sending = this.#connection();
    this.sending = sending;
    const stream = new MediaStream([this.audio, this.video].filter(Boolean));
    for (const kind of ["audio", "video"]) {
      const options = { direction: "sendonly", streams: [stream] };
      if (kind === "video") options.sendEncodings = [{ maxBitrate: MOST_BITS }];
      sending.addTransceiver(this[kind] ?? kind, options);
    }
    sending.onconnectionstatechange = () => this.sending === sending && this.#watch();
    await sending.setLocalDescription(await sending.createOffer());
    await this.#gathered(sending);
    if (this.sending !== sending) return;
    this.#send({ type: "publish", sdp: sending.localDescription.sdp });
    this.giveUp = setTimeout(() => {
      if (this.state === "connected") return;
      this.relayOnly = this.hasRelay && !this.relayOnly;
      this.#emit("trouble", { code: "no_media_path", sentence: "网络不让视频通过。请换个网络(比如关掉 Wi-Fi 用流量),我们会自动再连。" });
      this.#again(WAITS_MS[1]);
    }, CONNECT_MS);
  }

  async #receive({ answer, offer, slots }) {
    const { sending } = this;
    await sending?.setRemoteDescription({ type: "answer", sdp: answer });
    if (!sending || this.sending !== sending) return;
    const receiving = this.#connection();
    this.receiving = receiving;
    const seatOf = new Map(slots.map((slot) => [slot.stream, slot.seat]));
    receiving.ontrack = ({ track, streams }) => {
      const seat = seatOf.get(streams[0]?.id);
      if (!seat) return;
      if (!this.streams.has(seat)) this.streams.set(seat, new MediaStream());
      this.streams.get(seat).addTrack(track);
      this.#emit("track", { seat, stream: this.streams.get(seat) });
    };
    receiving.onconnectionstatechange = () => this.receiving === receiving && this.#watch();
    await receiving.setRemoteDescription({ type: "offer", sdp: offer });
    await receiving.setLocalDescription(await receiving.createAnswer());
    await this.#gathered(receiving);
    if (this.receiving === receiving) this.#send({ type: "answer", sdp: receiving.localDescription.sdp });
  }

  #watch() {
    const states = [this.sending?.connectionState, this.receiving?.connectionState];
    if (states.includes("failed")) this.#again(WAITS_MS[0]);
    else if (states.every((one) => one === "connected")) {
      clearTimeout(this.giveUp);
      this.tries = 0;
      this.#set("connected");
      this.quality ??= setInterval(() => this.#measure(), QUALITY_MS);
    } else if (states.includes("disconnected")) this.#set("reconnecting");
  }

  async #measure() {
    if (!this.receiving) return;
    let lost = 0;
    let received = 0;
    let rtt = 0;
    for (const one of (await this.receiving.getStats()).values()) {
      if (one.type === "inbound-rtp") {
        lost += Math.max(0, one.packetsLost ?? 0);
        received += one.packetsReceived ?? 0;
      } else if (one.type === "candidate-pair" && one.nominated) rtt = Math.max(rtt, (one.currentRoundTripTime ?? 0) * 1000);
    }
    const before = this.counted ?? { lost: 0, received: 0 };
    this.counted = { lost, received };
    const [lostNow, receivedNow] = [Math.max(0, lost - before.lost), Math.max(0, received - before.received)];
    const share = lostNow + receivedNow ? lostNow / (lostNow + receivedNow) : 0;
    this.#send({ type: "quality", loss: Math.min(1, share), rtt_ms: Math.min(60_000, rtt) });
  }

  #send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  #set(state, detail = null) {
    this.state = state;
    this.#emit("state", detail);
  }

  #emit(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #stopMedia() {
    clearTimeout(this.giveUp);
    clearInterval(this.quality);
    this.quality = null;
    this.counted = null;
    for (const one of [this.sending, this.receiving]) one?.close();
    this.sending = null;
    this.receiving = null;
    this.streams.clear();
  }

  #closeSocket() {
    clearInterval(this.beat);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  #finish(why) {
    this.wanted = false;
    removeEventListener("online", this.onOnline);
    clearTimeout(this.timer);
    this.#stopMedia();
    this.#closeSocket();
    this.here.clear();
    this.#set("closed", why);
  }
}

/** Until the connection knows its addresses (or, after a moment, one in which `enough` stands), or `longest` milliseconds. */
function gathered(connection, longest, enough = "") {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    let waited = false;
    const done = () => {
      if (connection.iceGatheringState === "complete") resolve();
      else if (waited && enough && connection.localDescription?.sdp.includes(enough)) resolve();
    };
    connection.addEventListener("icegatheringstatechange", done);
    connection.addEventListener("icecandidate", done);
    setTimeout(() => {
      waited = true;
      done();
    }, Math.min(GATHER_MS, longest));
    setTimeout(resolve, longest);
  });
}
