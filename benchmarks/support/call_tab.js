// Runs in a tab of the call room before its own scripts. The camera becomes a canvas whose stripe tells the time at which each picture was drawn;
// what is shown of the others is read back: when, how old, and what getStats counts.
(() => {
  const { width, height, rate, lively } = globalThis.tabOptions;
  const BITS = 24;
  const CELL = Math.max(8, Math.floor(width / (BITS + 2)));
  const now = () => performance.timeOrigin + performance.now();

  function camera() {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const brush = canvas.getContext("2d", { alpha: false });
    const noise = new ImageData(width, Math.max(1, Math.floor(height * lively)));
    let seed = 1;
    const draw = () => {
      const at = now();
      const turn = (at / 4000) * Math.PI;
      const ground = brush.createLinearGradient(0, 0, width * Math.cos(turn) ** 2, height);
      ground.addColorStop(0, "#35526b");
      ground.addColorStop(1, "#b98b5c");
      brush.fillStyle = ground;
      brush.fillRect(0, 0, width, height);
      if (lively) {
        // Coarse noise that changes: as much for the encoder to do as a room with people in it.
        const words = new Uint32Array(noise.data.buffer);
        for (let i = 0; i < words.length; i += 4) {
          seed = (seed * 1664525 + 1013904223) >>> 0;
          words.fill(0xff000000 | (seed >>> 8), i, i + 4);
        }
        brush.putImageData(noise, 0, height - noise.height);
      }
      brush.fillStyle = "#fff";
      brush.beginPath();
      brush.arc(width / 2 + (Math.cos(turn) * width) / 3, height / 2, height / 6, 0, 7);
      brush.fill();
      const stamp = Math.floor(at) % 2 ** BITS;
      for (let bit = -1; bit <= BITS; bit += 1) {
        brush.fillStyle = bit < 0 || (bit < BITS && (stamp >> bit) & 1) ? "#fff" : "#000";
        brush.fillRect((bit + 1) * CELL, 0, CELL, CELL * 2);
      }
    };
    draw();
    setInterval(draw, 1000 / rate);
    return canvas.captureStream(rate);
  }

  const devices = navigator.mediaDevices;
  if (devices) {
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const given = new MediaStream(wanted.video ? camera().getVideoTracks() : []);
      if (wanted.audio) for (const track of (await original({ audio: globalThis.tabOptions.audio })).getTracks()) given.addTrack(track);
      return given;
    };
  }

  // Every picture that was shown: [seat, when, age in ms or null].
  const shown = [];
  const samples = [];
  globalThis.measured = { shown, samples, now };
  const reading = Object.assign(document.createElement("canvas"), { width: (BITS + 2) * 4, height: 4 });
  const brush = reading.getContext("2d", { willReadFrequently: true });

  function age(video, at) {
    const cell = (CELL * video.videoWidth) / width;
    brush.drawImage(video, 0, 0, cell * (BITS + 2), cell * 2, 0, 0, reading.width, reading.height);
    const { data } = brush.getImageData(0, 2, reading.width, 1);
    const level = (place) => data[(place * 4 + 2) * 4];
    if (level(0) < 150 || level(BITS + 1) > 100) return null;
    let stamp = 0;
    for (let bit = 0; bit < BITS; bit += 1) if (level(bit + 1) > 127) stamp += 2 ** bit;
    const old = (Math.floor(at) % 2 ** BITS) - stamp;
    return old >= 0 && old < 60_000 ? old : null;
  }

  function follow(video) {
    video.followed = true;
    const seen = () => {
      const at = now();
      shown.push([video.dataset.seat, at, globalThis.tabOptions.ages ? age(video, at) : null]);
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  }
  setInterval(() => {
    for (const video of document.querySelectorAll("video[data-seat]")) if (!video.followed) follow(video);
  }, 50);

  let room = null;
  async function sample() {
    room ??= location.pathname.includes("/room/") && document.getElementById("room") ? await import(new URL("../room.js", document.baseURI)) : null;
    const call = room?.call;
    if (!call) return;
    const one = { at: now(), state: call.state, received: {}, sent: {} };
    const seats = new Map();
    for (const [seat, stream] of call.streams) for (const track of stream.getTracks()) seats.set(track.id, seat);
    for (const [leg, into, type] of [[call.receiving, one.received, "inbound-rtp"], [call.sending, one.sent, "outbound-rtp"]]) {
      if (!leg) continue;
      for (const counts of (await leg.getStats()).values()) {
        if (counts.type !== type) continue;
        const name = `${type === "inbound-rtp" ? seats.get(counts.trackIdentifier) : "own"} ${counts.kind}${counts.rid ? ` ${counts.rid}` : ""}`;
        into[name] = Object.fromEntries(["bytesReceived", "bytesSent", "framesDecoded", "framesEncoded", "frameHeight", "framesPerSecond", "concealedSamples", "silentConcealedSamples",
          "totalSamplesReceived", "packetsLost", "packetsReceived", "freezeCount", "totalFreezesDuration", "targetBitrate", "jitterBufferDelay", "jitterBufferEmittedCount",
          "qualityLimitationReason", "nackCount", "pliCount"]
          .filter((key) => counts[key] !== undefined).map((key) => [key, counts[key]]));
      }
    }
    samples.push(one);
  }
  const again = () => sample().catch(() => {}).finally(() => setTimeout(again, globalThis.tabOptions.every));
  addEventListener("load", again, { once: true });
})();
