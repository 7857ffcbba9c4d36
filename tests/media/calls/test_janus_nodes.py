"""Several Janus servers: a room lives on one of them, one that dies or is drained is not the end of a call."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from media.calls.engine import Limits, MediaEvent
from media.calls.janus import JanusAddress, JanusEngine, requests
from media.calls.janus.holding import LimitsRefused
from media.calls.janus.line import JanusAway, JanusLine, JanusRefused, said
from media.calls.janus.nodes import JanusNode
from tests.media.calls.clients import Client, all_decode_all, call, until
from tests.support.janus import API_SECRET, Janus, running_janus

pytestmark = pytest.mark.peer
PEOPLE = {"patient": 60, "expert": 200}


@pytest.fixture
def two(tmp_path: Path) -> Iterator[dict[str, Janus]]:
    with running_janus(tmp_path / "a", "a") as first, running_janus(tmp_path / "b", "b") as second:
        yield {"a": first, "b": second}


@pytest.fixture
async def people() -> AsyncIterator[list[Client]]:
    made: list[Client] = []
    yield made
    for one in made:
        await one.close()


def rooms_of(engine: JanusEngine) -> dict[str, int]:
    return {one.name: one.rooms for one in engine.nodes()}


def states_of(engine: JanusEngine) -> dict[str, str]:
    return {one.name: one.state for one in engine.nodes()}


async def test_a_node_that_is_killed_loses_its_rooms_to_another_and_everybody_is_told(two: dict[str, Janus], people: list[Client]):
    told: list[MediaEvent] = []
    engine = JanusEngine(told.append, [one.address for one in two.values()])
    try:
        await engine.create_room("room", tuple(PEOPLE))
        await until(lambda: set(states_of(engine).values()) == {"up"})
        before = await call(engine, "room", PEOPLE)
        people.extend(before.values())
        await until(all_decode_all(before))
        [carrier] = [name for name, rooms in rooms_of(engine).items() if rooms]
        two[carrier].kill()
        await until(lambda: sorted((one.seat, one.kind) for one in told if one.kind == "gone") == [("expert", "gone"), ("patient", "gone")], 3)
        after = await call(engine, "room", PEOPLE)
        people.extend(after.values())
        await until(all_decode_all(after))
        assert states_of(engine)[carrier] == "down"
        assert [name for name, rooms in rooms_of(engine).items() if rooms] == [name for name in two if name != carrier]
    finally:
        await engine.close()


async def test_a_node_that_says_nothing_any_more_counts_as_gone(tmp_path: Path):
    told: list[MediaEvent] = []
    with running_janus(tmp_path / "a", "a") as running:
        engine = JanusEngine(told.append, [running.address])
        client = Client("patient")
        try:
            await engine.create_room("room", tuple(PEOPLE))
            await client.join(engine, "room")
            await until(lambda: [one.kind for one in told] == ["connected"])
            running.process.send_signal(signal.SIGSTOP)
            await until(lambda: [one.kind for one in told] == ["connected", "gone"])
            running.process.send_signal(signal.SIGCONT)
            await until(lambda: states_of(engine) == {"a": "up"})
            await engine.create_room("room", tuple(PEOPLE))
            assert rooms_of(engine) == {"a": 1}
        finally:
            running.process.send_signal(signal.SIGCONT)
            await client.close()
            await engine.close()


async def test_a_drained_node_takes_no_new_room_and_is_empty_when_its_last_has_ended(two: dict[str, Janus], people: list[Client]):
    engine = JanusEngine(lambda event: None, [one.address for one in two.values()])
    try:
        await engine.create_room("first", tuple(PEOPLE))
        await until(lambda: set(states_of(engine).values()) == {"up"})
        [carrier] = [name for name, rooms in rooms_of(engine).items() if rooms]
        [other] = [name for name in two if name != carrier]
        engine.drain([carrier])
        for number in range(6):
            await engine.create_room(f"room-{number}", tuple(PEOPLE))
        assert rooms_of(engine) == {carrier: 1, other: 6}
        here = await call(engine, "first", PEOPLE)  # what runs goes on, and people still come into it
        people.extend(here.values())
        await until(all_decode_all(here))
        assert states_of(engine) == {carrier: "draining", other: "up"}
        await engine.close_room("first")
        assert states_of(engine) == {carrier: "empty", other: "up"}
        engine.drain([])
        assert states_of(engine)[carrier] == "up"
        engine.drain([carrier, other])
        with pytest.raises(JanusAway):
            await engine.create_room("one-more", tuple(PEOPLE))
        assert "one-more" not in [room.room for room in (await engine.stats()).rooms]
    finally:
        await engine.close()


async def test_a_connection_that_breaks_and_comes_back_costs_nobody_anything(janus: Janus, people: list[Client]):
    told: list[MediaEvent] = []
    breaker = Breaker(int(janus.address.url.rpartition(":")[2]))
    await breaker.open()
    engine = JanusEngine(told.append, [replace(janus.address, url=f"ws://127.0.0.1:{breaker.port}")])
    try:
        await engine.create_room("room", tuple(PEOPLE))
        here = await call(engine, "room", PEOPLE)
        people.extend(here.values())
        await until(all_decode_all(here))
        breaker.break_all()
        await until(all_decode_all(here))
        await until(lambda: breaker.connections > 1)
        newcomer = Client("patient", 90)
        people.append(newcomer)
        await newcomer.join(engine, "room", "patient-again")
        await until(all_decode_all({"patient": newcomer, "expert": here["expert"]}))
        assert [(one.member, one.kind) for one in told if one.kind != "connected"] == [("patient", "gone")]
    finally:
        await engine.close()
        await breaker.close()


async def join_muted(engine: JanusEngine, client: Client) -> None:
    """As a media process does it: limits between the description and the answer to it."""
    joined = await engine.join("room", client.seat, client.seat, await client.offer())
    await engine.limit("room", client.seat, Limits(muted=frozenset({"audio"})))
    answer = await client.take(joined.answer, joined.offer, {slot.stream: slot.seat for slot in joined.slots})
    await engine.accept("room", client.seat, answer)


@pytest.mark.parametrize("refused", [False, True])
async def test_nothing_of_who_joins_muted_is_heard_before_janus_holds_him_to_it(
    janus: Janus, people: list[Client], monkeypatch: pytest.MonkeyPatch, refused: bool
):
    told: list[MediaEvent] = []
    engine = JanusEngine(told.append, [janus.address])
    message = JanusNode.message

    async def slow(node: JanusNode, handle: int, body: dict[str, object], *rest: object) -> object:
        if body["request"] == "moderate":
            await asyncio.sleep(1.5)
            if refused:
                raise JanusRefused(499, "no")
        return await message(node, handle, body, *rest)

    try:
        await engine.create_room("room", tuple(PEOPLE))
        listener, muted = Client("expert"), Client("patient")
        people.extend((listener, muted))
        await listener.join(engine, "room")
        await until(lambda: [one.kind for one in told] == ["connected"])
        monkeypatch.setattr(JanusNode, "message", slow)
        await join_muted(engine, muted)
        if refused:
            await until(lambda: [(one.seat, one.kind) for one in told[1:]] == [("patient", "failed")])
            assert [one.seat for one in (await engine.stats()).rooms[0].members] == ["expert"]
            await asyncio.sleep(0.5)
            assert listener.seen == {}
        else:
            await until(lambda: listener.seen.get("patient", 0) > 5)
        assert listener.heard == {}
    finally:
        await engine.close()


async def test_who_cannot_be_muted_any_more_is_out(janus: Janus, people: list[Client], monkeypatch: pytest.MonkeyPatch):
    told: list[MediaEvent] = []
    engine = JanusEngine(told.append, [janus.address])
    message = JanusNode.message

    async def refusing(node: JanusNode, handle: int, body: dict[str, object], *rest: object) -> object:
        if body["request"] == "moderate":
            raise JanusRefused(499, "no")
        return await message(node, handle, body, *rest)

    try:
        await engine.create_room("room", tuple(PEOPLE))
        here = await call(engine, "room", PEOPLE)
        people.extend(here.values())
        await until(all_decode_all(here))
        monkeypatch.setattr(JanusNode, "message", refusing)
        with pytest.raises(LimitsRefused):
            await engine.limit("room", "patient", Limits(muted=frozenset({"audio"})))
        assert (told[-1].seat, told[-1].kind) == ("patient", "gone")
        await asyncio.sleep(0.5)
        heard = here["expert"].heard["patient"]
        await asyncio.sleep(0.5)
        assert here["expert"].heard["patient"] == heard
    finally:
        await engine.close()


async def test_nobody_comes_into_a_room_without_its_token_or_changes_it_without_its_secret(janus: Janus):
    engine = JanusEngine(lambda event: None, [janus.address])
    line = await JanusLine.open(janus.address.url, {"apisecret": API_SECRET}, lambda message: None, lambda: None)
    try:
        await engine.create_room("room", tuple(PEOPLE))
        session = (await line.ask({"janus": "create"}))["data"]["id"]
        handle = (await line.ask({"janus": "attach", "plugin": "janus.plugin.videoroom", "session_id": session}))["data"]["id"]

        async def told(body: dict[str, object]) -> object:
            with pytest.raises(Exception, match=r"^\d+ ") as refused:
                await line.ask({"janus": "message", "session_id": session, "handle_id": handle, "body": body})
            return refused.value.code

        listing = {"janus": "message", "session_id": session, "handle_id": handle, "body": {"request": "list"}}
        numbers = [one["room"] for one in said(await line.ask(listing))["list"] if one["description"].startswith("huizhen")]
        for number in numbers:
            assert await told({"request": "join", "ptype": "publisher", "room": number}) == 433
            assert await told({"request": "destroy", "room": number}) == 429
            assert await told({"request": "destroy", "room": number, "secret": "a guess"}) == 433
            assert await told(requests.kick(number, requests.room_secret(number, API_SECRET), 1)) == requests.NO_SUCH_FEED  # said within a success
        assert numbers
    finally:
        await line.close()
        await engine.close()


async def test_what_a_run_that_died_left_behind_is_taken_down_by_the_next(janus: Janus):
    line = await JanusLine.open(janus.address.url, {"apisecret": API_SECRET}, lambda message: None, lambda: None)
    engine = JanusEngine(lambda event: None, [janus.address])
    try:
        session = (await line.ask({"janus": "create"}))["data"]["id"]
        handle = (await line.ask({"janus": "attach", "plugin": "janus.plugin.videoroom", "session_id": session}))["data"]["id"]

        async def told(body: dict[str, object]) -> dict[str, object]:
            return said(await line.ask({"janus": "message", "session_id": session, "handle_id": handle, "body": body}))

        old, young = 4711, 4712
        await told(requests.create(old, requests.room_secret(old, API_SECRET), "gate", 1))
        await told(requests.create(young, requests.room_secret(young, API_SECRET), "gate", int(time.time())))
        await engine.create_room("room", tuple(PEOPLE))
        assert [(await told({"request": "exists", "room": room}))["exists"] for room in (old, young)] == [False, True]
        await told(requests.destroy(young, requests.room_secret(young, API_SECRET)))
    finally:
        await line.close()
        await engine.close()


async def test_nobody_there_is_said_and_noticed_when_there_is(tmp_path: Path):
    engine = JanusEngine(lambda event: None, [JanusAddress("a", "ws://127.0.0.1:9", API_SECRET)])
    try:
        with pytest.raises(JanusAway):
            await engine.create_room("room", tuple(PEOPLE))
        assert states_of(engine) == {"a": "down"}
        assert (await engine.stats()).rooms == ()
    finally:
        await engine.close()


async def test_a_wrong_secret_opens_nothing(janus: Janus):
    engine = JanusEngine(lambda event: None, [replace(janus.address, api_secret="a guess")])
    try:
        with pytest.raises(JanusAway):
            await engine.create_room("room", tuple(PEOPLE))
    finally:
        await engine.close()


class Breaker:
    """Passes connections on to `target` and can cut all of them at once."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, far_writer]
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.close()

    def break_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        self.break_all()
        self._server.close()
