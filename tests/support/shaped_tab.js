// Runs in a tab before its own scripts: WebRTC is led through the shaper's ports. See shaped_tab.py.
(() => {
  // A candidate line (RFC 8839, 5.1): foundation, component, transport, priority, address, port, and the rest.
  const LINE = /^(a=candidate:\S+ \d+ udp \d+ )(\S+) (\d+)( typ .*)$/gim;
  const { prototype } = RTCPeerConnection;
  const { setRemoteDescription } = prototype;
  prototype.setRemoteDescription = async function (description) {
    const ports = new Map();
    for (const [, , host, port] of description.sdp.matchAll(LINE)) ports.set(`${host} ${port}`, await globalThis.shapedPort(host, Number(port)));
    const sdp = description.sdp.replace(LINE, (line, before, host, port, after) => `${before}${host} ${ports.get(`${host} ${port}`)}${after}`);
    return setRemoteDescription.call(this, { type: description.type, sdp });
  };
  const local = Object.getOwnPropertyDescriptor(prototype, "localDescription");
  Object.defineProperty(prototype, "localDescription", {
    ...local,
    get() {
      const description = local.get.call(this);
      // Port 9 (discard): there must be a candidate, and nothing may come past the shaper.
      return description && { type: description.type, sdp: description.sdp.replace(LINE, "$1$2 9$4") };
    },
  });
})();
