"""What every call engine must do; three real WebRTC clients each time. Issue by issue further engines join `ENGINES`."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from media.calls.engine import CallError, DescriptionRefused, Engine, Limits, MediaEvent, MemberUnknown, RoomsFull, RoomUnknown, SeatUnknown, Tell
from media.calls.forwarding import PythonEngine
from media.calls.janus import JanusEngine
from media.calls.native.build import build
from media.calls.native.engine import NativeEngine
from media.calls.rtp import read_packet
from tests.media.calls.broken import broken
from tests.media.calls.clients import Client, all_decode_all, call, until
from tests.support.peers import need

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
DESCRIPTIONS = 2_000 if FULL else 60
"""Joins with a spoilt description; the parser alone gets more (test_endurance.py)."""
SEATS = ("patient", "village_doctor", "expert")
PEOPLE = {"patient": 60, "village_doctor": 120, "expert": 200}


def native(tell: Tell, _fixture: Callable[[str], Any]) -> Engine:
    need(build() is not None, "C compiler")
    return NativeEngine(tell)


ENGINES: dict[str, Callable[[Tell, Callable[[str], Any]], Engine]] = {
    "python": lambda tell, fixture: PythonEngine(tell),
    "native": native,
    "janus": lambda tell, fixture: JanusEngine(tell, [fixture("janus").address]),
}
"""Each is given where to tell and what it may ask for by name: the fixtures of the servers it needs."""


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.peer if name == "janus" else ()) for name in sorted(ENGINES)])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Engine, list[MediaEvent]]]:
    told: list[MediaEvent] = []
    made = ENGINES[request.param](told.append, request.getfixturevalue)
    await made.create_room("room", SEATS)
    yield made, told
    await made.close()


@pytest.fixture
async def people() -> AsyncIterator[dict[str, Client]]:
    """Filled by the test, closed at the end."""
    made: dict[str, Client] = {}
    yield made
    for one in made.values():
        await one.close()


async def test_everybody_sees_and_hears_everybody_else_in_the_right_slot(engine: Any, people: dict[str, Client]):
    made, told = engine
    people.update(await call(made, "room", PEOPLE))
    await until(all_decode_all(people))
    for me, one in people.items():
        for other, grey in PEOPLE.items():
            if other != me:
                assert abs(one.brightness[other] - grey) < 12, (me, other, one.brightness)
        assert set(one.seen) == set(one.heard) == set(PEOPLE) - {me}
    assert sorted((event.seat, event.kind) for event in told) == sorted((seat, "connected") for seat in PEOPLE)
    stats = (await made.stats()).rooms[0]
    for member in stats.members:
        assert member.connected
        assert member.receiving
        for stream in member.streams:
            assert stream.received > 0
            assert stream.forwarded <= 2 * stream.received
            assert stream.lost <= 0


async def test_who_leaves_and_comes_back_is_seen_in_the_same_slot(engine: Any, people: dict[str, Client]):
    made, told = engine
    people.update(await call(made, "room", PEOPLE))
    await until(all_decode_all(people))
    await people["expert"].close()
    await made.leave("room", "expert")
    await made.leave("room", "expert")
    assert [event.kind for event in told if event.seat == "expert"] == ["connected", "gone"]
    people["expert"] = Client("expert", 30)
    await people["expert"].join(made, "room", "expert-again")
    await until(all_decode_all(people))
    await until(lambda: all(abs(people[seat].brightness["expert"] - 30) < 12 for seat in ("patient", "village_doctor")))


async def test_who_joins_again_takes_his_own_place(engine: Any, people: dict[str, Client]):
    made, told = engine
    people.update(await call(made, "room", PEOPLE))
    await until(all_decode_all(people))
    before, people["patient"] = people["patient"], Client("patient", 90)
    people["before"] = before
    await people["patient"].join(made, "room", "patient-again")
    assert MediaEvent("room", "patient", "patient", "gone") in told
    here = {seat: one for seat, one in people.items() if seat != "before"}
    await until(all_decode_all(here))
    assert len((await made.stats()).rooms[0].members) == 3


async def test_who_sends_no_picture_is_heard(engine: Any, people: dict[str, Client]):
    made, _ = engine
    people["patient"], people["expert"] = Client("patient", video=False), Client("expert", 200)
    await asyncio.gather(*(one.join(made, "room") for one in people.values()))
    await until(lambda: people["expert"].heard.get("patient", 0) > 5 and people["patient"].seen.get("expert", 0) > 5)
    assert "patient" not in people["expert"].seen


async def test_what_cannot_be_is_refused_and_changes_nothing(engine: Any, people: dict[str, Client]):
    made, told = engine
    good = Client("patient")
    people["patient"] = good
    offer = await good.offer()
    with pytest.raises(RoomUnknown):
        await made.join("elsewhere", "patient", "p", offer)
    with pytest.raises(SeatUnknown):
        await made.join("room", "nobody", "p", offer)
    with pytest.raises(RoomsFull):
        await made.create_room("room", tuple(f"seat-{number}" for number in range(6)))
    with pytest.raises(RoomsFull):
        await made.create_room("large", tuple(f"seat-{number}" for number in range(9)))
    with pytest.raises(MemberUnknown):
        await made.accept("room", "p", offer)
    for bad in ("", "v=0\r\n", offer.replace("VP8", "H264").replace("opus", "PCMU"), offer + offer[offer.index("m=") :] * 3, "m=" * 40_000):
        with pytest.raises(DescriptionRefused):
            await made.join("room", "patient", "p", bad)
    assert (await made.stats()).rooms[0].members == ()
    joined = await made.join("room", "patient", "p", offer)
    with pytest.raises(DescriptionRefused):
        await made.accept("room", "p", "v=0\r\nm=nonsense\r\n")
    assert len(joined.slots) == 2
    assert told == []


async def test_descriptions_of_every_kind_are_answered_or_refused(engine: Any, people: dict[str, Client]):
    made, _ = engine
    people["patient"] = Client("patient")
    lines = (await people["patient"].offer()).split("\r\n")
    rng = random.Random(7)
    outcomes: dict[str, int] = {}
    tasks = len(asyncio.all_tasks())
    for case in range(DESCRIPTIONS):
        try:
            await made.join("room", "patient", f"m{case}", broken(rng, lines))
            outcomes["joined"] = outcomes.get("joined", 0) + 1
        except CallError as refused:
            outcomes[refused.code] = outcomes.get(refused.code, 0) + 1
    assert set(outcomes) == {"joined", "description.refused"}
    for one in (await made.stats()).rooms[0].members:
        await made.leave("room", one.member)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_limits_hold_for_whoever_is_muted_and_whoever_wants_no_picture(engine: Any, people: dict[str, Client]):
    made, _ = engine
    people.update(await call(made, "room", PEOPLE))
    await until(all_decode_all(people))
    await made.limit("room", "patient", Limits(muted=frozenset({"audio"})))
    await made.limit("room", "expert", Limits(unwanted=frozenset({"video"})))
    await asyncio.sleep(0.5)
    doctor, expert = people["village_doctor"], people["expert"]
    heard, seen, expert_seen, expert_heard = doctor.heard["patient"], doctor.seen["patient"], dict(expert.seen), expert.heard["village_doctor"]
    await until(lambda: doctor.seen["patient"] >= seen + 10 and expert.heard["village_doctor"] >= expert_heard + 20)
    assert doctor.heard["patient"] == heard
    assert expert.seen == expert_seen
    await made.limit("room", "patient", Limits())
    await made.limit("room", "expert", Limits())
    await until(all_decode_all(people))
    with pytest.raises(MemberUnknown):
        await made.limit("room", "nobody", Limits())


class Listed:
    """Keeps what a recorder is given."""

    def __init__(self) -> None:
        self.packets: list[tuple[str, str, str, str, float, bytes]] = []
        self.reports: list[tuple[str, str, int]] = []

    def packet(self, seat: str, member: str, kind: str, codec: str, at: float, data: bytes) -> None:
        self.packets.append((seat, member, kind, codec, at, data))

    def report(self, seat: str, member: str, kind: str, codec: str, at: float, ssrc: int, ntp: int, timestamp: int) -> None:
        self.reports.append((seat, kind, ssrc))


async def test_a_recorder_gets_what_everybody_sends_while_it_is_wanted(engine: Any, people: dict[str, Client]):
    made, _ = engine
    people.update(await call(made, "room", PEOPLE))
    await until(all_decode_all(people))
    recorder = Listed()
    await made.record("room", recorder)
    await until(lambda: {(one[0], one[2]) for one in recorder.packets} == {(seat, kind) for seat in PEOPLE for kind in ("audio", "video")})
    # VideoRoom forwards no sender reports: a recording over Janus is put together by when packets arrived (docs/calls.md).
    reported = set() if isinstance(made, JanusEngine) else {(seat, kind) for seat in PEOPLE for kind in ("audio", "video")}
    await until(lambda: {one[:2] for one in recorder.reports} == reported)
    await made.record("room", None)
    kept = list(recorder.packets)
    streams = {(one[0], one[2], int.from_bytes(one[5][8:12], "big")) for one in kept}
    assert set(recorder.reports) <= streams
    await until(all_decode_all(people))
    assert recorder.packets == kept
    assert {(one[2], one[3]) for one in kept} == {("audio", "opus"), ("video", "VP8")}
    assert all(read_packet(one[5]) is not None for one in kept)
    times = [one[4] for one in kept]
    assert times == sorted(times)


async def test_a_seat_that_is_added_is_there_for_whoever_joins_again(engine: Any, people: dict[str, Client]):
    made, _ = engine
    people["patient"], people["interpreter"] = Client("patient", 60), Client("interpreter", 200)
    await people["patient"].join(made, "room")
    await made.create_room("room", ("patient", "interpreter"))
    await people["interpreter"].join(made, "room")
    before, people["patient"] = people["patient"], Client("patient", 90)
    people["before"] = before
    await people["patient"].join(made, "room")
    await until(all_decode_all({seat: people[seat] for seat in ("patient", "interpreter")}))


async def test_a_closed_room_is_gone_with_everybody_in_it(engine: Any, people: dict[str, Client]):
    made, told = engine
    people.update(await call(made, "room", PEOPLE))
    await until(lambda: len([event for event in told if event.kind == "connected"]) == 3)
    await made.close_room("room")
    await made.close_room("room")
    assert [event.kind for event in told].count("gone") == 3
    assert (await made.stats()).rooms == ()
    with pytest.raises(RoomUnknown):
        await made.join("room", "patient", "p", "x")
