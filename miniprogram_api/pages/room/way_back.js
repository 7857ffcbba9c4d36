// The way back to the house after a network was gone: knocking until somebody answers, over fresh connections, since old ones wait for minutes.

const SOCKET = new URL("../../v1/realtime/call", import.meta.url);
SOCKET.protocol = SOCKET.protocol.replace("http", "ws");

/** Asked for again and again: small, the same for everybody, and an answer means that there is a network. */
const DOOR = new URL("room.html", import.meta.url);
const KNOCK_MS = 400;
const PATIENCE_MS = 1000;
/** [after so many ms, this pause between knocks]: a phone without a network for long is not drained. */
const SLOWER = [[60_000, 2000], [300_000, 5000]];
/** A socket that has not opened by then met the outage on its way: kept, but another one is tried beside it. */
const SLOW_SOCKET_MS = 600;
const MOST_SOCKETS = 3;
/** For so long sockets are tried without an answer at the door: with another address all old connections are dead, and the browser knocks over them. */
const EAGER_MS = 4000;

export const socket = () => new WebSocket(SOCKET);

export class WayBack {
  /** `dialling()`: a socket is being opened; `opened(socket)`: a socket is open; gives true (by and by) if it is taken, and then all others are dropped. */
  constructor({ dialling, opened }) {
    Object.assign(this, { dialling, opened });
    this.sockets = new Map();
    this.running = false;
  }

  /** From now on until `stop`. Calling it again knocks at once. */
  start() {
    if (!this.running) {
      this.running = true;
      this.began = performance.now();
      this.#dial();
    }
    clearTimeout(this.timer);
    this.#knock();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    for (const one of this.sockets.keys()) drop(one);
    this.sockets.clear();
  }

  async #knock() {
    const since = performance.now() - this.began;
    const pause = SLOWER.findLast(([after]) => since > after)?.[1] ?? KNOCK_MS;
    this.timer = setTimeout(() => this.running && this.#knock(), pause);
    if (since < EAGER_MS) this.#dial();
    try {
      await fetch(DOOR, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
      return;
    }
    if (this.running) this.#dial();
  }

  #dial() {
    const now = performance.now();
    const young = [...this.sockets.values()].some((began) => now - began < SLOW_SOCKET_MS);
    if (young) return;
    if (this.sockets.size >= MOST_SOCKETS) {
      const [oldest] = this.sockets.keys();
      drop(oldest);
      this.sockets.delete(oldest);
    }
    const one = socket();
    this.dialling();
    this.sockets.set(one, now);
    one.onopen = async () => {
      this.sockets.delete(one);
      if (!this.running || !(await this.opened(one))) drop(one);
      else this.stop();
    };
    one.onclose = () => this.sockets.delete(one);
  }
}

export function drop(one) {
  Object.assign(one, { onopen: null, onclose: null, onmessage: null });
  one.close();
}
