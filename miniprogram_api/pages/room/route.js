// By which way the media comes: directly, or over a relay where there is one and nothing else gets through.

const GATHER_MS = 1200;
/** How long a relay's address may take where relays are there, and where nothing else may be used. */
const RELAY_GATHER_MS = 2500;
const RELAY_ONLY_GATHER_MS = 8000;

export class Route {
  constructor() {
    this.servers = [];
    /** Only over a relay: after an attempt in which nothing came through, or when the person asks for another way. */
    this.relayOnly = false;
  }

  get hasRelay() {
    return this.servers.some((one) => one.urls.some((url) => url.startsWith("turn")));
  }

  /** What the server says that there is: `ice_servers` of its welcome. */
  learn(servers = []) {
    this.servers = servers.map(({ urls, username, credential }) => (username ? { urls, username, credential } : { urls }));
    this.relayOnly &&= this.hasRelay;
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

  /** Until the connection knows its addresses, or enough of them, or long enough. */
  gathered(connection) {
    if (!this.hasRelay) return gathered(connection, GATHER_MS);
    return gathered(connection, this.relayOnly ? RELAY_ONLY_GATHER_MS : RELAY_GATHER_MS, " typ relay");
  }
}

/** Until it knows its addresses (or, after a moment, one in which `enough` stands), or `longest` milliseconds. */
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
