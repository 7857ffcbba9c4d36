"""The rules of the room's page that need no call, each in a real browser by itself: which browser fits, how a network is judged, what is sent when
the server says so, when a way counts as gone."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.browser import Visiting

pytestmark = pytest.mark.browser

WECHAT = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x1800322e)"
AGENTS = {
    "ios 17": WECHAT.format("iPhone; CPU iPhone OS 17_5 like Mac OS X"),
    "ios 14.3": WECHAT.format("iPhone; CPU iPhone OS 14_3 like Mac OS X"),
    "ios 14.2": WECHAT.format("iPhone; CPU iPhone OS 14_2 like Mac OS X"),
    "ios 12.4": WECHAT.format("iPhone; CPU iPhone OS 12_4_1 like Mac OS X"),
    "android": WECHAT.format("Linux; Android 12; M2102J20SG Build/SKQ1; wv) XWEB/1160065 (x"),
    "desktop": "Mozilla/5.0 (Windows NT 10.0) Chrome/116.0 Safari/537.36 MicroMessenger/7.0 WindowsWechat(0x63090a13)",
    "chrome": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36",
}
ALL = {"secure": True, "capture": True, "rtc": True, "codecs": ["video/vp8", "video/h264"]}


class _Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The folder of the pages alone, without a house."""
    folder = Path(__file__).resolve().parents[2] / "miniprogram_api" / "pages"
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def asked(visiting: Visiting, pages: str, script: str, argument: Any = None) -> Any:
    visit = await visiting(f"{pages}/room/room.css")
    start = "async (given) => { const from = (name) => import(new URL(name, document.baseURI)); "
    return await visit.page.evaluate(f"{start}{script} }}", argument)


async def test_which_browser_fits_and_what_to_do_otherwise(visiting: Visiting, pages: str) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("ios 17", {}, "video"), ("ios 14.3", {}, "video"), ("ios 14.2", {}, "watch"), ("ios 12.4", {"capture": False}, "watch"),
        ("android", {}, "video"), ("android", {"rtc": False}, "none"), ("desktop", {}, "watch"), ("chrome", {}, "video"),
        ("chrome", {"secure": False}, "none"), ("android", {"codecs": ["video/vp9"]}, "voice"), ("android", {"codecs": ["video/h264"]}, "video"),
        ("android", {"codecs": None}, "video"), ("ios 17", {"capture": False}, "watch"),
    ]  # fmt: skip
    given = [{**ALL, "agent": AGENTS[agent], **other} for agent, other, _ in cases]
    found = await asked(visiting, pages, "const { fitOf } = await from('fit.js'); return given.map(fitOf);", given)
    assert [one["fit"] for one in found] == [fit for *_, fit in cases]
    for one in found:
        assert (one["fit"] == "video") == (one["sentence"] is None)
        assert (one["fit"] == "video") == (one["steps"] == [])
    assert "iOS 14.3" in found[2]["steps"][0]
    steps = await asked(visiting, pages, "const { allowSteps } = await from('fit.js'); return given.map(allowSteps);", list(AGENTS.values()))
    assert all(len(one) == 3 and one[2].endswith("点「再试」。") for one in steps)
    assert "微信" in steps[0][0]
    assert "权限" in steps[4][0]


async def test_how_a_network_is_judged(visiting: Visiting, pages: str) -> None:
    cases: list[tuple[bool, float | None, float | None, str, str | None]] = [
        (True, 80, 2000, "green", None), (True, 80, None, "green", None), (True, 700, 2000, "yellow", None), (True, 80, 300, "yellow", None),
        (True, 80, 100, "red", "weak_network"), (True, 2500, 2000, "red", "weak_network"), (False, None, None, "red", "no_network"),
    ]  # fmt: skip
    given = [{"reached": reached, "rtt": rtt, "rate": rate} for reached, rtt, rate, *_ in cases]
    found = await asked(visiting, pages, "const { verdict } = await from('network.js'); return given.map(verdict);", given)
    assert [(one["light"], one["code"]) for one in found] == [(light, code) for *_, light, code in cases]


