// The two connections of one seat: one sends, one receives. They are put up together and closed together.

import { adjust, encodings, settle } from "./sending.js";

/** `route`: route.js. `on`: {state(), track(seat, stream), refused()}, called as it happens; `refused`: the browser cannot use what the server answered. */
export class Pair {
  constructor(tracks, route, on) {
    this.route = route;
    this.tracks = { ...tracks };
    this.on = on;
    this.streams = new Map();
    this.closed = false;
    this.began = performance.now();
    this.sending = route.connection();
    this.receiving = route.connection();
    for (const one of [this.sending, this.receiving]) one.onconnectionstatechange = () => this.closed || on.state();
    const stream = new MediaStream(Object.values(this.tracks).filter(Boolean));
    for (const kind of ["audio", "video"]) {
      const options = { direction: "sendonly", streams: [stream] };
      try {
        this.sending.addTransceiver(this.tracks[kind] ?? kind, { ...options, sendEncodings: encodings(kind) });
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
    await this.sending.setRemoteDescription({ type: "answer", sdp: repairing(answer) });
    if (!this.closed) await settle(this.sender("video"), answer);
  }

  sender(kind) {
    return this.sending.getTransceivers().find((one) => one.receiver.track.kind === kind)?.sender;
  }

  async replace(kind, track) {
    this.tracks[kind] = track;
    await this.sender(kind)?.replaceTrack(track);
  }

  /** Send as `advice` says; see sending.js. */
  adjust(advice) {
    return this.closed ? null : adjust(this.sender("audio"), this.sender("video"), advice);
  }

  /** How much has arrived on each connection by now, whatever it was: {sending, receiving}. Grows while there is a way. */
  async heard() {
    const [sending, receiving] = await Promise.all([this.sending, this.receiving].map(arrived));
    return { sending, receiving };
  }

  /** What the device measures of what it receives, since it was last asked: {loss, rtt_ms}. */
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
    return { loss: lostNow + receivedNow ? lostNow / (lostNow + receivedNow) : 0, rtt_ms: Math.min(60_000, rtt) };
  }

  close() {
    this.closed = true;
    for (const one of [this.sending, this.receiving]) one.close();
  }
}

async function arrived(connection) {
  if (connection.connectionState === "closed") return 0;
  let sum = 0;
  for (const one of (await connection.getStats()).values()) {
    if (one.type === "candidate-pair") sum += (one.packetsReceived ?? 0) + (one.bytesReceived ?? 0) + (one.responsesReceived ?? 0) + (one.requestsReceived ?? 0);
    else if (one.type === "inbound-rtp" || one.type === "remote-inbound-rtp") sum += one.packetsReceived ?? one.timestamp ?? 0;
  }
  return sum;
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
