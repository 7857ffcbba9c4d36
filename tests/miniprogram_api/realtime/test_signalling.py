"""The signalling socket over the real web application: a real practice, a real Redis, a real node around an engine; and what strangers send to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.channels.connections import connect_channels
from bot.channels.settings import ChannelSettings
from core.calls.models import CallAttendance
from core.foundation.redis_client import redis_client
from core.people.commands_sessions import CloseSession, OpenSession
from core.people.commands_staff import DeactivatePractitioner
from core.people.models import Session
from media.calls.forwarding import PythonEngine
from media.calls.node import Node
from media.calls.turn import Relays, new_pass
from miniprogram_api.app import web
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.redis_server import redis_process
from miniprogram_api.app.settings import Settings
from miniprogram_api.realtime import messages, session
from miniprogram_api.realtime.limits import Allowance
from tests.core.calls.conftest import Room, room
from tests.media.calls.broken import Held
from tests.media.calls.clients import Client, until
from tests.miniprogram_api.app.serving import serving
from tests.support.county import SYSTEM

__all__ = ["room"]

RELAYS = Relays(("turn:relay.example.org:3478?transport=udp", "turns:relay.example.org:443?transport=tcp"), "a secret of the test")
LEAVINGS = 20
ABORTED = 400 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 12
"""How many sockets are torn down while their owner enters."""


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Any]:
    """The supervisor's own Redis, in a folder of the test."""
    spec, url = redis_process(tmp_path)
    process = subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - started once, before anything waits
    client = redis_client(url)
    for _ in range(200):
        with contextlib.suppress(Exception):
            await client.ping()
            break
        await asyncio.sleep(0.02)
    yield client
    await client.aclose()
    process.kill()
    process.wait()


class Stand:
    """``origin`` is one web process. Nodes are started and stopped by the test."""

    def __init__(self, origin: str, room: Room, redis: Any) -> None:
        self.origin, self.room, self.redis = origin, room, redis
        self.nodes: list[asyncio.Task[None]] = []

    async def node(self, name: str, recordings: Path | None = None, engine: type[PythonEngine] = PythonEngine) -> asyncio.Task[None]:
        node = Node(engine, self.redis, name, time.monotonic, recordings=recordings)
        task = asyncio.create_task(node.run())
        self.nodes.append(task)
        await asyncio.wait_for(node.listening.wait(), 5)
        return task

    async def headers(self, seat: str) -> dict[str, str]:
        opened = await self.room.practice.execute(SYSTEM, OpenSession(account_id=self.room.people[seat].account_id, kind="terminal"))
        return {"Authorization": f"Bearer {opened.token}"}

    async def open(self, seat: str, **more: str) -> ClientConnection:
        address = self.origin.replace("http", "ws") + "/v1/realtime/call"
        return await connect(address, additional_headers={**await self.headers(seat), **more}, proxy=None)

    async def enter(self, seat: str) -> tuple[ClientConnection, dict[str, Any]]:
        socket = await self.open(seat)
        await say(socket, type="hello", ticket=(await self.room.ticket(seat)).ticket)
        return socket, await hear(socket, "welcome", "closed")


@pytest.fixture
async def stand(room: Room, redis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "demo.secret").write_text("secret")
    chosen = ChannelSettings.model_validate(generate(random.Random(1).randbytes))
    apis = SimpleNamespace(official_account=None, mini_program=None, wecom=None, robot=None)
    house: Any = SimpleNamespace(
        practice=room.practice, channel_settings=chosen, channels=connect_channels(chosen), apis=apis, redis=redis, relays=RELAYS
    )

    @contextlib.asynccontextmanager
    async def open_house(settings: Settings) -> AsyncIterator[Any]:
        yield house

    import socket as sockets

    monkeypatch.setattr(web, "open_house", open_house)
    app = web.build_app(Settings(demo=True, data_dir=tmp_path, port=8000), f"calls-{random.getrandbits(40)}")
    async with serving(app, sockets.create_server(("127.0.0.1", 0))) as origin:
        stand = Stand(origin, room, redis)
        yield stand
    for node in stand.nodes:
        node.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await node


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection, *types: str, where: Callable[[dict[str, Any]], bool] = lambda message: True) -> dict[str, Any]:
    """The next message of one of these types; others are passed over."""
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] in types and where(message):
                return message