async def test_an_answer_that_does_not_come_is_no_network(visiting: Visiting, pages: str) -> None:
    script = """
      const { roundTrip } = await from('network.js');
      const real = setTimeout;
      globalThis.setTimeout = (act, ms, ...more) => real(act, ms / 100, ...more);
      try { return [await roundTrip(() => new Promise(() => {})), typeof await roundTrip(async () => ({}).nothing)]; }
      finally { globalThis.setTimeout = real; }"""
    assert await asked(visiting, pages, script) == [None, "number"]


async def test_what_the_own_picture_is_sent_as(visiting: Visiting, pages: str) -> None:
    told = {"send_bits": 900_000, "height": 480, "rate": 25, "sound_bits": 32_000}
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({"meant": True, "lines": 720}, "720p"), ({"meant": True, "lines": 479, "advice": told}, "480p"), ({"meant": True, "advice": told}, "480p"),
        ({"meant": True, "lines": 240, "advice": told}, "180p"), ({"meant": True, "advice": {**told, "rate": 0.2, "height": 180}}, "stills"),
        ({"meant": True, "lines": 480, "advice": {**told, "send_bits": 0}}, "audio"), ({"meant": True}, None), ({"meant": False, "lines": 480}, None),
        ({"meant": True, "advice": {**told, "send_bits": 0, "sound_bits": 12_000}}, "audio12"), ({"meant": True, "lines": 1080}, "1080p"),
        ({"meant": False, "advice": {**told, "send_bits": 0}}, None), ({"meant": True, "lines": 360}, "360p"),
    ]  # fmt: skip
    found = await asked(visiting, pages, "const { rungOf } = await from('sending.js'); return given.map(rungOf);", [given for given, _ in cases])
    assert found == [rung for _, rung in cases]


async def test_what_is_measured_says_what_the_own_picture_goes_out_as(visiting: Visiting, pages: str) -> None:
    script = """
      const { Pair } = await from('pair.js');
      let sizes = given.sizes;
      const connection = () => ({
        addTransceiver() {}, close() {}, connectionState: 'connected', getReceivers: () => [], getTransceivers: () => [],
        getStats: async () => new Map(sizes.map(([frameWidth, frameHeight, active], place) =>
          [place, { type: 'outbound-rtp', kind: 'video', frameWidth, frameHeight, active }])),
      });
      const canvas = document.createElement('canvas');
      const [video] = canvas.captureStream().getVideoTracks();
      const pair = new Pair({ video }, { connection }, { state() {}, track() {}, refused() {} });
      const seen = [(await pair.quality()).rung];
      pair.advice = given.advice;
      seen.push((await pair.quality()).rung);
      sizes = [];
      pair.advice = { ...given.advice, send_bits: 250000, height: 360 };
      seen.push((await pair.quality()).rung);
      video.enabled = false;
      seen.push((await pair.quality()).rung);
      return seen;"""
    sizes = [[480, 640, True], [960, 1280, False], [120, 160, True]]
    given = {"sizes": sizes, "advice": {"send_bits": 0, "height": 0, "rate": 0, "sound_bits": 24_000}}
    assert await asked(visiting, pages, script, given) == ["480p", "audio", "360p", None]


_SENDERS = """
  const { adjust, settle } = await from('sending.js');
  const sender = (encodings, height) => ({
    encodings, track: height && { getSettings: () => ({ height }) },
    getParameters() { return { encodings: structuredClone(this.encodings) }; },
    async setParameters(parameters) { this.encodings = parameters.encodings; this.set = (this.set ?? 0) + 1; },
  });
  const audio = sender([{ maxBitrate: 32000 }]);
"""


