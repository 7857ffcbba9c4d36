// The two connections of one seat: one sends, one receives. They are put up together and closed together.

import { adjust, encodings, settle } from "./sending.js";

const GATHER_MS = 1200;
/** How long a relay's address may take where relays are there, and where nothing else may be used. */
const RELAY_GATHER_MS = 2500;
const RELAY_ONLY_GATHER_MS = 8000;
/** Bundled, since the server has one address for all; addresses are looked up at once, so that nobody waits for them later. */
const connection = ({ iceServers, relayOnly }) => new RTCPeerConnection({
  bundlePolicy: "max-bundle", iceCandidatePoolSize: 1, iceServers, iceTransportPolicy: relayOnly ? "relay" : "all",
});

/** `route`: {iceServers, relayOnly}: by which ways the media may come. `on`: {state(), track(seat, stream), refused()}, called as it happens; `refused`: the browser cannot use what the server answered. */
export class Pair {
  constructor(tracks, route, on) {
    this.tracks = { ...tracks };
    this.route = route;
    this.on = on;
    this.streams = new Map();
    this.closed = false;
    this.began = performance.now();
    this.sending = connection(route);
    this.receiving = connection(route);
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

  /** The offer of what is sent. */
  async offer() {
    await this.sending.setLocalDescription(await this.sending.createOffer());
    await this.#gathered(this.sending);
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
    await this.#gathered(receiving);
    return this.closed ? null : receiving.localDescription.sdp;
  }

  #gathered(connection) {
    const { iceServers, relayOnly } = this.route;
    const relay = iceServers.some((one) => one.urls.some((url) => url.startsWith("turn")));
    return relay ? gathered(connection, relayOnly ? RELAY_ONLY_GATHER_MS : RELAY_GATHER_MS, " typ relay") : gathered(connection, GATHER_MS);
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