async def publish(socket: ClientConnection, client: Client) -> dict[str, Any]:
    await say(socket, type="publish", sdp=await client.offer())
    message = await hear(socket, "media", "media_lost", "problem")
    if message["type"] == "media":
        streams = {slot["stream"]: slot["seat"] for slot in message["slots"]}
        await say(socket, type="answer", sdp=await client.take(message["answer"], message["offer"], streams))
    return message


async def test_three_people_meet_over_the_socket_and_the_room_moves_to_another_node(stand: Stand):
    first = await stand.node("media:a")
    seats = {"patient": 60, "village_doctor": 120, "expert": 200}
    sockets, clients = {}, {seat: Client(seat, grey) for seat, grey in seats.items()}
    for seat in seats:
        sockets[seat], welcome = await stand.enter(seat)
        assert welcome["seat"] == seat
        [relay] = welcome["ice_servers"]
        assert relay["urls"] == list(RELAYS.uris)
        assert time.time() + 3600 < int(relay["username"].partition(":")[0]) < time.time() + 24 * 3600
        assert new_pass(RELAYS.secret, relay["username"].partition(":")[2], int(relay["username"].partition(":")[0]))[1] == relay["credential"]
        assert {one["seat"] for one in welcome["seats"]} == set(seats)
        assert {one["seat"] for one in welcome["here"]} == set(sockets) - {seat}
        assert (await publish(sockets[seat], clients[seat]))["type"] == "media"
    await until(lambda: all(len(one.seen) == 2 and len(one.heard) == 2 for one in clients.values()))
    await hear(sockets["patient"], "seat", where=lambda message: message["seat"] == "expert" and message["here"]["connected"])

    await say(sockets["patient"], type="state", audio=False, video=True)
    await hear(sockets["expert"], "seat", where=lambda message: message["seat"] == "patient" and message["here"]["audio"] is False)
    await say(sockets["patient"], type="quality", loss=0.2, rtt_ms=50)
    await hear(sockets["expert"], "seat", where=lambda message: message["seat"] == "patient" and message["here"]["link"] == "red")

    # The node goes; everybody is told, and another one takes the room when they publish again.
    first.cancel()
    await stand.node("media:b")
    again = {seat: Client(seat, grey) for seat, grey in seats.items()}
    for seat, socket in sockets.items():
        await hear(socket, "media_lost")
        assert (await publish(socket, again[seat]))["type"] == "media"
    await until(lambda: all(len(one.seen) == 2 and len(one.heard) == 2 for one in again.values()))

    await say(sockets["expert"], type="leave")
    assert (await hear(sockets["expert"], "closed"))["code"] == "call.left"
    await hear(sockets["patient"], "seat", where=lambda message: message["seat"] == "expert" and message["here"] is None)
    for one in (*clients.values(), *again.values()):
        await one.close()
    sockets["patient"].transport.abort()
    await sockets["village_doctor"].close()
    await until_gone()
    kinds = await stand.room.timeline()
    assert kinds[:4] == ["call.joined.patient", "call.joined.village_doctor", "call.joined.expert", "begin"]
    assert sorted(kinds[4:]) == ["call.dropped.patient", "call.dropped.village_doctor", "call.left.expert"]