async def test_a_single_picture_is_made_as_small_as_told_and_large_again(visiting: Visiting, pages: str) -> None:
    script = _SENDERS + """
      const video = sender([{ active: true, maxBitrate: 1000000 }], 480);
      const seen = [];
      for (const advice of given) { await adjust(audio, video, advice); seen.push([video.encodings[0], audio.encodings[0].maxBitrate]); }
      const set = video.set;
      await adjust(audio, video, given.at(-1));
      return { seen, again: video.set - set };"""
    nothing = {"send_bits": None, "height": None, "rate": None, "sound_bits": None}
    given = [
        {"send_bits": 200_000, "height": 240, "rate": 15, "sound_bits": 32_000},
        {"send_bits": 20_000, "height": 180, "rate": 0.2, "sound_bits": 24_000},
        {"send_bits": 0, "height": 0, "rate": 0, "sound_bits": 12_000}, nothing,
    ]  # fmt: skip
    found = await asked(visiting, pages, script, given)
    small, still, none, all_again = found["seen"]
    assert (small[0]["maxBitrate"], small[0]["scaleResolutionDownBy"], small[0]["maxFramerate"], small[1]) == (200_000, 2, 15, 32_000)
    assert (still[0]["active"], still[0]["maxFramerate"], still[1]) == (True, 1, 24_000)
    assert (none[0]["active"], none[1]) == (False, 12_000)
    assert (all_again[0]["active"], all_again[0]["scaleResolutionDownBy"], all_again[0]["maxBitrate"], all_again[1]) == (True, 1, 1_000_000, 32_000)
    assert "maxFramerate" not in all_again[0]
    assert found["again"] == 0  # the same advice twice is said to the encoder once


async def test_a_device_that_can_gives_720_lines_and_is_scaled_as_told(visiting: Visiting, pages: str) -> None:
    script = _SENDERS + """
      for (const [name, value] of Object.entries(given.device)) Object.defineProperty(navigator, name, { value, configurable: true });
      const asked = [];
      navigator.mediaDevices.getUserMedia = async (wanted) => { asked.push(wanted.video.height.ideal); return { getVideoTracks: () => [null] }; };
      const { openCamera } = await from('devices.js');
      const { encodings } = await from('sending.js');
      await openCamera();
      const video = sender([{ active: true, maxBitrate: 1000000 }], given.camera);
      const seen = [];
      for (const [send_bits, height] of [[1900000, 720], [700000, 480], [null, null]]) {
        await adjust(audio, video, { send_bits, height, rate: 25, sound_bits: 32000 });
        seen.push([Math.round(given.camera / video.encodings[0].scaleResolutionDownBy), video.encodings[0].maxBitrate]);
      }
      return { asked, first: Math.max(...encodings('video').map((one) => one.maxBitrate)), seen };"""
    strong = {"hardwareConcurrency": 8, "deviceMemory": 8}
    found = await asked(visiting, pages, script, {"device": strong, "camera": 720})
    assert found == {"asked": [720], "first": 2_000_000, "seen": [[720, 1_900_000], [480, 700_000], [720, 2_000_000]]}
    # A camera that has no more gives no more, and nobody's bits are spent on it.
    found = await asked(visiting, pages, script, {"device": strong, "camera": 480})
    assert found["seen"] == [[480, 1_000_000], [480, 700_000], [480, 1_000_000]]
    few, small = {"hardwareConcurrency": 4, "deviceMemory": 8}, {"hardwareConcurrency": 8, "deviceMemory": 2}
    for weak in (few, small, strong | {"connection": {"saveData": True}}):
        found = await asked(visiting, pages, script, {"device": weak, "camera": 480})
        assert (found["asked"], found["first"]) == ([480], 1_000_000)


