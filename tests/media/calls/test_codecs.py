"""One codec for the pictures of a room: VP8 before H.264 before sound alone, whoever comes in whatever order. Real WebRTC clients."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest

from media.calls import descriptions
from media.calls.engine import MediaEvent
from media.calls.forwarding import PythonEngine
from tests.media.calls.clients import Client, all_decode_all, until

SEATS = ("patient", "village_doctor", "expert")
OLD = ("H264",)
VP8, H264, BOTH, NEITHER = frozenset({"VP8"}), frozenset({"H264"}), frozenset({"VP8", "H264"}), frozenset[str]()


@pytest.fixture
async def engine() -> AsyncIterator[tuple[PythonEngine, list[MediaEvent]]]:
    told: list[MediaEvent] = []
    made = PythonEngine(told.append)
    await made.create_room("room", SEATS)
    yield made, told
    await made.close()


@pytest.fixture
async def people() -> AsyncIterator[dict[str, Client]]:
    made: dict[str, Client] = {}
    yield made
    for one in made.values():
        await one.close()


def codec_of(answer: str) -> str:
    """The first codec of the answer's pictures."""
    section = answer.split("\nm=video ")[1]
    return section.split("a=rtpmap:")[1].split(" ")[1].split("/")[0]


@pytest.mark.parametrize(
    ("now", "present", "newcomer", "agreed"),
    [
        (None, [], BOTH, "VP8"),
        (None, [], H264, "H264"),
        (None, [], NEITHER, None),
        (None, [], None, "VP8"),
        ("VP8", [BOTH, None], BOTH, "VP8"),
        ("VP8", [BOTH, BOTH], H264, "H264"),
        ("VP8", [VP8], H264, None),
        ("H264", [H264, BOTH], BOTH, "H264"),
        ("H264", [BOTH, BOTH], BOTH, "H264"),
        ("H264", [BOTH], VP8, "VP8"),
        ("H264", [], BOTH, "VP8"),
        ("VP8", [BOTH, NEITHER], BOTH, "VP8"),
        ("VP8", [VP8, H264], BOTH, "VP8"),
        ("VP8", [BOTH], NEITHER, None),
    ],
)
def test_the_codec_of_a_room(now: str | None, present: list[frozenset[str] | None], newcomer: frozenset[str] | None, agreed: str | None):
    assert descriptions.agree(now, present, newcomer) == agreed


def test_what_everybody_can_do_is_never_refused():
    sets = (VP8, H264, BOTH, NEITHER, None)
    for now in (None, "VP8", "H264"):
        for first, second, newcomer in itertools.product(sets, repeat=3):
            agreed = descriptions.agree(now, [first, second], newcomer)
            common = frozenset.intersection(BOTH, *(one for one in (first, second, newcomer) if one))
            if newcomer is not None and not newcomer & BOTH:
                assert agreed is None
            elif common:
                assert agreed in common
            else:
                assert agreed == (now if now is not None and (newcomer is None or now in newcomer) else None)


async def test_who_has_only_h264_is_seen_and_sees(engine: tuple[PythonEngine, list[MediaEvent]], people: dict[str, Client]):
    made, told = engine
    people["patient"] = Client("patient", 60, codecs=OLD)
    people["expert"] = Client("expert", 200)
    for one in people.values():
        await one.join(made, "room")
    await until(all_decode_all(people))
    assert abs(people["expert"].brightness["patient"] - 60) < 15
    assert abs(people["patient"].brightness["expert"] - 200) < 15
    assert [event.kind for event in told] == ["connected", "connected"]


async def test_when_he_comes_later_the_others_are_asked_to_publish_again(engine: tuple[PythonEngine, list[MediaEvent]], people: dict[str, Client]):
    made, told = engine
    people["expert"], people["village_doctor"] = Client("expert", 200), Client("village_doctor", 120)
    for seat in ("expert", "village_doctor"):
        await people[seat].join(made, "room")
    await until(all_decode_all(people))
    people["patient"] = Client("patient", 60, codecs=OLD)
    await people["patient"].join(made, "room")
    assert sorted(event.seat for event in told if event.kind == "renew") == ["expert", "village_doctor"]
    before = dict(people)
    await until(lambda: before["expert"].seen.get("patient", 0) > 3)  # whoever is there sees him at once
    for seat in ("expert", "village_doctor"):
        people[f"{seat} before"] = people[seat]
        people[seat] = Client(seat, people[seat].grey)
        await people[seat].join(made, "room")
    await until(all_decode_all({seat: people[seat] for seat in SEATS}))


async def test_who_has_neither_has_sound(engine: tuple[PythonEngine, list[MediaEvent]], people: dict[str, Client]):
    made, _ = engine
    odd, expert = Client("patient", 60), Client("expert", 200)
    people |= {"patient": odd, "expert": expert}
    await expert.join(made, "room")
    offer = (await odd.offer()).replace(" VP8/90000", " VP9/90000").replace(" H264/90000", " AV1/90000")
    joined = await made.join("room", "patient", "patient", offer)
    pictures = joined.answer.split("\nm=video ")[1]
    offered = offer.split("\nm=video ")[1].split("\r\n")[0].split(" ", 1)[1]
    assert pictures.startswith(f"0 {offered}")
    assert "a=inactive" in pictures
    mid = pictures.split("a=mid:")[1].split("\r\n")[0]
    assert mid not in joined.answer.split("a=group:BUNDLE")[1].split("\r\n")[0].split()
    # His browser knows what a refused section is; the test's client is shown one that is there and silent.
    shown = descriptions.hide_picture(joined.answer)
    answer = await odd.take(shown, joined.offer, {slot.stream: slot.seat for slot in joined.slots})
    refused = descriptions.refuse_picture(answer, joined.offer)
    assert refused.count("m=video 0 ") == 2
    await made.accept("room", "patient", refused)
    await until(lambda: odd.heard.get("expert", 0) > 5 and expert.heard.get("patient", 0) > 5)
    assert "expert" not in odd.seen
    assert "patient" not in expert.seen


async def test_vp8_is_agreed_on_where_everybody_has_it(engine: tuple[PythonEngine, list[MediaEvent]], people: dict[str, Client]):
    made, _ = engine
    people["patient"] = Client("patient")
    joined = await made.join("room", "patient", "patient", await people["patient"].offer())
    assert codec_of(joined.answer) == "VP8"
    assert "useinbandfec=1" in joined.answer
    assert joined.answer.count("transport-cc") == 2
    assert "H264" in joined.offer
    assert "VP8" in joined.offer
