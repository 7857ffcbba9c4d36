// The two connections of one seat: one sends, one receives. They are put up together and closed together.

import { adjust, encodings, linesFor, rungOf, settle, soundPacket, starves } from "./sending.js";
import { Smoothing } from "./smoothing.js";

/** Milliseconds of sound in a packet unless something else is asked for (RFC 7587, 4.2). */
const PACKET_MS = 20;

/** `route`: route.js. `on`: {state(), track(seat, stream), refused()}, called as it happens; `refused`: the browser cannot use what the server answered. */
export class Pair {
  constructor(tracks, route, on) {
    this.route = route;
    this.tracks = { ...tracks };
    this.on = on;
    this.streams = new Map();
    this.closed = false;
    this.began = performance.now();
    this.packet = PACKET_MS;
    this.smoothing = new Smoothing();
    this.sending = route.connection();
    this.receiving = route.connection();
    for (const one of [this.sending, this.receiving]) one.onconnectionstatechange = () => this.closed || on.state();
    const stream = new MediaStream(Object.values(this.tracks).filter(Boolean));
    for (const kind of ["audio", "video"]) {
      const options = { direction: "sendonly", streams: [stream] };
      try {
        this.sending.addTransceiver(this.tracks[kind] ?? kind, { ...options, sendEncodings: encodings(kind, this.tracks[kind]) });
      } catch {
        this.sending.addTransceiver(this.tracks[kind] ?? kind, options); // a browser that knows none of the wishes
      }
    }
  }

  get states() {
    return [this.sending.connectionState, this.receiving.connectionState];
  }

  get connected() {
    return this.states.every((one) => one === "connected");
  }

  get failed() {
    return this.states.includes("failed");
  }

  /**
   * The offer of what is sent. Nobody waits until the device knows its addresses: it asks the server's, which answers to wherever that comes from
   * (peer-reflexive candidates, RFC 8445, 7.3.1.3).
   */
  async offer() {
    await this.sending.setLocalDescription(await this.sending.createOffer());
    return this.closed ? null : this.sending.localDescription.sdp;
  }

  /** What the server answered to `offer`, and its own offer of the others; the answer to that, or null when all is closed by now. */
  async answer({ answer, offer, slots }) {
    const { receiving } = this;
    if (this.closed || receiving.remoteDescription) return null;
    this.#sent(answer).catch(() => this.closed || this.on.refused());
    const seatOf = new Map(slots.map((slot) => [slot.stream, slot.seat]));
    receiving.ontrack = ({ track, streams }) => {
      const seat = seatOf.get(streams[0]?.id);
      if (!seat || this.closed) return;
      if (!this.streams.has(seat)) this.streams.set(seat, new MediaStream());
      this.streams.get(seat).addTrack(track);
      this.on.track(seat, this.streams.get(seat));
    };
    await receiving.setRemoteDescription({ type: "offer", sdp: offer });
    if (this.closed) return null;
    await receiving.setLocalDescription(await receiving.createAnswer());
    return this.closed ? null : receiving.localDescription.sdp;
  }