async def test_no_more_sizes_are_asked_for_than_a_browser_makes_of_the_camera(visiting: Visiting, pages: str) -> None:
    """Of more than that libwebrtc leaves out the largest, and everybody would be seen in 240 lines."""
    script = """
      Object.defineProperty(navigator, 'hardwareConcurrency', { value: given.cores });
      history.replaceState(null, '', given.sizes ? '?sizes' : '?');
      const { encodings } = await from('sending.js');
      const track = given.camera && { getSettings: () => ({ width: given.camera[0], height: given.camera[1] }) };
      return encodings('video', track).map((one) => [one.rid ?? null, Math.round(one.scaleResolutionDownBy ?? 1), one.maxBitrate]);"""
    whole, fine = [None, 1, 1_000_000], 2_000_000
    cases: list[tuple[bool, list[int] | None, list[list[Any]]]] = [
        (True, [1280, 720], [["q", 4, 100_000], ["h", 2, 400_000], ["f", 1, fine]]), (True, [640, 480], [["q", 3, 100_000], ["f", 1, 1_000_000]]),
        (True, [480, 640], [["q", 3, 100_000], ["f", 1, 1_000_000]]), (True, [320, 240], [whole]), (False, [1280, 720], [[None, 1, fine]]),
        (False, [640, 480], [whole]), (False, None, [whole]), (True, None, [["q", 3, 100_000], ["f", 1, 1_000_000]]),
    ]  # fmt: skip
    for sizes, camera, expected in cases:
        assert await asked(visiting, pages, script, {"cores": 4, "camera": camera, "sizes": sizes}) == expected, (sizes, camera)


async def test_of_several_sizes_those_too_large_are_made_smaller_or_left_out(visiting: Visiting, pages: str) -> None:
    script = _SENDERS + """
      history.replaceState(null, '', '?sizes');
      const { encodings } = await from('sending.js');
      const [width, height] = given.camera;
      const track = { getSettings: () => ({ width, height }) };
      const video = Object.assign(sender(encodings('video', track).map((one) => ({ ...one, active: true }))), { track });
      if (given.changed) video.track = { getSettings: () => ({ width: given.changed[0], height: given.changed[1] }) };
      const full = (given.changed ?? given.camera)[1];
      const seen = [];
      for (const wanted of given.wanted) {
        await adjust(audio, video, { send_bits: 500000, height: wanted, rate: 25, sound_bits: 32000 });
        seen.push(video.encodings.map((one) => one.active ? Math.round(full / one.scaleResolutionDownBy) : 0));
      }
      await settle(video, 'a=simulcast:recv q;f');
      const kept = video.encodings.length;
      await settle(video, 'v=0');
      return { seen, kept, alone: video.encodings.map((one) => [one.active, one.active && one.scaleResolutionDownBy]) };"""
    found = await asked(visiting, pages, script, {"camera": [640, 480], "wanted": [480, 360, 240, 180, 0, None]})
    assert found["seen"] == [[180, 480], [180, 360], [180, 240], [180, 0], [0, 0], [180, 480]]
    assert (found["kept"], found["alone"]) == (2, [[True, 1], [False, False]])
    found = await asked(visiting, pages, script, {"camera": [1280, 720], "wanted": [720, 480, 360, 240, 180]})
    assert found["seen"] == [[180, 360, 720], [180, 360, 480], [180, 360, 0], [180, 240, 0], [180, 0, 0]]
    # A smaller camera in its place: the browser would make one size of it.
    found = await asked(visiting, pages, script, {"camera": [640, 480], "changed": [320, 240], "wanted": [480, 180]})
    assert found["seen"] == [[240, 0], [180, 0]]


