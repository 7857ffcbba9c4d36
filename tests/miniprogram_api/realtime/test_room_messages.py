"""The moderated room over the signalling socket: the engine holds whoever is muted to it, a guest's stream reaches those who were there before him,
and whatever is sent in a call is done by who the ticket says, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import TypeAdapter
from redis.exceptions import ConnectionError as RedisGone
from tortoise.exceptions import OperationalError

from core.calls.commands_guests import TakeInvitation
from core.calls.models import CallAttendance, CallInvitation, CallPlace
from core.calls.service import seen
from core.consultations.models import TimelineEntry
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from media.calls.engine import Joined, Limits
from media.calls.forwarding import PythonEngine
from media.calls.protocol import Limit
from miniprogram_api.realtime import captions, messages, session
from miniprogram_api.realtime.captions import Caption
from miniprogram_api.realtime.limits import Allowance
from miniprogram_api.realtime.link import MediaLine, NoMedia, Refused
from miniprogram_api.realtime.quality import LinkRecord
from tests.core.calls.conftest import Room, room
from tests.media.calls.broken import Held
from tests.media.calls.clients import Client, until
from tests.miniprogram_api.realtime.test_signalling import Stand, hear, publish, redis, say, stand, until_gone

__all__ = ["redis", "room", "stand"]

FUZZED = 20_000 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 2_000
WARM = 3
"""Sessions before the first look at what the process holds."""
SESSIONS = 10 if FUZZED == 2_000 else 60


def stood(socket: Any, **values: Any) -> Any:
    """The next `room` in which all of ``values`` stand."""
    return hear(socket, "room", where=lambda message: all(message[name] == value for name, value in values.items()))


async def silent_for(client: Client, seat: str, seconds: float) -> bool:
    """Nothing of ``seat`` is heard for so long."""
    before = client.heard.get(seat, 0)
    await asyncio.sleep(seconds)
    return client.heard.get(seat, 0) == before


async def test_whom_the_moderator_mutes_nobody_hears_whatever_his_device_sends(stand: Stand):
    await stand.node("media:a")
    doctor, _ = await stand.enter("village_doctor")
    patient, _ = await stand.enter("patient")
    clients = {"village_doctor": Client("village_doctor"), "patient": Client("patient")}
    await publish(doctor, clients["village_doctor"])
    await publish(patient, clients["patient"])
    listener = clients["village_doctor"]
    await until(lambda: listener.heard.get("patient", 0) > 5)
    await say(patient, type="mute", seat="village_doctor", muted=True)
    assert (await hear(patient, "problem"))["code"] == "call.not_moderator"
    await say(doctor, type="mute", seat="patient", muted=True)
    assert (await stood(patient, muted=["patient"]))["moderator"] == "village_doctor"
    async with asyncio.timeout(20):
        while not await silent_for(listener, "patient", 0.5):
            pass
    # With new connections too: what holds for him holds before anything of his is passed on.
    again = Client("patient")
    await publish(patient, again)
    seen_before = listener.seen.get("patient", 0)
    await until(lambda: listener.seen.get("patient", 0) > seen_before + 5)
    assert await silent_for(listener, "patient", 0.5)
    await say(doctor, type="mute", seat="patient", muted=False)
    heard = listener.heard.get("patient", 0)
    await until(lambda: listener.heard.get("patient", 0) > heard + 5)
    for one in (*clients.values(), again):
        await one.close()


class Deaf:
    """Before a web process's line: what ``deaf`` says of an order happens to it on its way to the engine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, deaf: Callable[[Any], None]) -> None:
        ask = MediaLine.ask

        async def asked(line: MediaLine, room: str, order: Any) -> Any:
            deaf(order)
            return await ask(line, room, order)

        monkeypatch.setattr(MediaLine, "ask", asked)


@pytest.mark.parametrize("trouble", [RedisGone("away"), NoMedia(), Refused("failed")])
async def test_a_mute_that_did_not_reach_the_engine_is_tried_again_until_it_has(stand: Stand, monkeypatch: pytest.MonkeyPatch, trouble: Exception):
    limits: list[Limit] = []

    def deaf(order: Any) -> None:
        if isinstance(order, Limit):
            limits.append(order)
            if len(limits) <= 2:
                raise trouble

    held: list[Limits] = []

    class Watched(PythonEngine):
        async def limit(self, room: str, member: str, limits: Limits) -> None:
            held.append(limits)
            await super().limit(room, member, limits)

    monkeypatch.setattr(session, "UNHELD_AGAIN_S", 0.1)
    monkeypatch.setattr(session, "SEEN_EVERY_S", 300.0)
    Deaf(monkeypatch, deaf)
    await stand.node("media:a", engine=Watched)
    doctor, _ = await stand.enter("village_doctor")
    patient, _ = await stand.enter("patient")
    client = Client("patient")
    await publish(patient, client)
    held.clear()
    await say(doctor, type="mute", seat="patient", muted=True)
    await stood(patient, muted=["patient"])
    await until(lambda: held == [Limits(muted=frozenset({"audio"}))])
    await client.close()


