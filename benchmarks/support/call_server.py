"""A call server to be measured, alone in its process on one core: `python -m benchmarks.support.call_server NAME CORE`, orders as JSON lines on
stdin.

`python`, `native`: ours, as the media process runs them. `media_relay`: aiortc's own way, every picture decoded and encoded anew for each receiver.
Orders: publish (room, seat, seats, offer → sdp), subscribe (room, seat → sdp), accept (room, seat, answer).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import uvloop
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from media.calls.bandwidth import Bandwidth
from media.calls.forwarding import PythonEngine
from media.calls.measured import Decisions, Downlink, Uplink
from media.calls.native.engine import NativeEngine


class _Rooms(Protocol):
    async def publish(self, room: str, seat: str, seats: list[str], offer: str) -> str: ...

    async def subscribe(self, room: str, seat: str) -> str: ...

    async def accept(self, room: str, seat: str, answer: str) -> None: ...


class _Unheeded:
    """Bandwidth control as in production, all of its work; what it decides is left, so that every engine sends the same."""

    def __init__(self) -> None:
        self._control = Bandwidth()
        self._decided: dict[str, Decisions] = {}
        self._left: dict[str, Decisions] = {}

    def beat(self, room: str, uplinks: Sequence[Uplink], downlinks: Sequence[Downlink], now: float) -> Decisions:
        decided = self._control.beat(room, uplinks, downlinks, now)
        if decided is not self._decided.get(room):  # carried out as often as in production
            self._decided[room], self._left[room] = decided, Decisions({}, {})
        return self._left[room]

    def pause_s(self, room: str) -> float:
        return self._control.pause_s(room)

    def forget(self, room: str) -> None:
        self._control.forget(room)
        self._decided.pop(room, None)
        self._left.pop(room, None)


class Ours:
    def __init__(self, engine: type[PythonEngine]) -> None:
        self._engine = engine(steering=_Unheeded())
        self._offers: dict[tuple[str, str], str] = {}

    async def publish(self, room: str, seat: str, seats: list[str], offer: str) -> str:
        await self._engine.create_room(room, seats)
        joined = await self._engine.join(room, seat, seat, offer)
        self._offers[room, seat] = joined.offer
        return joined.answer

    async def subscribe(self, room: str, seat: str) -> str:
        return self._offers.pop((room, seat))

    async def accept(self, room: str, seat: str, answer: str) -> None:
        await self._engine.accept(room, seat, answer)


class Relayed:
    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[tuple[str, str], list[Any]] = {}
        self._connections: dict[tuple[str, str], RTCPeerConnection] = {}

    async def publish(self, room: str, seat: str, seats: list[str], offer: str) -> str:
        connection = self._connections[room, f"{seat} sends"] = _connection()
        connection.on("track", lambda track: self._tracks.setdefault((room, seat), []).append(track))
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)

    async def subscribe(self, room: str, seat: str) -> str:
        connection = self._connections[room, seat] = _connection()
        for (where, other), tracks in self._tracks.items():
            if where == room and other != seat:
                for track in tracks:
                    connection.addTrack(self._relay.subscribe(track))
        await connection.setLocalDescription(await connection.createOffer())
        return str(connection.localDescription.sdp)

    async def accept(self, room: str, seat: str, answer: str) -> None:
        await self._connections[room, seat].setRemoteDescription(RTCSessionDescription(answer, "answer"))


def _connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


async def _carry_out(rooms: _Rooms, order: dict[str, Any]) -> dict[str, Any]:
    if order["op"] == "publish":
        return {"sdp": await rooms.publish(order["room"], order["seat"], order["seats"], order["offer"])}
    if order["op"] == "subscribe":
        return {"sdp": await rooms.subscribe(order["room"], order["seat"])}
    await rooms.accept(order["room"], order["seat"], order["answer"])
    return {}


async def main(name: str) -> None:
    engines = {"python": PythonEngine, "native": NativeEngine}
    rooms: _Rooms = Ours(engines[name]) if name in engines else Relayed()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 22)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while line := await reader.readline():
        order = json.loads(line)
        print(json.dumps({"id": order["id"], **await _carry_out(rooms, order)}), flush=True)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    uvloop.run(main(sys.argv[1]))