async def test_saved_sound_goes_in_longer_packets_and_the_connection_stays(visiting: Visiting, pages: str) -> None:
    """A real connection to oneself: packets of sound a second, as the browser counts them."""
    script = """
      const { Pair } = await from('pair.js');
      const context = new AudioContext();
      const [tone, out] = [context.createOscillator(), context.createMediaStreamDestination()];
      tone.connect(out);
      tone.start();
      const [track] = out.stream.getAudioTracks();
      const pair = new Pair({ audio: track }, { connection: () => new RTCPeerConnection() }, { state() {}, track() {}, refused() {} });
      const there = new RTCPeerConnection();
      pair.sending.onicecandidate = ({ candidate }) => candidate && there.addIceCandidate(candidate);
      there.onicecandidate = ({ candidate }) => candidate && pair.sending.addIceCandidate(candidate);
      await there.setRemoteDescription({ type: 'offer', sdp: await pair.offer() });
      await there.setLocalDescription(await there.createAnswer());
      const empty = 'v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n';
      await pair.answer({ answer: there.localDescription.sdp, offer: empty, slots: [] });
      const rate = async () => {
        const count = async () => [...(await pair.sending.getStats()).values()]
          .filter((one) => one.type === 'outbound-rtp' && one.kind === 'audio').reduce((sum, one) => sum + one.packetsSent, 0);
        await new Promise((done) => setTimeout(done, 800));
        const [before, at] = [await count(), performance.now()];
        await new Promise((done) => setTimeout(done, 1500));
        return ((await count()) - before) / (performance.now() - at) * 1000;
      };
      const video = { send_bits: 0, height: 0, rate: 0 };
      const seen = [await rate()];
      await Promise.all([24_000, 12_000].map((sound_bits) => pair.adjust({ ...video, sound_bits })));
      seen.push(await rate());
      await Promise.all([12_000, 32_000].map((sound_bits) => pair.adjust({ ...video, sound_bits })));
      seen.push(await rate());
      const [state, { maxBitrate }] = [pair.sending.connectionState, pair.sender('audio').getParameters().encodings[0]];
      pair.close();
      await pair.adjust({ ...video, sound_bits: 12_000 });
      there.close();
      return { seen, state, maxBitrate };"""
    found = await asked(visiting, pages, script)
    usual, saved, again = found["seen"]
    assert (found["state"], found["maxBitrate"]) == ("connected", 32_000)
    assert 12 < saved < 21, "60 ms in each"
    assert min(usual, again) > 30, "20 ms in each, 50 a second where the machine has time"


async def test_a_picture_that_starves_is_made_smaller_until_there_is_enough_or_the_server_says_otherwise(visiting: Visiting, pages: str) -> None:
    script = """
      const { Pair } = await from('pair.js');
      let stats = [];
      const sender = (encodings, height) => ({
        encodings, track: height && { getSettings: () => ({ height }) },
        getParameters() { return { encodings: structuredClone(this.encodings) }; },
        async setParameters(parameters) { this.encodings = parameters.encodings; },
      });
      const [audio, video] = [sender([{ maxBitrate: 32000 }]), sender([{ active: true, maxBitrate: 1000000 }], 480)];
      const connection = () => ({
        addTransceiver() {}, close() {}, connectionState: 'connected', getReceivers: () => [],
        getTransceivers: () => [['audio', audio], ['video', video]].map(([kind, one]) => ({ sender: one, receiver: { track: { kind } } })),
        getStats: async () => new Map(stats.map((one, place) => [place, { type: 'outbound-rtp', kind: 'video', ...one }])),
      });
      const pair = new Pair({}, { connection }, { state() {}, track() {}, refused() {} });
      const seen = [];
      const at = async (...all) => {
        stats = all.map(([targetBitrate, frameHeight]) => ({ targetBitrate, frameHeight }));
        await pair.heard();
        await pair.adjusting;
        seen.push(Math.round(480 / video.encodings[0].scaleResolutionDownBy || 480));
      };
      for (const one of given) {
        if (one.advice) await pair.adjust(one.advice);
        await at(...one.videos);
      }
      pair.close();
      await at([1000, 480]);
      return seen;"""
    told = {"send_bits": 900_000, "height": 480, "rate": 25, "sound_bits": 32_000}
    given = [
        {"videos": [[900_000, 480]]}, {"videos": [[230_000, 480]]}, {"videos": [[100_000, 480]]}, {"videos": [[150_000, 180]]},
        {"videos": [[200_000, 180]]}, {"videos": [[300_000, 360]]}, {"videos": [[500_000, 360]]}, {"videos": [[200_000, 480]]},
        {"advice": told, "videos": [[None, None]]}, {"videos": [[100_000, 480], [50_000, 240]]}, {"videos": []},
    ]  # fmt: skip
    assert await asked(visiting, pages, script, given) == [480, 480, 180, 180, 360, 360, 480, 360, 480, 480, 480, 480]


