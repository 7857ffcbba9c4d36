// Whether there still is a way, noticed long before the browser's own timers: something arrives many times a second while all is well.

const TICK_MS = 200;
/** Nothing arrived for so long, and for longer than it ever was still of late: the server is asked whether it is there. */
const doubtAfter = (still) => Math.max(500, 1.3 * still + 200);
/** And for so long: the way is gone. */
const deadAfter = (still) => Math.max(900, 1.7 * still + 400);
/** What is taken for the longest stillness before anything is known. */
const AT_FIRST = 600;
/** How fast the longest stillness of late is forgotten, a tick. */
const FORGET = 0.985;
/** After the device said that its network changed, less is waited for. */
const HURRY_MS = 3000;
const hurriedDoubt = (still) => Math.max(300, 1.1 * still);
const hurriedDead = (still) => Math.max(700, 1.3 * still + 200);
/** Alone in the call: the browser asks the server every 2.5 s, and little else arrives. */
const ALONE = { doubt: 3500, dead: 6500 };
/** One connection alone may be still for longer: nobody else may be speaking on it, and the browser asks every 2.5 s by itself. */
const HALF_DEAD_MS = 7000;

/**
 * `on`: {doubt(), dead(), back(), half(), expects()}. `expects`: whether somebody else is there, so that much must arrive. `doubt` at every tick
 * while in doubt; `dead` and `back` when it turns; `half` when one of the two connections is still for long while the other is not.
 */
export class Pulse {
  constructor(on) {
    this.on = on;
    this.pair = null;
    this.hurryUntil = 0;
    this.still = AT_FIRST;
    for (const kind of ["sending", "receiving"]) this[kind] = { count: -1, at: 0 };
    this.alive = true;
  }

  /** Watch this pair from now on. */
  follow(pair) {
    this.pair = pair;
    this.alive = true;
    this.still = AT_FIRST;
    const at = performance.now();
    for (const kind of ["sending", "receiving"]) this[kind] = { count: -1, at };
    this.timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.pair = null;
  }

  /** The device's network changed. */
  hurry() {
    this.hurryUntil = performance.now() + HURRY_MS;
  }

  /** How long nothing has arrived on either connection, in ms. */
  quiet(now = performance.now()) {
    return now - Math.max(this.sending.at, this.receiving.at);
  }

  /** Look now, whenever the next tick is due: whether something arrives. */
  async look() {
    while (this.looking) await this.looking;
    await this.#tick();
    return this.alive;
  }

  #tick() {
    const { pair } = this;
    if (!pair || pair.closed || this.looking) return null;
    this.looking = pair.heard().then((counts) => {
      this.looking = null;
      if (this.pair === pair) this.#judge(counts, performance.now());
    });
    return this.looking;
  }

  #judge(counts, now) {
    const before = this.quiet(now);
    for (const kind of ["sending", "receiving"]) {
      if (counts[kind] > this[kind].count) this[kind].at = now;
      this[kind].count = counts[kind]; // less: the browser has given a path up, and nothing has come
    }
    const quiet = this.quiet(now);
    if (this.alive) this.still = Math.max(this.still * FORGET, quiet ? 0 : before);
    const { doubt, dead } = this.#patience(now);
    if (quiet >= dead) {
      if (this.alive) {
        this.alive = false;
        this.on.dead();
      } else this.on.doubt();
    } else if (quiet >= doubt) this.on.doubt();
    else if (!this.alive) {
      this.alive = true;
      this.on.back();
    } else if (now - Math.min(this.sending.at, this.receiving.at) > HALF_DEAD_MS) {
      this.on.half();
    }
  }
  #patience(now) {
    if (!this.on.expects()) return ALONE;
    if (now < this.hurryUntil) return { doubt: hurriedDoubt(this.still), dead: hurriedDead(this.still) };
    return { doubt: doubtAfter(this.still), dead: deadAfter(this.still) };
  }
}
