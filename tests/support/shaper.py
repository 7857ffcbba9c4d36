"""A weak link in user space, for real packets: UDP relays and a SOCKS5 proxy for everything else that a browser sends, behind one `Pipe` for
each direction. Portable: no root, no kernel queue. Seeded: the same packets meet the same fates.

Media: `port_for(host, port)` opens a UDP port that leads to the true address through the link. Every sender has a socket of his own towards it,
as behind a home router. TCP (the page, the signalling socket): what a link loses is sent again after 0.25 s, 0.5 s, 1 s … as kernels do it, so
a socket that waits through an outage comes back late, and a new one at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from typing import Any

from tests.support.links import DOWN, OPEN, Link, Phases, Pipe

SEGMENT = 1400
WINDOW = 10
"""Segments of a TCP connection that are on their way at once."""
FIRST_RETRY_S = 0.25
SYN_RETRY_S = 1.0

Address = tuple[str, int]


class Shaper:
    """The link of one device. `up`: from the device; `down`: to it. Opens sockets on the running loop; `close` ends them all."""

    def __init__(self, seed: int = 1) -> None:
        self.up, self.down = Pipe(seed), Pipe(seed + 1)
        self._relays: dict[Address, _Relay] = {}
        self._servers: list[asyncio.Server] = []
        self._streams: set[asyncio.Task[None]] = set()
        self._held: list[asyncio.StreamWriter] = []
        self._closing = False

    def follow(self, up: Phases, down: Phases | None = None) -> None:
        """From now on these scripts; the same both ways when one is given."""
        now = self.now()
        self.up.follow(up, now)
        self.down.follow(up if down is None else down, now)

    def set(self, up: Link, down: Link | None = None) -> None:
        self.follow([(0.0, up)], [(0.0, up if down is None else down)])

    def drop(self, seconds: float, link: Link = OPEN) -> None:
        """Nothing passes for so long, then `link`."""
        self.follow([(0.0, DOWN), (seconds, link)])

    def change_address(self) -> None:
        """The device has another network from now on: whatever it had open leads nowhere, without a word; new things work."""
        for relay in self._relays.values():
            relay.forget_senders()
        for stream in list(self._streams):
            stream.cancel()

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    async def port_for(self, host: str, port: int) -> int:
        """The UDP port on `host` that leads to (host, port) through the link; the same one every time."""
        relay = self._relays.get((host, port))
        if relay is None:
            relay = self._relays[host, port] = _Relay(self, (host, port))
            await relay.open()
        return relay.port

    async def proxy(self) -> int:
        """A SOCKS5 proxy on 127.0.0.1 whose connections go through the link; its port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        self._closing = True
        for relay in self._relays.values():
            relay.close()
        for writer in self._held:
            writer.close()
        for server in self._servers:
            server.close()
        for stream in list(self._streams):
            stream.cancel()
        if self._streams:
            await asyncio.gather(*self._streams, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        there: asyncio.StreamWriter | None = None
        cut = False
        try:
            host, port = await _asked_for(reader, writer)
            await self._across(self.up, 60, SYN_RETRY_S)
            answering, there = await asyncio.open_connection(host, port)
            await self._across(self.down, 60, SYN_RETRY_S)
            writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            await asyncio.gather(self._pump(reader, there, self.up), self._pump(answering, writer, self.down))
        except asyncio.CancelledError:
            cut = True
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            self._streams.discard(task)
            ends = [writer] if there is None else [writer, there]
            if cut and not self._closing:
                self._held += ends  # nobody is told anything: both ends find out by themselves
            else:
                for end in ends:
                    end.close()

    async def _across(self, pipe: Pipe, size: int, retry: float) -> None:
        """Until a segment of `size` bytes has come through."""
        await self._through(pipe, size, pipe.offer(self.now(), size), retry)

    async def _through(self, pipe: Pipe, size: int, out: float | None, retry: float) -> None:
        """Until a segment that is to leave the link at `out` has come, or, lost, has been sent again."""
        while out is None:
            await asyncio.sleep(retry)
            retry *= 2
            out = pipe.offer(self.now(), size)
        await asyncio.sleep(max(0.0, out - self.now()))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pipe: Pipe) -> None:
        while data := await reader.read(SEGMENT * WINDOW):
            pieces = [data[start : start + SEGMENT] for start in range(0, len(data), SEGMENT)]
            if pipe.link(self.now()).rate_bps is None and pipe.link(self.now()).delay_s == 0:
                writer.write(data)  # an open link costs nothing
            else:
                # All are on their way at once, and are handed on in their order.
                now = self.now()
                for piece, out in [(piece, pipe.offer(now, len(piece))) for piece in pieces]:
                    await self._through(pipe, len(piece), out, FIRST_RETRY_S)
                    writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


async def _asked_for(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Address:
    """The address that a SOCKS5 client (RFC 1928, without a password) wants. ValueError for anything else."""
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    if version != 5:
        raise ValueError("not SOCKS5")
    writer.write(b"\x05\x00")
    _, command, _, kind = await reader.readexactly(4)
    if command != 1 or kind not in (1, 3, 4):
        raise ValueError("only CONNECT")
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii")
    else:
        host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
    return host, int.from_bytes(await reader.readexactly(2), "big")


class _Relay(asyncio.DatagramProtocol):
    """One UDP port in front of one true address."""

    def __init__(self, shaper: Shaper, target: Address) -> None:
        self.shaper, self.target = shaper, target
        self.port = 0
        self._front: asyncio.DatagramTransport | None = None
        self._senders: dict[Address, _Sender] = {}
        self._forgotten: set[Address] = set()

    async def open(self) -> None:
        self._front, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(self.target[0], 0))
        self.port = self._front.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr in self._forgotten:
            return
        sender = self._senders.get(addr)
        if sender is None:
            sender = self._senders[addr] = _Sender(self, addr)
        self.carry(self.shaper.up, data, sender.send)

    def carry(self, pipe: Pipe, data: bytes, deliver: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        out = pipe.offer(loop.time(), len(data))
        if out is not None:
            loop.call_at(out, deliver, data)

    def answer(self, data: bytes, addr: Address) -> None:
        if self._front is not None and not self._front.is_closing() and addr not in self._forgotten:
            self._front.sendto(data, addr)

    def forget_senders(self) -> None:
        self._forgotten |= set(self._senders)

    def error_received(self, exc: Exception) -> None:
        """A port that nobody listens to any more: as on any network, nothing comes back."""

    def close(self) -> None:
        for sender in self._senders.values():
            sender.close()
        if self._front is not None:
            self._front.close()


class _Sender(asyncio.DatagramProtocol):
    """The socket towards the true address of one sender."""

    def __init__(self, relay: _Relay, addr: Address) -> None:
        self._relay, self._addr = relay, addr
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: list[bytes] = []
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._relay.target[0], 0), remote_addr=self._relay.target)
        for data in self._waiting:
            self._transport.sendto(data)
        self._waiting.clear()

    def send(self, data: bytes) -> None:
        if self._transport is None:
            self._waiting.append(data)
        elif not self._transport.is_closing():
            self._transport.sendto(data)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._relay.carry(self._relay.shaper.down, data, lambda data: self._relay.answer(data, self._addr))

    def error_received(self, exc: Exception) -> None:
        """As above."""

    def close(self) -> None:
        self._opening.cancel()
        if self._transport is not None:
            self._transport.close()
