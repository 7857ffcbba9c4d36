// A picture of which packets are lost again and again is shown a moment later, so that what is sent once more is there before its turn: it runs
// evenly instead of standing still and jumping. Sound waits with it (the browser keeps them together), so it is no longer than repair takes.

/** So many times within three seconds or so a repeat was asked for. */
const OFTEN = 3;
const MEMORY_MS = 3000;
/** Nothing was asked for again for so long: it is shown as it comes. */
const CALM_MS = 10_000;
/** A picture that hardly moves is not made smoother by waiting. */
const MOVES = 5;

/**
 * Until a lost packet is there after all: seen with the next picture, asked for, sent, both over the longer of two ways, of which only one is
 * known here. In ms.
 */
const repaired = (rtt) => Math.min(400, 120 + 1.2 * Math.max(80, rtt));

export class Smoothing {
  constructor() {
    this.pictures = new Map();
    this.waits = new Map();
  }

  /** `stats`: getStats of the connection of these receivers; to be called some times a second. */
  look(stats, receivers, now = performance.now()) {
    const all = [...stats.values()];
    const rtt = Math.max(0, ...all.filter((one) => one.type === "candidate-pair" && one.nominated).map((one) => (one.currentRoundTripTime ?? 0) * 1000));
    for (const one of all) {
      if (one.type !== "inbound-rtp" || one.kind !== "video") continue;
      const receiver = receivers.find(({ track }) => track.id === one.trackIdentifier);
      if (receiver) this.#wait(receiver, this.#lossy(one, now) && (one.framesPerSecond ?? 0) >= MOVES ? repaired(rtt) : 0);
    }
  }

  #lossy({ trackIdentifier: track, nackCount: asked = 0 }, now) {
    const before = this.pictures.get(track) ?? { asked, often: 0, at: now, until: 0 };
    const often = before.often * Math.exp((before.at - now) / MEMORY_MS) + (asked > before.asked ? 1 : 0);
    const until = often >= OFTEN ? now + CALM_MS : before.until;
    this.pictures.set(track, { asked, often, at: now, until });
    return now < until;
  }

  /** Browsers that know neither wish show pictures as they did. */
  #wait(receiver, ms) {
    const before = this.waits.get(receiver) ?? 0;
    if (ms === before || (ms && before && Math.abs(ms - before) < 40)) return;
    this.waits.set(receiver, ms);
    if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = ms || null;
    else if ("playoutDelayHint" in receiver) receiver.playoutDelayHint = ms ? ms / 1000 : null;
  }
}
