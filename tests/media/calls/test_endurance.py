"""What strangers and members send that is no media at all: the call goes on, nothing is left behind. And nothing is left of those who come and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pylibsrtp
import pytest
import pytest_asyncio
from aiortc.rtcdtlstransport import RTCDtlsTransport

from media.calls import descriptions, hooks, rtp
from media.calls.engine import DescriptionRefused
from media.calls.forwarding import PythonEngine, _apply, _connection
from media.calls.native.build import build as build_native
from media.calls.transport_feedback import Feedback, build
from tests.media.calls.broken import Held, broken
from tests.media.calls.clients import Client, all_decode_all, call, until
from tests.support.peers import need

ROOT = Path(__file__).resolve().parents[3]
FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
CASES = 20_000 if FULL else 2_000
TIMES = 1_000 if FULL else 100
MOST_GROWTH = 5 * 2**20
AT_ONCE = 50
WARM = 500
"""Cases before the first look at what the process holds."""


def addresses(sdp: str) -> list[tuple[str, int]]:
    """Where the description says that it can be reached."""
    found = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return sorted({(one[4], int(one[5])) for one in found if ":" not in one[4]})


def spoilt(rng: random.Random, data: bytes) -> bytes:
    """With a few bytes changed, cut short or made longer."""
    out = bytearray(data)
    for _ in range(rng.randrange(5)):
        if out:
            out[rng.randrange(len(out))] = rng.randrange(256)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(out[: rng.randrange(len(out) + 1)])
    return bytes(out) + (rng.randbytes(rng.randrange(2000)) if kind == 1 else b"")


def from_strangers(rng: random.Random) -> bytes:
    """STUN, DTLS, RTP and RTCP by their first byte, and anything."""
    kind = rng.randrange(6)
    if kind == 0:
        attribute = struct.pack("!HH", rng.choice((6, 8, 0x20, 0x24, 0x25, 0x802A, 0x8028)), rng.randrange(40)) + rng.randbytes(rng.randrange(40))
        return spoilt(rng, struct.pack("!HHI", rng.choice((1, 0x101, 0x111, 0x11, 3)), len(attribute), 0x2112A442) + rng.randbytes(12) + attribute)
    if kind == 1:
        body = rng.randbytes(rng.randrange(200))
        return bytes([rng.randrange(20, 64)]) + b"\xfe\xfd" + bytes(8) + len(body).to_bytes(2, "big") + body
    if kind == 2:
        return spoilt(rng, rtp.write_packet(rng.randrange(128), True, 1, 2, rng.randrange(1 << 32), rng.randbytes(rng.randrange(1400))))
    if kind == 3:
        return spoilt(rng, rtp.picture_loss(1, 2) + rng.randbytes(20))
    if kind == 4:
        return rng.randbytes(rng.randrange(3))
    return rng.randbytes(rng.randrange(1600))


def from_members(rng: random.Random, ssrcs: list[int]) -> bytes:
    """RTP and RTCP that is decrypted, and then no good: of streams that are there and of others."""
    ssrc = rng.choice(ssrcs) if rng.random() < 0.3 else rng.randrange(1 << 32)
    kind = rng.randrange(6)
    if kind == 0:
        data = rtp.write_packet(rng.choice((96, 97, 98, 111)), True, rng.randrange(1 << 16), rng.randrange(1 << 32), ssrc, rng.randbytes(40))
        return spoilt(rng, bytes([data[0] | rng.choice((0, 0x10, 0x20, 0x30, 0x0F))]) + data[1:])[:1200]
    if kind == 1:
        return spoilt(rng, rtp.receiver_report(1, [rtp.ReportBlock(ssrc, 1, 1, 1, 1, 1, 1)] * rng.randrange(4)))[:1200]
    if kind == 2:
        return spoilt(rng, rtp.nack(1, ssrc, sorted(rng.sample(range(65536), 40))) + rtp.picture_loss(1, ssrc))[:1200]
    if kind == 3:
        arrivals = (1, *(rng.choice((None, *range(100))) for _ in range(rng.randrange(50))))
        return spoilt(rng, build(Feedback(1, ssrc, rng.randrange(65536), rng.randrange(256), arrivals)))[:1200]
    if kind == 4:
        return spoilt(rng, rtp.sender_report(ssrc, rng.randrange(1 << 64), rng.randrange(1 << 32), 1, 1, "x"))[:1200]
    return bytes([0x80 | rng.randrange(64), rng.randrange(256)]) + rng.randbytes(rng.randrange(10, 300))


@pytest_asyncio.fixture
async def a_call() -> Any:
    engine = PythonEngine()
    await engine.create_room("room", ("patient", "village_doctor", "expert"))
    people = await call(engine, "room", {"patient": 60, "expert": 200})
    await until(all_decode_all(people))
    yield engine, people
    for one in people.values():
        await one.close()
    await engine.close()


async def test_what_strangers_send_to_a_call_changes_nothing(a_call: tuple[PythonEngine, dict[str, Client]]):
    engine, people = a_call
    rng = random.Random(20261122)
    where = [one for client in people.values() for leg in (client.sending, client.receiving) for one in addresses(leg.remoteDescription.sdp)]
    assert where
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for case in range(WARM + CASES):
            stranger.sendto(from_strangers(rng), rng.choice(where))
            if case % AT_ONCE == 0:
                await asyncio.sleep(0.005)
            if case == WARM:
                await until(all_decode_all(people, 20))
                held = Held()
    await until(all_decode_all(people))
    await held.check_soon()
    assert all(one.connected for one in (await engine.stats()).rooms[0].members)


async def test_what_members_send_amiss_changes_nothing(a_call: tuple[PythonEngine, dict[str, Client]]):
    engine, people = a_call
    rng = random.Random(20261123)
    ways = [_transport(leg) for client in people.values() for leg in (client.sending, client.receiving)]
    there = [
        one.sender._ssrc for client in people.values() for one in client.sending.getTransceivers()
    ] + [slot.outgoing.ssrc for room in engine._rooms.values() for one in room.members.values() if one.subscribe
         for slot in one.subscribe.slots.values() if slot.outgoing]  # fmt: skip
    for case in range(WARM + CASES):
        if case == WARM:
            await asyncio.sleep(1)
            held = Held()
        data = from_members(rng, there)
        if len(data) < 12 or data[0] >> 6 != 2:
            continue
        if not 191 < data[1] < 224 and data[8:12] in [one.to_bytes(4, "big") for one in there]:
            data = data[:8] + rng.randbytes(4) + data[12:]  # of the sender's own SSRC his cipher would lose its place
        with contextlib.suppress(pylibsrtp.Error):  # the sender's own library refuses what is too odd
            await rng.choice(ways)._send_rtp(data)
        if case % AT_ONCE == 0:
            await asyncio.sleep(0.005)
    await held.check_soon()
    # The decoders of those who were there have swallowed nonsense; whoever comes now has not.
    doctor = people["village_doctor"] = Client("village_doctor", 120)
    await doctor.join(engine, "room")
    await until(lambda: all(doctor.heard.get(one, 0) > 5 and doctor.seen.get(one, 0) > 5 for one in ("patient", "expert")), 40)
    await until(lambda: all(people[one].heard.get("village_doctor", 0) > 5 for one in ("patient", "expert")), 40)
    broken = [leg.wire.broken for room in engine._rooms.values() for one in room.members.values() for leg in (one.publish, one.subscribe) if leg]
    assert broken == [0] * 6


async def test_whatever_a_description_says_it_is_read_or_refused():
    """The parser of offers and answers alone; joins with such offers are in test_engine.py."""
    rng = random.Random(20261124)
    client, engine = Client("patient"), PythonEngine()
    offer = (await client.offer()).split("\r\n")
    await engine.create_room("room", ("patient", "expert"))
    joined = await engine.join("room", "patient", "m", "\r\n".join(offer))
    answer = (await client.take(joined.answer, joined.offer, {slot.stream: slot.seat for slot in joined.slots})).split("\r\n")
    outcomes: dict[str, int] = {}
    for case in range(WARM + CASES):
        if case == WARM:
            held = Held()
        text = broken(rng, offer if case % 2 else answer)
        connection = _connection()
        try:
            codecs = descriptions.codecs_of(text)
            assert codecs is None or codecs <= {"VP8", "H264"}
            for done in (descriptions.hide_picture(text), descriptions.hide_refused_pictures(text), descriptions.refuse_picture(text, text)):
                assert isinstance(done, str)
            descriptions.accept_layers(text, descriptions.layers_of(text))
            await _apply(connection, text, "offer")
            outcomes["read"] = outcomes.get("read", 0) + 1
        except DescriptionRefused:
            outcomes["refused"] = outcomes.get("refused", 0) + 1
        finally:
            await hooks.close(connection)
    await held.check_soon()
    assert set(outcomes) == {"read", "refused"}
    await client.close()
    await engine.close()


def _transport(connection: Any) -> RTCDtlsTransport:
    transport: RTCDtlsTransport = connection.getTransceivers()[0].receiver.transport
    return transport


@pytest.mark.parametrize("name", ["python", "native"])
def test_nothing_is_left_of_those_who_come_and_go(name: str):
    if name == "native":
        need(build_native() is not None, "C compiler")
    command = [sys.executable, "-m", "tests.media.calls.churn", str(TIMES), name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=True)
    left = json.loads(done.stdout.splitlines()[-1])
    assert left.pop("bytes") <= MOST_GROWTH
    assert left == {"threads": 0, "descriptors": 0, "tasks": 0, "rooms": 0}
