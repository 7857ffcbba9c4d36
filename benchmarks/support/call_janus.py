"""Janus as a call server to be measured: the distribution's own, with `event_loops = 1`, on one core; our engine governs its rooms from here, which
costs it a few requests a room and nothing a packet."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.support.call_load import SEATS, Server
from media.calls.janus import JanusEngine
from tests.support.janus import Janus, running_janus


class JanusServer:
    """`name`: as the table calls it."""

    stamps = True

    def __init__(self, name: str, janus: Janus) -> None:
        self.name, self._janus = name, janus
        self.engine = JanusEngine(lambda event: None, [janus.address])
        self._offers: dict[tuple[str, str], str] = {}

    @property
    def pids(self) -> list[int]:
        return [self._janus.process.pid]

    async def publish(self, room: str, seat: str, offer: str) -> str:
        await self.engine.create_room(room, SEATS)
        joined = await self.engine.join(room, seat, seat, offer)
        self._offers[room, seat] = joined.offer
        return joined.answer

    async def subscribe(self, room: str, seat: str) -> str:
        return self._offers.pop((room, seat))

    async def accept(self, room: str, seat: str, answer: str) -> None:
        await self.engine.accept(room, seat, answer)


@contextlib.asynccontextmanager
async def janus(core: int) -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory() as folder, running_janus(Path(folder), core=core) as running:
        server = JanusServer("janus", running)
        try:
            yield server
        finally:
            await server.engine.close()
