"""A weak link in front of an engine, in process: UDP that goes to its candidates passes through two `Pipe`s. For clients that join straight into an
engine; the browser tabs have a shaper of their own."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Callable
from typing import Any

from tests.support.links import Phases, Pipe

_CANDIDATE = re.compile(r"(a=candidate:\S+ \d+ udp \d+ )(\S+) (\d+)( typ host)", re.IGNORECASE)
_NOWHERE = "192.0.2.1"
"""An address of nobody (RFC 5737): the engine cannot go past the link and has to answer where it was called from."""


class _Side(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple[str, int]], None]) -> None:
        self.received = received
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received(data, addr)


class Behind:
    """An engine as one client has it behind his link: `join` and `accept` as the engine's. `up` and `down` may be changed at any time."""

    def __init__(self, engine: Any, up: Phases, down: Phases, seed: int = 1) -> None:
        loop = asyncio.get_running_loop()
        self._engine, self._loop = engine, loop
        self.up, self.down = Pipe(seed), Pipe(seed + 1)
        self.up.follow(up, loop.time())
        self.down.follow(down, loop.time())
        self._ports: dict[tuple[str, int], int] = {}
        self._sides: list[Any] = []

    async def join(self, room: str, seat: str, member: str, offer: str) -> Any:
        joined = await self._engine.join(room, seat, member, _CANDIDATE.sub(rf"\g<1>{_NOWHERE} 9\g<4>", offer))
        return dataclasses.replace(joined, answer=await self._through(joined.answer), offer=await self._through(joined.offer))

    async def accept(self, room: str, member: str, answer: str) -> None:
        await self._engine.accept(room, member, _CANDIDATE.sub(rf"\g<1>{_NOWHERE} 9\g<4>", answer))

    async def _through(self, sdp: str) -> str:
        for host, port in {(found[1], int(found[2])) for found in _CANDIDATE.findall(sdp)}:
            if (host, port) not in self._ports:
                self._ports[host, port] = await self._relay(host, port)
        return _CANDIDATE.sub(lambda found: f"{found[1]}{found[2]} {self._ports[found[2], int(found[3])]}{found[4]}", sdp)

    async def _relay(self, host: str, port: int) -> int:
        """A port on the same host that leads there; every sender has a socket of his own towards it, as behind a home router."""
        senders: dict[tuple[str, int], Any] = {}
        waiting: dict[tuple[str, int], list[bytes]] = {}

        async def open_for(sender: tuple[str, int]) -> None:
            def back(data: bytes, _: tuple[str, int]) -> None:
                self._later(self.down, data, lambda: near.transport.sendto(data, sender))

            there, _ = await self._loop.create_datagram_endpoint(lambda: _Side(back), local_addr=(host, 0))
            self._sides.append(there)
            senders[sender] = there
            for data in waiting.pop(sender):
                there.sendto(data, (host, port))

        def forth(data: bytes, sender: tuple[str, int]) -> None:
            def out() -> None:
                if sender in senders:
                    senders[sender].sendto(data, (host, port))
                elif sender in waiting:
                    waiting[sender].append(data)
                else:
                    waiting[sender] = [data]
                    self._loop.create_task(open_for(sender))

            self._later(self.up, data, out)

        near = _Side(forth)
        transport, _ = await self._loop.create_datagram_endpoint(lambda: near, local_addr=(host, 0))
        self._sides.append(transport)
        return int(transport.get_extra_info("sockname")[1])

    def _later(self, pipe: Pipe, data: bytes, send: Callable[[], None]) -> None:
        out = pipe.offer(self._loop.time(), len(data))
        if out is not None:
            self._loop.call_at(out, send)

    def close(self) -> None:
        for side in self._sides:
            side.close()
