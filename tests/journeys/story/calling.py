"""One person in a call as his phone is: real WebRTC (aiortc) over the real signalling socket, put up again by itself whatever breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.media.calls.clients import Client, until

WAITS_S = (0.3, 1.0, 2.0)
MEETS_S = 12.0
"""After so long without media of the connection it is put up anew, as the page does."""
FINAL = (
    "call.left", "call.over", "call.replaced", "call.not_yet", "call.seat_taken", "call.ticket_used", "call.ticket_expired", "access.denied",
    "session.missing",
)  # fmt: skip
"""Last words after which the page does not come back by itself."""


class Caller:
    """``ticket`` asks for a single-use ticket (it may block); ``grey`` is the brightness of the picture that he sends."""

    def __init__(self, address: str, headers: dict[str, str], ticket: Callable[[], str], seat: str, grey: int) -> None:
        self._address, self._headers, self._ticket = address, headers, ticket
        self._seat, self._grey = seat, grey
        self._client = Client(seat, grey)
        self._socket: ClientConnection | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._wanted = True
        self.closed = ""
        """The code of the last word, once there was one that is final."""
        self.sockets = 0
        self.connections = 0

    async def stay(self) -> None:
        """In the call until he leaves, or is told that it is over."""
        tries = 0
        while self._wanted and not self.closed:
            try:
                ticket = await asyncio.to_thread(self._ticket)
                async with connect(self._address, additional_headers=self._headers, proxy=None, close_timeout=1) as socket:
                    self._socket = socket
                    self.sockets += 1
                    await self._say(type="hello", ticket=ticket)
                    beating = asyncio.create_task(self._beat())
                    try:
                        async for data in socket:
                            await self._hear(json.loads(data))
                            tries = 0
                            if self.closed:
                                break
                    finally:
                        beating.cancel()
            except (OSError, ConnectionClosed, WebSocketException, TimeoutError):
                pass
            await self._stop_media()
            if self._wanted and not self.closed:
                await asyncio.sleep(WAITS_S[min(tries, len(WAITS_S) - 1)])
                tries += 1

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(5)
            await self._say(type="ping")

    async def _say(self, **message: Any) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(json.dumps(message))

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "welcome":
            self._publish()
        elif message["type"] == "media":
            streams = {slot["stream"]: slot["seat"] for slot in message["slots"]}
            await self._say(type="answer", sdp=await self._client.take(message["answer"], message["offer"], streams))
        elif message["type"] == "media_lost":
            self._publish(message["retry_ms"] / 1000)
        elif message["type"] == "closed" and message["code"] in FINAL:
            self.closed = message["code"]

    def _publish(self, after_s: float = 0) -> None:
        if self._publishing is not None:
            self._publishing.cancel()
        self._publishing = asyncio.create_task(self._connect_media(after_s))

    async def _connect_media(self, after_s: float) -> None:
        """Offer what he sends; again when nothing comes of it."""
        await asyncio.sleep(after_s)
        while True:
            await self._client.close()
            self._client = Client(self._seat, self._grey)
            self.connections += 1
            await self._say(type="publish", sdp=await self._client.offer())
            with contextlib.suppress(TimeoutError):
                return await until(lambda: self._client.sending.connectionState == "connected", MEETS_S)

    async def _stop_media(self) -> None:
        self._socket = None
        if self._publishing is not None:
            self._publishing.cancel()
        await self._client.close()

    def counts(self) -> dict[str, Any]:
        """Decoded pictures and sounds of each other seat over the present connection, and how bright each one's picture is."""
        return {
            "seen": dict(self._client.seen), "heard": dict(self._client.heard), "brightness": dict(self._client.brightness),
            "closed": self.closed, "sockets": self.sockets, "connections": self.connections,
        }  # fmt: skip

    async def leave(self) -> None:
        """By his own choice."""
        self._wanted = False
        await self._say(type="leave")

    async def drop(self) -> None:
        """The network is gone from one moment to the next; he comes back by himself."""
        if self._socket is not None and self._socket.transport is not None:
            self._socket.transport.abort()


async def first_word(address: str, headers: dict[str, str], ticket: str) -> dict[str, Any]:
    """What the socket answers to ``ticket``."""
    while True:
        with contextlib.suppress(OSError, ConnectionClosed, WebSocketException):
            async with connect(address, additional_headers=headers, proxy=None) as socket:
                await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
                answer: dict[str, Any] = json.loads(await socket.recv())
                return answer
        await asyncio.sleep(WAITS_S[0])


class Line:
    """A thread with an event loop for the calls of a process that otherwise waits for its orders."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, Any], limit_s: float = 30) -> Any:
        return self.start(work).result(limit_s)
