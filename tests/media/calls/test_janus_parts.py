"""The pure parts of the Janus engine, and what it makes of a Janus that talks nonsense."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from media.calls.engine import CallError, DescriptionRefused, MediaEvent
from media.calls.janus import JanusAddress, JanusEngine, counts, descriptions, requests
from media.calls.janus.line import JanusAway, JanusLine, JanusRefused
from media.calls.janus.placement import Candidate, choose

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
CASES = 20_000 if FULL else 2_000
OFFER = "\r\n".join(
    (
        "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "a=ice-ufrag:abcd", "a=ice-pwd:abcdabcdabcdabcdabcdabcd",
        "a=fingerprint:sha-256 AA:BB", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtpmap:111 opus/48000/2",
        "a=candidate:1 1 udp 1 5a4e1d7e-1f0a.local 5000 typ host", "a=candidate:2 1 udp 1 192.0.2.7 5000 typ host",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "a=mid:1", "a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=msid:janus janus1",
        "a=ssrc:7 cname:janus", "a=ssrc:7 msid:janus janus1", "",
    )
)  # fmt: skip


def test_rooms_spread_by_what_is_free_and_stay_when_another_node_goes():
    nodes = [Candidate("a", 60, 0), Candidate("b", 60, 0), Candidate("c", 120, 0)]
    before = {f"room-{number}": choose(f"room-{number}", nodes) for number in range(4000)}
    share = Counter(before.values())
    assert 850 < share["a"] < 1150
    assert 850 < share["b"] < 1150
    assert 1850 < share["c"] < 2150
    after = {room: choose(room, nodes[:2]) for room in before}
    assert all(after[room] == before[room] for room in before if before[room] != "c")
    assert choose("room", [Candidate("full", 60, 60), Candidate("free", 60, 30)]) == "free"
    assert choose("room", [Candidate("full", 60, 600)]) == "full"
    assert choose("room", []) is None


def test_rooms_fill_evenly_as_they_come():
    rooms = {"a": 0, "b": 0, "c": 0}
    for number in range(120):
        chosen = choose(f"room-{number}", [Candidate(name, 60, count) for name, count in rooms.items()])
        assert chosen is not None
        rooms[chosen] += 1
    assert max(rooms.values()) - min(rooms.values()) <= 20


def test_a_room_has_a_number_that_json_keeps_and_a_secret_of_its_own():
    numbers = {requests.room_number(f"room-{number}", "run") for number in range(1000)}
    assert len(numbers) == 1000
    assert all(0 < one < 1 << 53 for one in numbers)
    assert requests.room_number("room-1", "run") != requests.room_number("room-1", "another")
    assert requests.room_secret(1, "key") != requests.room_secret(2, "key") != requests.room_secret(2, "another")


def test_an_offer_is_read_and_its_hidden_addresses_left_out():
    assert descriptions.checked_offer(OFFER) == {"audio": "0", "video": "1"}
    shown = descriptions.without_hidden_addresses(OFFER)
    assert ".local" not in shown
    assert "192.0.2.7" in shown
    named = descriptions.with_streams(OFFER, {"0": "seat-a", "1": "seat-b"})
    assert "a=msid:seat-a seat-a-audio" in named
    assert "a=msid:seat-b seat-b-video" in named
    assert "msid:janus" not in named
    assert "a=ssrc:7 cname:janus" in named
    descriptions.checked_answer(OFFER, OFFER)
    assert descriptions.accepted(OFFER.replace("m=video 9", "m=video 0")) == {"0"}


@pytest.mark.parametrize("bad", ["", "v=0", OFFER.replace("opus", "PCMU"), OFFER.replace("a=mid:1", "a=mid:0"), OFFER + "\0"])
def test_an_offer_of_something_else_is_refused(bad: str):
    with pytest.raises(DescriptionRefused):
        descriptions.checked_offer(bad)


def test_broken_descriptions_are_read_or_refused():
    rng = random.Random(11)
    outcomes: Counter[str] = Counter()
    for _ in range(CASES):
        text = list(OFFER)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(text))
            text[at : at + rng.randrange(0, 12)] = rng.choice(["", "\r\n", "m=", "a=mid:", "0", "\udcff", "\0", "m=audio 9 X 1\r\n", "é"])
        broken = "".join(text)
        try:
            kinds = descriptions.checked_offer(broken)
            descriptions.checked_answer(broken, OFFER)
            descriptions.with_streams(broken, dict.fromkeys(map(descriptions.mid_of, descriptions.sections(broken)), "x"))
            assert kinds
            outcomes["read"] += 1
        except DescriptionRefused:
            outcomes["refused"] += 1
    assert set(outcomes) == {"read", "refused"}


def test_counts_that_make_no_sense_are_zero():
    good = {"webrtc": {"media": {"0": {"stats": {"in": {"packets": 7, "bytes": 70}}, "rtcp": {"main": {"lost": -1}}}}}}
    [audio] = counts.read_info(good, {"audio": "0"})
    assert (audio.kind, audio.received, audio.received_bytes, audio.lost) == ("audio", 7, 70, -1)
    rng = random.Random(5)
    nonsense: list[Any] = [None, [], {}, "x", -1, float("nan"), float("inf"), 1e300, True, {"0": []}, {"media": {"0": 1}}]
    for _ in range(CASES):
        broken = json.loads(json.dumps(good))
        part = broken
        for _ in range(rng.randrange(6)):
            key = rng.choice(list(part))
            if not isinstance(part[key], dict) or not part[key]:
                break
            part = part[key]
        part[rng.choice(list(part))] = rng.choice(nonsense)
        [found] = counts.read_info(broken, {"audio": "0"})
        assert isinstance(found.received, int)


async def test_a_janus_that_talks_nonsense_is_away_and_never_an_error():
    """Whatever comes over the socket: a request ends in an answer, a refusal or nothing."""
    rng = random.Random(3)
    pieces: list[Any] = [
        "", "{", "[]", "null", "1", '{"janus": []}', '{"janus": "event", "sender": "x"}', '{"janus": "event", "plugindata": 3, "jsep": 1}',
        '{"janus": "event", "sender": 1e400}', "x" * 5000, b"\xff\xfe", '{"janus":"error","error":{"code":"x","reason":[]}}', '{"transaction": {}}',
    ]  # fmt: skip
    answers = [
        '{"janus":"success","transaction":"%s"}', '{"janus":"error","transaction":"%s"}', '{"janus":"error","error":{"code":[]},"transaction":"%s"}',
        '{"janus":"success","data":{"id":"x"},"transaction":"%s"}', '{"janus":"event","plugindata":{"data":{"error_code":"?"}},"transaction":"%s"}',
        '{"janus":"success","data":{"id":5},"transaction":"%s"}', '{"janus":"event","plugindata":{"data":{"error_code":426}},"transaction":"%s"}',
    ]  # fmt: skip

    async def talk(socket: ServerConnection) -> None:
        async for text in socket:
            for _ in range(rng.randrange(4)):
                await socket.send(rng.choice(pieces))
            await socket.send(rng.choice(answers) % json.loads(text)["transaction"])

    async with serve(talk, "127.0.0.1", 0, subprotocols=["janus-protocol"]) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        line = await JanusLine.open(f"ws://127.0.0.1:{port}", {}, lambda message: None, lambda: None)
        outcomes: Counter[str] = Counter()
        for _ in range(CASES // 10):
            try:
                await line.ask({"janus": "create"}, 2.0)
                outcomes["answered"] += 1
            except (JanusAway, JanusRefused) as error:
                outcomes[type(error).__name__] += 1
        await line.close()
        assert outcomes["answered"]
        assert outcomes["JanusRefused"]
        assert not outcomes["JanusAway"]
        told: list[MediaEvent] = []
        engine = JanusEngine(told.append, [JanusAddress("a", f"ws://127.0.0.1:{port}", "secret")])
        async with asyncio.timeout(60):
            with pytest.raises(CallError):
                await engine.create_room("room", ("patient", "expert"))
        await engine.close()
        assert told == []