async def test_a_moving_picture_that_loses_packets_again_and_again_is_shown_later_until_it_is_calm(visiting: Visiting, pages: str) -> None:
    script = """
      const { Smoothing } = await from('smoothing.js');
      const connection = new RTCPeerConnection();
      const { receiver } = connection.addTransceiver('video');
      const smoothing = new Smoothing();
      const seen = [];
      for (const [at, nackCount, framesPerSecond, rtt] of given) {
        const stats = [
          { type: 'inbound-rtp', kind: 'video', trackIdentifier: receiver.track.id, nackCount, framesPerSecond },
          { type: 'inbound-rtp', kind: 'video', trackIdentifier: 'another', nackCount: at }, { type: 'inbound-rtp', kind: 'audio' },
          { type: 'candidate-pair', nominated: true, currentRoundTripTime: rtt },
        ];
        smoothing.look(new Map(stats.map((one, place) => [place, one])), connection.getReceivers(), at);
        seen.push(receiver.jitterBufferTarget);
      }
      smoothing.look(new Map(), connection.getReceivers(), 0);
      connection.close();
      return seen;"""
    burst = [(0, 0, 25, 0.08), (200, 40, 25, 0.08), (400, 90, 25, 0.08), (9000, 90, 25, 0.08)]
    often = [(10_000, 91, 25, 0.08), (10_400, 93, 25, 0.08), (10_800, 94, 25, 0.08), (11_200, 95, 25, 0.08)]
    longer = [(12_000, 96, 25, 0.2), (12_200, 97, 25, 2.0), (12_400, 97, 2, 0.08), (12_600, 97, 25, 0.01)]
    calm = [(22_100, 97, 25, 0.08), (23_500, 97, 25, 0.08)]
    given = [*burst, *often, *longer, *calm]
    expected = [None] * 7 + [216] + [360, 400, None, 216] + [216, None]
    assert await asked(visiting, pages, script, given) == expected


async def test_a_way_counts_as_gone_after_a_second_of_silence_and_not_when_it_is_often_still(visiting: Visiting, pages: str) -> None:
    script = """
      const { Pulse } = await from('pulse.js');
      const run = async (arrivals, until, alone = false) => {
        let now = 0;
        const real = performance.now;
        performance.now = () => now;
        const told = [];
        const telling = Object.fromEntries(['doubt', 'dead', 'back', 'half'].map((kind) => [kind, () => told.push([kind, now])]));
        const pulse = new Pulse({ ...telling, expects: () => !alone });
        const heard = async () => {
          const count = arrivals.filter((at) => at <= now).length;
          return { sending: count, receiving: count };
        };
        const pair = { closed: false, heard };
        try {
          pulse.follow(pair);
          clearInterval(pulse.timer);
          for (now = 200; now <= until; now += 200) await pulse.look();
        } finally { performance.now = real; }
        return told;
      };
      const steady = (from, to, every) => Array.from({ length: (to - from) / every }, (_, n) => from + n * every);
      return [
        await run([...steady(0, 4000, 50), ...steady(7000, 9000, 50)], 9000),
        await run(steady(0, 20000, 1000), 20000),
        await run(steady(0, 20000, 2500), 20000, true),
      ];"""
    broken, seldom, alone = await asked(visiting, pages, script)
    dead = [at for kind, at in broken if kind == "dead"]
    assert len(dead) == 1
    assert 4800 <= dead[0] <= 5400
    assert [at for kind, at in broken if kind == "back"] == [7000]
    assert min(at for kind, at in broken if kind == "doubt") < dead[0]
    assert [kind for kind, at in seldom if kind == "dead"] == []
    assert alone == []


