"""The controller in the engine: real connections (ICE, DTLS, SRTP, VP8, opus) over a link that loses and delays, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from media.calls.announcing import Announcements
from media.calls.bandwidth import Bandwidth
from media.calls.engine import Limits, LinkNews, MediaEvent
from media.calls.forwarding import PythonEngine
from media.calls.link_state import LinkState
from media.calls.measured import Decisions, Downlink, Uplink
from media.calls.native.build import build
from media.calls.native.engine import NativeEngine
from media.calls.pacing import LARGEST_PACKET, LONGEST_CREDIT_S, Credit, Paced
from tests.media.calls.clients import Client, all_decode_all, call, until
from tests.support.links import Link
from tests.support.peers import need
from tests.support.udp_link import Behind

LOSSY = [(0.0, Link(400_000, 0.03, loss=0.10))]


@pytest.fixture
async def engine() -> AsyncIterator[tuple[PythonEngine, list[Any]]]:
    told: list[Any] = []
    made = PythonEngine(told.append, time.monotonic, Bandwidth())
    await made.create_room("room", ("patient", "expert"))
    yield made, told
    await made.close()


async def test_sound_goes_on_over_a_link_that_loses_a_tenth(engine: tuple[PythonEngine, list[Any]]):
    made, told = engine
    behind = Behind(made, LOSSY, LOSSY)
    patient, expert = Client("patient", 60), Client("expert", 180)
    try:
        await expert.join(made, "room")
        await patient.join(behind, "room")
        await until(lambda: patient.heard.get("expert", 0) > 10 and expert.heard.get("patient", 0) > 10)
        for _ in range(3):
            heard = patient.heard["expert"], expert.heard["patient"]
            await until(lambda heard=heard: patient.heard["expert"] >= heard[0] + 50 and expert.heard["patient"] >= heard[1] + 50)
        assert behind.up.dropped > 10
        assert behind.down.dropped > 10
        await until(lambda: any(isinstance(one, LinkNews) and one.seat == "patient" and one.state.up in ("yellow", "red") for one in told))
        assert not [one for one in told if isinstance(one, MediaEvent) and one.kind != "connected"], "nobody is disconnected"
    finally:
        await patient.close()
        await expert.close()
        behind.close()


async def test_a_narrow_link_makes_the_other_send_less_and_an_open_one_is_green(engine: tuple[PythonEngine, list[Any]]):
    made, told = engine
    people = await call(made, "room", {"patient": 60, "expert": 180})
    try:
        await until(all_decode_all(people))
        states = {one.seat: one.state for one in told if isinstance(one, LinkNews)}
        assert states.keys() == {"patient", "expert"}
        assert all(state.send_bits >= 400_000 and state.sound_bits == 32_000 and state.done == "" for state in states.values())
        leg = made._rooms["room"].members["expert"].publish
        assert leg is not None
        await until(lambda: leg.told_bits is not None)
        assert leg.most_bits == leg.told_bits
    finally:
        for one in people.values():
            await one.close()


class Watching:
    """Decides nothing, and keeps what was measured last."""

    def __init__(self) -> None:
        self.ups: dict[str, Uplink] = {}

    def beat(self, room: str, uplinks: Sequence[Uplink], downlinks: Sequence[Downlink], now: float) -> Decisions:
        self.ups = {one.seat: one for one in uplinks}
        return Decisions({}, {})

    def pause_s(self, room: str) -> float:
        return 0.1

    def forget(self, room: str) -> None:
        self.ups.clear()


@pytest.mark.parametrize("name", ["python", "native"])
async def test_an_engine_tells_whose_sound_comes_and_may_be_heard(name: str):
    if name == "native":
        need(build() is not None, "C compiler")
    watching = Watching()
    made = (NativeEngine if name == "native" else PythonEngine)(steering=watching)
    await made.create_room("room", ("patient", "expert"))
    people = await call(made, "room", {"patient": 60, "expert": 180})

    def voice(seat: str) -> tuple[bool, bool]:
        return watching.ups[seat].may_speak, watching.ups[seat].spoke

    try:
        await until(all_decode_all(people))
        await until(lambda: voice("patient") == voice("expert") == (True, True))
        await made.limit("room", "patient", Limits(muted=frozenset({"audio"})))
        await until(lambda: voice("patient") == (False, True))
        [microphone] = [one.sender for one in people["expert"].sending.getTransceivers() if one.kind == "audio"]
        track = microphone.track
        microphone.replaceTrack(None)
        await until(lambda: voice("expert") == (True, False))
        microphone.replaceTrack(track)
        await until(lambda: voice("expert") == (True, True))
    finally:
        for one in people.values():
            await one.close()
        await made.close()


def state(bits: int = 500_000, done: Any = "", up: Any = "green") -> LinkState:
    return LinkState(up, "green", done, bits, 480, 25.0, 32_000)


def test_links_are_told_of_when_they_change_and_not_too_often():
    room, expert, patient = Announcements(), ("expert", "1"), ("patient", "2")
    assert room.due({expert: state()}, 0.0) == {expert: state()}
    assert room.due({expert: state(520_000)}, 5.0) == {}
    assert room.due({expert: state(300_000)}, 5.1) == {expert: state(300_000)}
    assert room.due({expert: state(300_000, "stills", "red")}, 5.2) == {}, "once a second"
    assert room.due({expert: state(300_000, "stills", "red")}, 6.2) == {expert: state(300_000, "stills", "red")}
    assert room.due({expert: state(0, "stills", "red")}, 7.3) == {expert: state(0, "stills", "red")}
    both = {expert: state(0, "stills", "red"), patient: state()}
    assert room.due(both, 7.4) == both, "who comes new hears of everybody"
    assert room.due({patient: state()}, 9.0) == {}
    assert room.due(both, 10.0) == both


def test_a_still_is_sent_at_its_pace_and_nothing_of_it_is_lost():
    sent: list[tuple[float, int, bytes]] = []

    def send(second: int, sequence: int, timestamp: int, ssrc: int, payload: Any, size: int, now: float) -> None:
        sent.append((now, sequence, payload))

    paced = Paced(send, lambda at, size: bytes(at[:size]), Credit(30_000))
    for sequence in range(10):
        paced.send(96, sequence, 0, 1, b"x" * 2000, 1000, 0.0)
    assert sent == []
    for beat in range(100):
        paced.release(beat * 0.05)
    assert [sequence for _, sequence, _ in sent] == list(range(10))
    assert all(payload == b"x" * 1000 for _, _, payload in sent)
    assert 2.0 < sent[-1][0] < 3.0, "80,000 bits at 30,000 a second"
    assert not paced
    paced.release(100.0)
    paced.send(96, 11, 0, 1, b"y", 1, 100.0)
    paced.release(100.05)
    assert sent[-1] == (100.05, 11, b"y")


def test_credit_grows_at_its_rate_and_is_not_saved_up():
    """Forty beats a second at 30 kbit/s: less than a packet each, and yet a packet every third of a second."""
    credit, sent = Credit(30_000), 0
    for beat in range(401):
        credit.grow(beat * 0.025)
        while credit.octets >= LARGEST_PACKET:
            credit.octets -= LARGEST_PACKET
            sent += 1
    assert sent == 30_000 * 10 // 8 // LARGEST_PACKET
    credit.bits = 8_000_000
    credit.grow(100.0)
    credit.grow(101.0)
    assert credit.octets == 8_000_000 / 8 * LONGEST_CREDIT_S + LARGEST_PACKET
    credit.grow(99.0)
    assert credit.octets == 8_000_000 / 8 * LONGEST_CREDIT_S + LARGEST_PACKET, "a clock that goes back takes nothing"
