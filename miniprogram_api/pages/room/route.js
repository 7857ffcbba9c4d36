// By which way the media comes: directly, or over a relay where there is one and nothing else gets through.

/** Kept for the next visit: whether relays are to be expected. Their passes come with the welcome, and connections are worth nothing without them. */
const EXPECTED = "huizhen.relays";

export class Route {
  constructor() {
    this.servers = [];
    /** Only over a relay: after an attempt in which nothing came through, or when the person asks for another way. */
    this.relayOnly = false;
  }

  get hasRelay() {
    return this.servers.some((one) => one.urls.some((url) => url.startsWith("turn")));
  }

  /** Whether connections can be put up before the server says which relays there are. */
  get known() {
    return this.hasRelay || !expected();
  }

  /** What the server says that there is: `ice_servers` of its welcome. Gives whether connections that were put up before do without relays. */
  learn(servers = []) {
    const knew = this.hasRelay;
    this.servers = servers.map(({ urls, username, credential }) => (username ? { urls, username, credential } : { urls }));
    this.relayOnly &&= this.hasRelay;
    expect(this.hasRelay);
    return this.hasRelay && !knew;
  }

  /** The other way, if there is one. */
  turn() {
    this.relayOnly = this.hasRelay && !this.relayOnly;
  }

  /** Bundled, since the server has one address for all; addresses are looked up at once, so that nobody waits for them later. */
  connection() {
    return new RTCPeerConnection({
      bundlePolicy: "max-bundle", iceCandidatePoolSize: 1, iceServers: this.servers, iceTransportPolicy: this.relayOnly ? "relay" : "all",
    });
  }
}

function expected() {
  try {
    return localStorage.getItem(EXPECTED) === "yes";
  } catch {
    return true; // a browser that keeps nothing
  }
}

function expect(relays) {
  try {
    if (relays) localStorage.setItem(EXPECTED, "yes");
    else localStorage.removeItem(EXPECTED);
  } catch {
    // It is asked again.
  }
}