  async #sent(answer) {
    const sdp = repairing(answer);
    await this.sending.setRemoteDescription({ type: "answer", sdp });
    this.answered = sdp;
    if (!this.closed) await settle(this.sender("video"), answer);
    if (this.advice) await this.adjust({ ...this.advice });
  }

  sender(kind) {
    return this.sending.getTransceivers().find((one) => one.receiver.track.kind === kind)?.sender;
  }

  async replace(kind, track) {
    this.tracks[kind] = track;
    await this.sender(kind)?.replaceTrack(track);
  }

  /** Send as `advice` says; see sending.js. The latest counts: one that has not been carried out when the next one comes is left out. */
  async adjust(advice) {
    this.advice = advice;
    this.lines = null;
    await this.#obey();
  }

  async #obey() {
    this.adjusting ??= this.#follow().finally(() => (this.adjusting = null));
    await this.adjusting;
  }

  async #follow() {
    let advice, lines;
    while ((advice !== this.advice || lines !== this.lines) && !this.closed) {
      ({ advice, lines } = this);
      const height = lines ? Math.min(lines, advice.height ?? lines) : advice.height;
      await adjust(this.sender("audio"), this.sender("video"), { ...advice, height });
      await this.#fill(soundPacket(advice) ?? PACKET_MS);
    }
  }

  /**
   * How much sound goes into a packet is not among what a sender can be told: the same descriptions are agreed on once more, with another `ptime`
   * (RFC 8866, 6.4) in what the server answered. Nothing of it leaves the device.
   */
  async #fill(packet) {
    if (packet === this.packet || !this.answered || this.closed) return;
    this.packet = packet;
    try {
      await this.sending.setLocalDescription(await this.sending.createOffer());
      await this.sending.setRemoteDescription({ type: "answer", sdp: packed(this.answered, packet) });
    } catch (error) {
      console.info("packets as before:", error.name);
      if (this.sending.signalingState === "have-local-offer") await this.sending.setLocalDescription({ type: "rollback" }).catch(() => {});
    }
  }

  /**
   * The server's word on the size comes over the same line that is full; how little may be sent the browser knows before. A picture that starves
   * is made smaller at once, until the server's next word or until there is enough again.
   */
  #shrink(stats) {
    const videos = [...stats.values()].filter((one) => one.type === "outbound-rtp" && one.kind === "video");
    const [{ targetBitrate: bits, frameHeight } = {}] = videos;
    if (videos.length !== 1 || !bits || !frameHeight || this.closed) return;
    const before = this.lines;
    if (starves(frameHeight, bits) || (this.lines && linesFor(bits) > this.lines)) this.lines = linesFor(bits);
    if (this.lines !== before) {
      this.advice ??= { send_bits: null, height: null, rate: null, sound_bits: null };
      this.#obey();
    }
  }

  /** How much has arrived on each connection by now, whatever it was: {sending, receiving}. Grows while there is a way. */
  async heard() {
    const [sending, receiving] = await Promise.all([this.sending, this.receiving].map(statsOf));
    this.#shrink(sending);
    this.smoothing.look(receiving, this.receiving.getReceivers());
    return { sending: arrived(sending), receiving: arrived(receiving) };
  }

  /** What the device measures of what it receives, since it was last asked, and what its own picture goes out as: {loss, rtt_ms, rung}. */
  async quality() {
    let [lost, received, rtt] = [0, 0, 0];
    for (const one of (await this.receiving.getStats()).values()) {
      if (one.type === "inbound-rtp") {
        lost += Math.max(0, one.packetsLost ?? 0);
        received += one.packetsReceived ?? 0;
      } else if (one.type === "candidate-pair" && one.nominated) rtt = Math.max(rtt, (one.currentRoundTripTime ?? 0) * 1000);
    }
    const before = this.counted ?? { lost: 0, received: 0 };
    this.counted = { lost, received };
    const [lostNow, receivedNow] = [Math.max(0, lost - before.lost), Math.max(0, received - before.received)];
    return { loss: lostNow + receivedNow ? lostNow / (lostNow + receivedNow) : 0, rtt_ms: Math.min(60_000, rtt), rung: await this.#rung() };
  }

  async #rung() {
    const { video } = this.tracks;
    const lines = [...(await statsOf(this.sending)).values()].filter((one) => one.type === "outbound-rtp" && one.kind === "video" && one.active !== false)
      .map((one) => Math.min(one.frameWidth ?? 0, one.frameHeight ?? 0));
    return rungOf({ advice: this.advice, lines: Math.max(0, ...lines) || undefined, meant: Boolean(video?.enabled && video.readyState === "live") });
  }

  close() {
    this.closed = true;
    for (const one of [this.sending, this.receiving]) one.close();
  }
}

const statsOf = (connection) => (connection.connectionState === "closed" ? new Map() : connection.getStats());

function arrived(stats) {
  let sum = 0;
  for (const one of stats.values()) {
    if (one.type === "candidate-pair") sum += (one.packetsReceived ?? 0) + (one.bytesReceived ?? 0) + (one.responsesReceived ?? 0) + (one.requestsReceived ?? 0);
    else if (one.type === "inbound-rtp" || one.type === "remote-inbound-rtp") sum += one.packetsReceived ?? one.timestamp ?? 0;
  }
  return sum;
}

function packed(sdp, ms) {
  return sdp.replace(/^a=ptime:.*\r\n/m, "").replace(/^(a=rtpmap:\d+ opus\/[^\r\n]*)/m, `$1\r\na=ptime:${ms}`);
}

/** Speech carries its own repair data (RFC 7587, useinbandfec), and is sent in silence too: a pause must not look like a lost network. */
function repairing(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\//m.exec(sdp)?.[1];
  if (!opus) return sdp;
  const wishes = "useinbandfec=1;usedtx=0";
  const line = new RegExp(`^a=fmtp:${opus} (.*)$`, "m");
  if (!line.test(sdp)) return sdp.replace(new RegExp(`^(a=rtpmap:${opus} [^\r\n]*)`, "m"), `$1\r\na=fmtp:${opus} ${wishes}`);
  return sdp.replace(line, (whole, given) => {
    const kept = given.trim().split(";").filter((one) => one && !/^(useinbandfec|usedtx)=/.test(one.trim()));
    return `a=fmtp:${opus} ${[...kept, wishes].join(";")}`;
  });
}
