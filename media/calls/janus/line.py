"""One WebSocket with a Janus and the session on it: requests and their answers, and what Janus tells by itself.

Janus answers `success` to a request even when the plugin refused it: what the plugin says stands inside `plugindata`, and is looked at here once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from media.calls.engine import CallError

PLUGIN = "janus.plugin.videoroom"
ANSWER_S = 5.0
"""Every request is answered within a few milliseconds; a Janus that needs longer is not well."""
OPEN_S = 2.0
LARGEST = 1 << 20

Body = dict[str, Any]
OnEvent = Callable[[Body], None]


class JanusAway(CallError):
    """No Janus answers, or the one that carried the room is gone; whoever asked tries again."""

    code = "engine.away"


class JanusRefused(Exception):
    """Janus or its plugin refused; `code` is Janus's own number."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


@dataclass(slots=True)
class _Waiting:
    """`keepalive`: Janus says `ack` to it, and nothing after that."""

    answer: asyncio.Future[Body]
    keepalive: bool


class JanusLine:
    """`on_event(message)` gets what belongs to no request; `on_lost()` is called once when the socket has gone without `close`."""

    def __init__(self, socket: ClientConnection, secret: dict[str, str], on_event: OnEvent, on_lost: Callable[[], None]) -> None:
        self._socket, self._secret, self._on_event, self._on_lost = socket, secret, on_event, on_lost
        self._pending: dict[str, _Waiting] = {}
        self._closing = False
        self._reader = asyncio.create_task(self._read(), name="janus line")

    @classmethod
    async def open(
        cls, url: str, secret: dict[str, str], on_event: OnEvent, on_lost: Callable[[], None], protocol: str = "janus-protocol", ca: str = ""
    ) -> JanusLine:
        """Raises JanusAway when nobody is there, or nobody with a certificate that `ca` (empty: the system) vouches for."""
        try:
            tls = ssl.create_default_context(cafile=ca or None) if url.startswith("wss:") else None
            socket = await connect(
                url, subprotocols=[Subprotocol(protocol)], open_timeout=OPEN_S, close_timeout=0.5, ping_interval=None, compression=None,
                max_size=LARGEST, proxy=None, ssl=tls,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise JanusAway from error
        return cls(socket, secret, on_event, on_lost)

    @property
    def own_address(self) -> str:
        """This machine's address as the Janus can reach it."""
        return str(self._socket.local_address[0])

    async def ask(self, request: Body, patience: float = ANSWER_S) -> Body:
        """The answer to `request`; of a plugin's message the plugin's, not Janus's word that it was passed on. Raises JanusAway without one,
        JanusRefused for Janus's own error or the plugin's."""
        transaction = secrets.token_hex(8)
        waiting = self._pending[transaction] = _Waiting(asyncio.get_running_loop().create_future(), request.get("janus") == "keepalive")
        try:
            async with asyncio.timeout(patience):
                await self._socket.send(json.dumps({**request, **self._secret, "transaction": transaction}))
                answer = await waiting.answer
        except (TimeoutError, OSError, WebSocketException) as error:
            raise JanusAway from error
        finally:
            self._pending.pop(transaction, None)
        return _checked(answer)

    async def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError, WebSocketException):
            await self._socket.close()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                with contextlib.suppress(ValueError):
                    message = json.loads(data)
                    if isinstance(message, dict):
                        self._sort(message)
        except (OSError, WebSocketException):
            pass
        finally:
            for waiting in self._pending.values():
                if not waiting.answer.done():
                    waiting.answer.set_exception(JanusAway())
            if not self._closing:
                self._closing = True
                self._on_lost()

    def _sort(self, message: Body) -> None:
        kind, waiting = message.get("janus"), self._pending.get(text(message, "transaction"))
        if kind == "ack" and waiting is not None and not waiting.keepalive:
            return  # the plugin's word comes later, as an event
        if waiting is not None and not _is_new_offer(message):
            if not waiting.answer.done():
                waiting.answer.set_result(message)
        else:
            self._on_event(message)


def _is_new_offer(message: Body) -> bool:
    """A new offer comes under the transaction of the request that made it needed, before the answer to that request."""
    return said(message).get("videoroom") == "updated" and "jsep" in message


def said(message: Body) -> Body:
    """What the plugin says in `message`; empty when it says nothing."""
    inside = message.get("plugindata")
    data = inside.get("data") if isinstance(inside, dict) else None
    return data if isinstance(data, dict) else {}


def number(value: object) -> int:
    """A number as Janus gives them, 0 for anything else."""
    return value if isinstance(value, int) else 0


def text(part: object, name: str) -> str:
    """What `part` says under `name`; empty for anything but text."""
    value = part.get(name) if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""


def made(answer: Body) -> int:
    """The number of what was made. JanusRefused without one."""
    data = answer.get("data")
    found = number(data.get("id")) if isinstance(data, dict) else 0
    if not found:
        raise JanusRefused(0, "no number")
    return found


def listed(answer: Body, name: str) -> list[Body]:
    """The list of objects that the plugin gives under `name`."""
    found = said(answer).get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _checked(answer: Body) -> Body:
    if answer.get("janus") == "error":
        error = answer.get("error")
        raise JanusRefused(number(error.get("code")) if isinstance(error, dict) else 0, text(error, "reason"))
    data = said(answer)
    if "error_code" in data:
        raise JanusRefused(number(data["error_code"]), text(data, "error"))
    return answer
