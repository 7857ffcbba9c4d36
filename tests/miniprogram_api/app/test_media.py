"""The media process as the supervisor runs it: three WebRTC clients through it, nothing decoded, and after kill -9 the room is up elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.foundation.redis_client import redis_client
from media.calls.protocol import Accept, AskStats, Join
from miniprogram_api.app.redis_server import redis_process
from miniprogram_api.realtime.link import Lost, MediaLine, NoMedia, Refused
from tests.media.calls.clients import Client, all_decode_all, until

SEATS = {"patient": 60, "village_doctor": 120, "expert": 200}
ROOM = "01M7WCWZFWSY2MYJ5GVERF61PR"


class Through:
    """An engine at the other end of a line: what `Client.join` wants."""

    def __init__(self, line: MediaLine) -> None:
        self.line = line

    async def join(self, room: str, seat: str, member: str, offer: str) -> Any:
        reply = await self.line.ask(room, Join(room=room, seats=tuple(SEATS), seat=seat, member=member, offer=offer))
        assert reply.joined is not None
        return reply.joined

    async def accept(self, room: str, member: str, answer: str) -> None:
        await self.line.ask(room, Accept(room=room, member=member, answer=answer))


class MediaHouse:
    def __init__(self, url: str, line: MediaLine) -> None:
        self.url, self.line = url, line
        self.processes: list[subprocess.Popen[bytes]] = []

    async def start(self) -> subprocess.Popen[bytes]:
        """A media process that has said that it serves."""
        reading, writing = os.pipe()
        environment = {**os.environ, "HUIZHEN_REDIS_URL": self.url, "HUIZHEN_READY_FD": str(writing), "HUIZHEN_PROCESS": "media"}
        command = [sys.executable, "-m", "miniprogram_api.app.media"]
        process = subprocess.Popen(command, env=environment, pass_fds=(writing,))  # noqa: ASYNC220 - returns at once
        self.processes.append(process)
        os.close(writing)
        assert await asyncio.to_thread(os.read, reading, 1) == b"r"
        os.close(reading)
        return process

    async def everybody(self) -> dict[str, Client]:
        people = {seat: Client(seat, grey) for seat, grey in SEATS.items()}
        await asyncio.gather(*(one.join(Through(self.line), ROOM) for one in people.values()))
        await until(all_decode_all(people))
        return people


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[MediaHouse]:
    spec, url = redis_process(tmp_path)
    server = subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - returns at once
    redis = redis_client(url)
    for _ in range(200):
        with contextlib.suppress(Exception):
            await redis.ping()
            break
        await asyncio.sleep(0.02)
    line = MediaLine(redis)
    await line.open()
    house = MediaHouse(url, line)
    yield house
    for process in house.processes:
        process.kill()
        process.wait()
    await line.close()
    await redis.aclose()
    server.kill()
    server.wait()


async def test_nothing_is_decoded_or_encoded_and_no_thread_is_started_for_media(house: MediaHouse):
    await house.start()
    people = await house.everybody()
    async with asyncio.timeout(60):
        while True:
            stats: Any = (await house.line.ask(ROOM, AskStats())).stats
            streams = [SimpleNamespace(**stream) for member in stats["rooms"][0]["members"] for stream in member["streams"]]
            # Each packet goes to two others. What came before they were there went to nobody: on a busy machine it takes a while to make up for.
            if all(stream.forwarded > stream.received for stream in streams):
                break
            await asyncio.sleep(0.1)
    assert len(streams) == 6
    assert (stats["decoders"], stats["encoders"]) == (0, 0)
    assert stats["threads"] <= 3
    for one in people.values():
        await one.close()


async def test_after_kill_9_the_room_is_up_in_another_process(house: MediaHouse):
    first = await house.start()
    async with house.line.room(ROOM) as heard:
        people = await house.everybody()
        first.kill()
        async with asyncio.timeout(5):
            while not isinstance(await heard.get(), Lost):
                pass
        with pytest.raises(NoMedia):
            await house.everybody()
        await house.start()
        again = await house.everybody()
    for one in (*people.values(), *again.values()):
        await one.close()


@pytest.mark.parametrize("another", [False, True])
async def test_who_is_in_the_room_is_told_though_one_who_joins_notices_first(house: MediaHouse, another: bool):
    """Within the half second in which the watcher has not looked yet."""
    first = await house.start()
    async with house.line.room(ROOM) as heard:
        people = [Client("patient", 60), Client("expert", 200)]
        await people[0].join(Through(house.line), ROOM)
        if another:
            await house.start()
        first.kill()
        first.wait()
        with contextlib.nullcontext() if another else pytest.raises(NoMedia):
            await people[1].join(Through(house.line), ROOM)
        async with asyncio.timeout(5):
            while not isinstance(await heard.get(), Lost):
                pass
    for one in people:
        await one.close()


async def test_what_the_engine_refuses_is_told_by_its_code(house: MediaHouse):
    await house.start()
    with pytest.raises(Refused) as refused:
        await house.line.ask(ROOM, Join(room=ROOM, seats=("a",), seat="b", member="m", offer="x"))
    assert refused.value.code == "seat.unknown"
    with pytest.raises(Refused) as refused:
        await house.line.ask(ROOM, Join(room=ROOM, seats=("a",), seat="a", member="m", offer="x"))
    assert refused.value.code == "description.refused"


async def test_it_stops_in_order(house: MediaHouse):
    process = await house.start()
    process.terminate()
    assert await asyncio.to_thread(process.wait, 5) == 0
    with pytest.raises(NoMedia):
        await house.line.ask(ROOM, AskStats())