async def test_a_mute_while_a_connection_is_being_made_holds_for_it(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    """The order to join says what held when it was written."""
    joining, go_on = asyncio.Event(), asyncio.Event()
    held: list[Limits] = []

    class Slow(PythonEngine):
        async def join(self, room: str, seat: str, member: str, offer: str) -> Joined:
            joined = await super().join(room, seat, member, offer)
            joining.set()
            await go_on.wait()
            return joined

        async def limit(self, room: str, member: str, limits: Limits) -> None:
            held.append(limits)
            await super().limit(room, member, limits)

    monkeypatch.setattr(session, "SEEN_EVERY_S", 300.0)
    await stand.node("media:a", engine=Slow)
    doctor, _ = await stand.enter("village_doctor")
    patient, _ = await stand.enter("patient")
    client = Client("patient")
    await say(patient, type="publish", sdp=await client.offer())
    await joining.wait()
    await say(doctor, type="mute", seat="patient", muted=True)
    await stood(patient, muted=["patient"])
    go_on.set()
    await until(lambda: held[-1:] == [Limits(muted=frozenset({"audio"}))])
    await client.close()


async def test_who_says_something_while_the_database_or_redis_is_away_is_told_to_try_again_and_stays(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    away = False

    def deaf(order: Any) -> None:
        if away:
            raise RedisGone("away")

    actor_for, execute = session.actor_for, Practice.execute

    async def asked(*args: Any, **more: Any) -> Any:
        if away:
            raise OperationalError("server has gone away")
        return await actor_for(*args, **more)

    async def executed(practice: Practice, actor: Any, order: Any) -> Any:
        if away:
            raise OperationalError("server has gone away")
        return await execute(practice, actor, order)

    Deaf(monkeypatch, deaf)
    monkeypatch.setattr(session, "actor_for", asked)
    monkeypatch.setattr(Practice, "execute", executed)
    monkeypatch.setattr(session, "UNHELD_AGAIN_S", 0.1)
    await stand.node("media:a")
    doctor, _ = await stand.enter("village_doctor")
    client = Client("village_doctor")
    await publish(doctor, client)
    away = True
    no = {"type": "record_answer", "recording_id": "01ARZ3NDEKTSV4RRFFQ69G5FAW", "agree": False}
    for message in ({"type": "hand", "raised": True}, {"type": "record_ask"}, no):
        await say(doctor, **message)
        assert (await hear(doctor, "problem", "closed"))["code"] == "unavailable", message
    await say(doctor, type="state", audio=True, video=False, pictures=False)
    await say(doctor, type="ping")
    await hear(doctor, "pong")
    away = False
    await say(doctor, type="hand", raised=True)
    await stood(doctor, hands=["village_doctor"])
    await client.close()


async def test_what_somebody_looks_at_reaches_the_engine_and_stays_with_his_new_connections(stand: Stand):
    held: list[Limits] = []

    class Watched(PythonEngine):
        async def limit(self, room: str, member: str, limits: Limits) -> None:
            held.append(limits)
            await super().limit(room, member, limits)

    await stand.node("media:a", engine=Watched)
    patient, _ = await stand.enter("patient")
    clients = [Client("patient"), Client("patient")]
    await publish(patient, clients[0])
    await say(patient, type="state", audio=True, video=True, large="village_doctor", reading=True)
    await until(lambda: held[-1:] == [Limits(prefers="village_doctor", reads_image=True)])
    held.clear()
    await publish(patient, clients[1])
    await until(lambda: held == [Limits(prefers="village_doctor", reads_image=True)])
    await say(patient, type="state", audio=True, video=True, pictures=False)
    await until(lambda: held[-1] == Limits(unwanted=frozenset({"video"})))
    for one in clients:
        await one.close()


async def test_a_guest_who_is_let_in_is_seen_by_those_who_were_there_and_a_student_by_nobody(stand: Stand):
    await stand.node("media:a")
    room = stand.room
    doctor, _ = await stand.enter("village_doctor")
    first = Client("village_doctor", grey=60)
    await publish(doctor, first)
    await say(doctor, type="invite", seat="student", called="  ", minutes=5)
    assert (await hear(doctor, "problem"))["code"] == "message.unreadable"
    clients = [first]
    for seat in ("interpreter", "student"):
        await say(doctor, type="invite", seat=seat, called="杨同学", minutes=5)
        shown = await hear(doctor, "room", where=lambda message, seat=seat: any(one["seat"] == seat for one in message["invitations"]))
        link = next(one["link"] for one in shown["invitations"] if one["seat"] == seat)
        await room.somebody(seat)
        await room.practice.execute(room.people[seat], TakeInvitation(invitation_id=link.split("/")[3]))
        await room.knock(seat)
        waiting = await hear(doctor, "room", where=lambda message: bool(message["waiting"]))
        await say(doctor, type="admit", place=waiting["waiting"][0]["place_id"])
        await hear(doctor, "renegotiate")
        guest, welcome = await stand.enter(seat)
        assert seat in [one["seat"] for one in welcome["seats"]]
        one, anew = Client(seat, grey=200), Client("village_doctor", grey=60)
        media = await publish(doctor, anew)
        assert seat in [slot["seat"] for slot in media["slots"]]
        await publish(guest, one)
        await until(lambda one=one: one.seen.get("village_doctor", 0) > 3 and one.heard.get("village_doctor", 0) > 3)
        if seat == "interpreter":
            await until(lambda anew=anew: anew.seen.get("interpreter", 0) > 3 and anew.heard.get("interpreter", 0) > 3)
        else:
            await asyncio.sleep(1)
            assert anew.seen.get("student", 0) == anew.heard.get("student", 0) == 0
            await say(doctor, type="mute", seat="student", muted=False)
            assert (await hear(doctor, "problem"))["code"] == "call.not_that_seat"
            for kind in ({"type": "chat", "text": "我想问"}, {"type": "caption", "text": "我想问"}):
                await say(guest, **kind)
                assert (await hear(guest, "problem"))["code"] == "call.listens_only"
            await say(guest, type="hand", raised=True)
            await stood(doctor, hands=["student"])
        clients += [one, anew]
    for one in clients:
        await one.close()


async def test_what_is_written_reaches_everybody_once_and_who_comes_back_reads_it(stand: Stand):
    doctor, _ = await stand.enter("village_doctor")
    patient, _ = await stand.enter("patient")
    await say(patient, type="chat", text="听不清")
    lines = [await hear(socket, "line") for socket in (doctor, patient)]
    assert lines[0] == lines[1]
    assert (lines[0]["seat"], lines[0]["text"]) == ("patient", "听不清")
    await say(doctor, type="caption", text="血压一百五")
    assert await hear(patient, "caption") == {"type": "caption", "seat": "village_doctor", "text": "血压一百五"}
    await say(patient, type="beside", count=2)
    await stood(doctor, beside=2)
    await say(doctor, type="show", image="01ARZ3NDEKTSV4RRFFQ69G5FAW")
    assert (await hear(doctor, "problem"))["code"] == "call.not_of_the_case"
    back, _ = await stand.enter("patient")
    assert [one["text"] for one in (await hear(back, "lines"))["lines"]] == ["听不清"]
    assert "血压一百五" not in str(await TimelineEntry.all().values("kind", "ids"))


async def test_who_is_removed_hears_why_and_a_locked_call_makes_him_wait(stand: Stand):
    doctor, _ = await stand.enter("village_doctor")
    patient, _ = await stand.enter("patient")
    await say(doctor, type="remove", seat="patient")
    assert (await hear(patient, "closed"))["code"] == "call.removed"
    await hear(doctor, "seat", where=lambda message: message["seat"] == "patient" and message["here"] is None)
    await stand.room.knock("patient")
    waiting = await hear(doctor, "room", where=lambda message: bool(message["waiting"]))
    await say(doctor, type="refuse", place=waiting["waiting"][0]["place_id"])
    await stood(doctor, waiting=[])
    await say(doctor, type="lock", locked=True)
    await stood(doctor, locked=True)
    await stand.room.knock("expert")
    waiting = await hear(doctor, "room", where=lambda message: bool(message["waiting"]))
    await say(doctor, type="admit", place=waiting["waiting"][0]["place_id"])
    await stood(doctor, waiting=[])
    expert, _ = await stand.enter("expert")
    await stood(doctor, moderator="expert")
    await say(expert, type="hand_over", seat="village_doctor")
    await stood(expert, moderator="village_doctor")


async def test_how_the_link_was_is_kept_when_he_leaves(stand: Stand):
    patient, _ = await stand.enter("patient")
    for loss, rtt_ms, rung in ((0, 80, "720p"), (0.2, 1200, "audio"), (0.02, 100, "360p")):
        await say(patient, type="quality", loss=loss, rtt_ms=rtt_ms, rung=rung)
    await say(patient, type="leave")
    await hear(patient, "closed")
    await until_gone()
    for _ in range(100):
        kept = await CallAttendance.get()
        if kept.worst_link:
            break
        await asyncio.sleep(0.05)
    assert (kept.worst_link, kept.loss_permille, kept.rtt_ms, kept.rung) == ("red", 20, 100, "audio")


async def test_a_recogniser_writes_along_where_one_is_connected(stand: Stand):
    class Recogniser:
        async def _follow(self) -> AsyncIterator[Caption]:
            yield Caption("expert", "先量血压")
            raise OSError("the recogniser went away")

        def follow(self, room: str) -> AsyncIterator[Caption]:
            return self._follow()

    captions.connect_recogniser(Recogniser())
    try:
        doctor, _ = await stand.enter("village_doctor")
        assert (await hear(doctor, "caption"))["text"] == "先量血压"
    finally:
        captions.connect_recogniser(None)
    await say(doctor, type="ping")
    await hear(doctor, "pong")


def test_the_record_of_a_link_is_small_and_says_nothing_of_too_little():
    record = LinkRecord()
    record.add(0.5, 10, "red", None)
    assert record.summary() == {}
    for number in range(10_000):
        record.add(0.01, 100 + number % 3, "green", None)
    summary = record.summary()
    assert (summary["worst_link"], summary["loss_permille"], summary["rung"]) == ("red", 10, None)
    assert 100 <= summary["rtt_ms"] <= 102
    assert len(record._loss) <= 2000


class _Line:
    """No media process answers; what is told goes nowhere."""

    async def ask(self, room: str, order: Any) -> Any:
        raise NoMedia

    async def tell(self, room: str, message: str) -> None:
        assert messages.from_room(message) is not None

    def room(self, room: str) -> Any:
        @contextlib.asynccontextmanager
        async def queue() -> AsyncIterator[asyncio.Queue[Any]]:
            yield asyncio.Queue()

        return queue()


class _Redis:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def hset(self, key: str, field: str, value: str) -> None:
        self.kept[field] = value

    async def hget(self, key: str, field: str) -> str | None:
        return self.kept.get(field)

    async def hdel(self, key: str, field: str) -> None:
        self.kept.pop(field, None)

    async def hgetall(self, key: str) -> dict[str, str]:
        return dict(self.kept)

    async def expire(self, key: str, seconds: int) -> None: ...


class _Wire:
    """A socket over which ``said`` comes, and then a leave."""

    def __init__(self, said: list[Any]) -> None:
        self._said = [*said, json.dumps({"type": "leave"})]
        self.heard: list[dict[str, Any]] = []

    async def recv(self) -> Any:
        await asyncio.sleep(0)
        if self._said:
            return self._said.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: str) -> None:
        self.heard.append(json.loads(message))


_TOLD: TypeAdapter[Any] = TypeAdapter(messages.Told)
_SEATS = ("patient", "village_doctor", "expert", "second_expert", "interpreter", "student", "nobody", None, 7)


def _said(rng: random.Random, known: list[str]) -> Any:
    """One message: well-formed with arbitrary values, or spoilt in its fields, its JSON or its type."""
    ids = [*known, "01ARZ3NDEKTSV4RRFFQ69G5FAW", "", "x" * 26]
    texts = ("好", "", " ", "长" * 301, "\u0000", "<b>", "\ud83d", "a" * 300)
    kinds: list[dict[str, Any]] = [
        {"type": "mute", "seat": rng.choice(_SEATS), "muted": rng.random() < 0.5}, {"type": "remove", "seat": rng.choice(_SEATS)},
        {"type": "lock", "locked": rng.random() < 0.5}, {"type": "hand_over", "seat": rng.choice(_SEATS)},
        {"type": "admit", "place": rng.choice(ids)}, {"type": "refuse", "place": rng.choice(ids)},
        {"type": "invite", "seat": rng.choice(_SEATS), "called": rng.choice(texts), "minutes": rng.choice((0, 1, 30, 31, -1, 1e9, "5", None))},
        {"type": "withdraw", "invitation": rng.choice(ids)}, {"type": "hand", "raised": rng.random() < 0.5},
        {"type": "beside", "count": rng.choice((0, 9, 10, -1, 1.5, True))}, {"type": "chat", "text": rng.choice(texts)},
        {"type": "show", "image": rng.choice(ids)}, {"type": "caption", "text": rng.choice(texts)},
        {"type": "state", "audio": True, "video": False, "pictures": rng.random() < 0.5}, {"type": "ping"},
        {"type": "quality", "loss": rng.choice((0, 1, 2, -1, "nan")), "rtt_ms": 5, "rung": rng.choice(("360p", "8k", None))},
        {"type": "publish", "sdp": rng.choice(texts)}, {"type": "answer", "sdp": rng.choice(texts)}, {"type": "hello", "ticket": "T" * 43},
    ]  # fmt: skip
    message = rng.choice(kinds)
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        message[rng.choice([*message, "account_id", "call_id", "seat"])] = rng.choice((None, -1, 1e308, [], {}, "x", *known))
    text = json.dumps(message)
    if rng.random() < 0.05:
        text = text[: rng.randrange(len(text))]
    return text.encode() if rng.random() < 0.05 else rng.choice((None, "[" * 5000, "9" * 5000)) if rng.random() < 0.01 else text


@pytest.mark.parametrize(("seat", "beside"), [("patient", "expert"), ("expert", "village_doctor")])
async def test_whatever_is_said_in_a_call_its_sender_is_who_the_ticket_says(room: Room, monkeypatch: pytest.MonkeyPatch, seat: str, beside: str):
    """Seeded: no exception, every answer is one of the protocol's, and nothing is done in anybody's name but the sender's, nor against the table."""
    monkeypatch.setattr(session, "MOST_UNREADABLE", 10**9)
    monkeypatch.setattr(Allowance, "take", lambda self, now: True)
    monkeypatch.setattr(session, "actor_for", _same_actor(room, seat))
    monkeypatch.setattr(session, "session_runs", _runs)
    rng = random.Random(f"{seat}:7")
    other = await room.enter(beside)
    for session_ in range(SESSIONS):
        if session_ == WARM:
            held = Held()
        await seen(room.practice, other.attendance_id)
        known = [other.attendance_id, other.call_id, room.consultation_id]
        known += [str(one) for one in await CallPlace.all().values_list("id", flat=True)]
        known += [str(one) for one in await CallInvitation.all().values_list("id", flat=True)]
        ticket = (await room.ticket(seat)).ticket
        wire = _Wire([json.dumps({"type": "hello", "ticket": ticket}), *(_said(rng, known) for _ in range(FUZZED // 2 // SESSIONS))])
        line: Any = _Line()
        async with asyncio.timeout(300):
            await session.CallSession(wire, room.practice, line, _Redis(), room.people[seat]).run()
        for message in wire.heard:
            _TOLD.validate_python(message, strict=False)
        assert wire.heard[-1]["type"] == "closed"
        assert wire.heard[-1]["code"] == "call.left", wire.heard[-1]
    await held.check_soon()
    doing = ("calls.mute", "calls.remove", "calls.lock", "calls.hand_over", "calls.say", "calls.raise_hand", "calls.invite_guest", "calls.beside")
    done = await AuditEntry.filter(action__in=doing, outcome="done").values_list("account_id", flat=True)
    assert {str(one) for one in done} == {room.people[seat].account_id}
    outcomes = {str(one) for one in await AuditEntry.filter(action__startswith="calls.").values_list("outcome", flat=True)}
    assert "unforeseen" not in outcomes
    # The expert moderates whenever he is there: the patient does nothing of what is his, and he himself cannot put the village doctor out.
    acts = AuditEntry.filter(action__in=("calls.mute", "calls.remove", "calls.lock", "calls.invite_guest"), outcome="done")
    assert await acts.exists() == (seat == "expert")
    assert not await CallAttendance.filter(seat=beside).exclude(ending="").exists()


def _same_actor(room: Room, seat: str) -> Any:
    async def actor_for(*_: Any, **__: Any) -> Any:
        return room.people[seat]

    return actor_for


async def _runs(*_: Any) -> bool:
    return True