async def test_another_way_is_offered_only_where_there_is_one_and_told(visiting: Visiting, pages: str) -> None:
    script = """
      const { RouteButton } = await from('route_button.js');
      const { Route } = await from('route.js');
      class FakeCall extends EventTarget {
        constructor() { super(); this.route = new Route(); this.state = 'connecting'; this.turned = 0; }
        get hasRelay() { return this.route.hasRelay; }
        changeRoute() { this.route.turn(); this.turned += 1; }
        becomes(state) { this.state = state; this.dispatchEvent(new Event('state')); }
      }
      const said = [];
      const call = new FakeCall();
      const way = new RouteButton(call, (sentence) => said.push(sentence));
      const seen = [];
      const look = () => seen.push([way.element.hidden, way.button.disabled, way.words.textContent]);
      call.becomes('connected');
      look();
      call.route.learn([{ urls: ['turn:relay.test:443?transport=tcp'], username: 'u', credential: 'c' }]);
      call.becomes('connected');
      look();
      way.button.click();
      call.becomes('reconnecting');
      look();
      call.becomes('connected');
      way.button.click();
      look();
      return { seen, turned: call.turned, said: said.length };"""
    found = await asked(visiting, pages, script)
    assert [one[:2] for one in found["seen"]] == [[True, False], [False, False], [False, True], [False, False]]
    assert ["中转" in one[2] for one in found["seen"]] == [False, False, True, False]
    assert (found["turned"], found["said"]) == (2, 2)


FACE = """<figure class="face {kind}"><video></video><p class="without" hidden></p>
<figcaption><span class="light light-red"></span>{name} · 已静音</figcaption><button class="enlarge">放大</button></figure>"""
STAGE = """<html lang="zh"><link rel="stylesheet" href="{base}/shared/page.css"><link rel="stylesheet" href="{base}/room/room.css">
<link rel="stylesheet" href="{base}/room/sheet.css"><body class="in-call {care}"><main id="room"><div class="stage"><div class="middle">
<div class="faces has-large">{faces}</div><div class="mine"><p>画面已关</p></div>
<p class="caption">药按时吃了没有?</p><p class="room-toast">村医请您开口说话</p></div>
<div class="call-bar"><button>已静音</button><button class="extra">关画面</button><button>语音模式</button>
<button>更多<span class="badge">3</span></button><button class="leave">退出</button></div></div></main></body></html>"""
_BOXES = """(which) => [...document.querySelectorAll(which)].filter((one) => getComputedStyle(one).display !== "none").map((one) => {
  const box = one.getBoundingClientRect();
  return { left: box.left, right: box.right, top: box.top, bottom: box.bottom, size: parseFloat(getComputedStyle(one).fontSize) };
})"""


@pytest.mark.parametrize(("care", "least"), [("", 17), ("care", 22)])
async def test_on_a_small_phone_every_word_of_the_call_has_its_place(visiting: Visiting, pages: str, care: str, least: int) -> None:
    """The stage's own classes at 360 px: the bar on one line, small faces with name, colour and mute, and nothing over one's own picture."""
    page = (await visiting(f"{pages}/room/room.css", (360, 740))).page
    named = (("large", "王秀兰(专家)"), ("", "吴医生(村医)"), ("", "李建国(家人)"))
    faces = "".join(FACE.format(kind=kind, name=name) for kind, name in named)
    await page.set_content(STAGE.format(base=pages, care=care, faces=faces))
    buttons = await page.evaluate(_BOXES, ".call-bar button")
    assert all(one["size"] >= least and one["right"] <= 360 for one in buttons), buttons
    assert all(one["bottom"] - one["top"] <= 80 for one in buttons), "no word breaks in two"
    small = await page.evaluate(_BOXES, ".face:not(.large) figcaption")
    assert len(small) == 2
    assert all(one["size"] >= least for one in small)
    (mine,), (toast,), (caption,) = [await page.evaluate(_BOXES, which) for which in (".mine", ".room-toast", ".caption")]
    for one in (toast, caption):
        assert one["right"] <= mine["left"] or one["top"] >= mine["bottom"]
    assert toast["bottom"] <= caption["top"] or caption["bottom"] <= toast["top"]
    for one in small:
        assert caption["bottom"] <= one["top"], "the name of who is small is not below the caption"