async def test_that_somebody_left_is_noted_before_others_see_it(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    """Who comes back at once comes anew then."""
    monkeypatch.setattr(session, "NOTED_S", 60.0)
    (patient, _), (expert, _) = await stand.enter("patient"), await stand.enter("expert")
    await say(expert, type="leave")
    await hear(patient, "seat", where=lambda message: message["seat"] == "expert" and message["here"] is None)
    assert await stand.room.timeline() == ["call.joined.patient", "call.joined.expert", "call.left.expert"]
    await stand.enter("expert")
    assert (await stand.room.timeline())[-1] == "call.joined.expert"
    await patient.close()


async def test_who_leaves_and_closes_in_one_breath_has_left(stand: Stand):
    """As a page does that is being put away."""
    for _ in range(LEAVINGS):
        expert, _ = await stand.enter("expert")
        await say(expert, type="state", audio=True, video=True)
        await say(expert, type="leave")
        await expert.close(messages.LEFT)
        await until_gone()
    assert set(await CallAttendance.all().values_list("ending", flat=True)) == {"left"}


async def until_gone() -> None:
    for _ in range(800):
        here = await CallAttendance.filter(left_at__isnull=True).values()
        if not here:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(here)


async def test_without_a_media_process_the_client_is_told_to_try_again(stand: Stand):
    socket, _ = await stand.enter("expert")
    client = Client("expert")
    await say(socket, type="publish", sdp=await client.offer())
    assert (await hear(socket, "media_lost"))["retry_ms"] > 0
    await stand.node("media:late")
    other = Client("expert")
    assert (await publish(socket, other))["type"] == "media"
    for one in (client, other):
        await one.close()


async def test_a_used_a_foreign_an_unknown_and_an_expired_ticket_open_nothing(stand: Stand):
    ticket = (await stand.room.ticket("expert")).ticket
    outcomes = []
    for seat, given in (("patient", ticket), ("expert", "X" * 43), ("expert", ticket), ("expert", ticket)):
        socket = await stand.open(seat)
        await say(socket, type="hello", ticket=given)
        answer = await hear(socket, "welcome", "closed")
        outcomes.append(answer.get("code", answer["type"]))
    assert outcomes == ["access.denied", "access.denied", "welcome", "call.ticket_used"]
    late = (await stand.room.ticket("patient")).ticket
    headers = await stand.headers("patient")
    stand.room.ward.clock.advance(seconds=121)
    async with connect(stand.origin.replace("http", "ws") + "/v1/realtime/call", additional_headers=headers, proxy=None) as socket:
        await say(socket, type="hello", ticket=late)
        assert (await hear(socket, "closed"))["code"] == "call.ticket_expired"


async def test_who_is_not_signed_in_or_comes_from_another_page_is_told_nothing(stand: Stand):
    address = stand.origin.replace("http", "ws") + "/v1/realtime/call"
    async with connect(address, proxy=None) as socket:
        assert (await hear(socket, "closed"))["code"] == "session.missing"
    socket = await stand.open("expert", Origin="https://elsewhere.example")
    assert (await hear(socket, "closed"))["code"] == "request.foreign_site"
    socket = await stand.open("expert")
    await say(socket, type="ping")
    assert (await hear(socket, "closed"))["code"] == "call.ticket_missing"


async def test_the_same_person_elsewhere_takes_the_seat_and_a_cancelled_case_ends_the_call(stand: Stand):
    from core.consultations.commands import CancelConsultation

    first, _ = await stand.enter("village_doctor")
    second, welcome = await stand.enter("village_doctor")
    assert (await hear(first, "closed"))["code"] == "call.replaced"
    assert welcome["here"] == []
    doctor = stand.room.people["village_doctor"]
    await stand.room.practice.execute(doctor, CancelConsultation(consultation_id=stand.room.consultation_id, reason="不用了"))
    assert (await hear(second, "closed"))["code"] == "call.over"


async def test_who_is_signed_out_elsewhere_is_out_of_the_call_at_once(stand: Stand):
    await stand.node("media:a")
    socket, _ = await stand.enter("patient")
    other, _ = await stand.enter("village_doctor")
    session = await Session.filter(account_id=stand.room.people["patient"].account_id, kind="terminal").order_by("-id").first()
    assert session is not None
    await stand.room.practice.execute(stand.room.people["patient"], CloseSession(session_id=session.id))
    assert (await hear(socket, "closed"))["code"] == "session.over"
    gone = await hear(other, "seat", where=lambda message: message["seat"] == "patient" and message["here"] is None)
    assert gone["here"] is None


async def test_who_lost_his_role_is_put_out_of_the_call(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "SEEN_EVERY_S", 0.2)
    socket, _ = await stand.enter("expert")
    await stand.room.practice.execute(SYSTEM, DeactivatePractitioner(practitioner_id=stand.room.people["expert"].practitioner_id))
    assert (await hear(socket, "closed"))["code"] in ("call.no_right", "session.over")
    await until_gone()


async def test_who_goes_while_he_enters_is_noted_as_gone_at_once(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    """Whatever the moment: nobody looks after this call here, so that whom the session itself does not note as gone stays for ever."""
    over, run = 0, session.CallSession.run

    async def counted(one: session.CallSession) -> None:
        nonlocal over
        try:
            await run(one)
        finally:
            over += 1

    monkeypatch.setattr(session.CallSession, "run", counted)
    rng = random.Random(5)
    for number in range(ABORTED):
        socket = await stand.open("expert")
        await say(socket, type="hello", ticket=(await stand.room.ticket("expert")).ticket)
        await asyncio.sleep(rng.uniform(0, 0.06))
        socket.transport.abort()
        await until(lambda: over > number)  # noqa: B023 - waited for here
        assert not await CallAttendance.filter(left_at__isnull=True).exists()
    endings = await CallAttendance.all().values_list("ending", flat=True)
    assert set(endings) == {"dropped"}


async def test_who_says_too_much_is_cut_off(stand: Stand):
    socket, _ = await stand.enter("expert")
    with contextlib.suppress(ConnectionClosed):
        for _ in range(400):
            await say(socket, type="ping")
        assert (await hear(socket, "closed"))["code"] == "signalling.too_many"
    socket, _ = await stand.enter("expert")
    await socket.send("x" * 200_000)
    with pytest.raises(ConnectionClosed):
        await hear(socket, "nothing")
    await until_gone()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_sent_the_process_answers_on(stand: Stand, seed: int):
    """A tenth of the soak's number: broken JSON, wrong types, wrong order, huge numbers, binary frames."""
    rng = random.Random(seed)
    await stand.node("media:fuzz")
    client = Client("expert")
    offer = await client.offer()
    kinds: list[Any] = [
        {"type": "publish", "sdp": offer}, {"type": "answer", "sdp": offer}, {"type": "state", "audio": True, "video": False},
        {"type": "quality", "loss": 0.1, "rtt_ms": 5}, {"type": "ping"}, {"type": "hello", "ticket": "T" * 43},
    ]  # fmt: skip
    values = (None, -1, 1e308, "", "\u0000", "很长" * 2000, [], {}, True, "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n")
    for number in range(6):
        if number == 2:
            await until_gone()
            held = Held()
        socket, welcome = await stand.enter("expert")
        assert welcome["type"] == "welcome"
        with contextlib.suppress(ConnectionClosed):
            for _ in range(45):
                message = dict(rng.choice(kinds))
                for _ in range(rng.randrange(3)):
                    message[rng.choice([*message, "extra"])] = rng.choice(values)
                text = json.dumps(message)
                if rng.random() < 0.1:
                    text = text[: rng.randrange(len(text))]
                await socket.send(text.encode() if rng.random() < 0.1 else text)
                await asyncio.sleep(0.005)
        await socket.close()
    await until_gone()
    await held.check_soon(60)  # of a socket whose sender does not stop, the server's own tasks end by their timeouts
    await client.close()
    async with httpx.AsyncClient(base_url=stand.origin, trust_env=False) as web_client:
        assert (await web_client.get("/healthz")).status_code == 200
    await until_gone()


def test_the_allowance_fills_again():
    allowance = Allowance(rate=10, burst=5, now=0)
    assert [allowance.take(0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert allowance.take(0.2)
    assert sum(allowance.take(100) for _ in range(9)) == 5


def test_links_have_honest_colours():
    assert [messages.link_of(*one) for one in ((0, 10), (0.04, 10), (0, 600), (0.2, 10), (0, 1500))] == ["green", "yellow", "yellow", "red", "red"]


def test_a_web_process_loads_no_webrtc():
    code = "import sys, miniprogram_api.app.web; print(sorted(name for name in ('aiortc', 'av', 'aioice', 'pylibsrtp') if name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
