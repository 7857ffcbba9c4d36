"""The robot's long connection, for a house that has no public address: frames {cmd, headers: {req_id}, body} over one WebSocket.

Here is the wire alone: subscribing, heartbeats, callbacks handed on, answers acknowledged. Which process holds it, and what is said, is
``bot.inbox.robot_line``'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bot.channels.api.errors import ApiError, NotTrusted, PlatformBusy, Unreachable, error_of
from bot.channels.channel import JSON
from bot.channels.crypto import Opened
from bot.channels.document import read_json, write_json
from bot.channels.message import Incoming
from bot.channels.outgoing import Outgoing, Reply
from bot.channels.own_pages import addressed
from bot.channels.refused import Reason, Refused
from bot.channels.settings import WeComRobotSettings, is_loopback
from bot.channels.wecom_robot import WeComRobot

Frame = dict[str, Any]
logger = logging.getLogger("huizhen.robot")
# The library prints whole frames when it is asked to debug: people's words, and the secret.
_WIRE = logging.getLogger("huizhen.robot.wire")
_WIRE.setLevel(logging.WARNING)

FRAME_BYTES = 1 << 20
NOT_SUBSCRIBED = 846609
"""The platform has forgotten this connection although it stands: only a new one helps (reported by developers, in no document)."""
_CALLBACKS = ("aibot_msg_callback", "aibot_event_callback")


class ConnectedRobot(WeComRobot):
    """The robot whose callbacks come as bodies of frames: trusted by the connection, not sealed. Answers are the payloads themselves."""

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """There is no address to verify."""
        raise Refused(Reason.MODE)

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """One message or event. Refused where it is none of this robot's."""
        return self._translated(read_json(body), Opened(body, "current"), now)

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """The payload that this callback can carry, empty where there is nothing to say."""
        payload, rest = self._payload(incoming, addressed(outgoing, self._settings.callback_url))
        return Reply(body=b"" if payload is None else write_json(payload), content_type=JSON, rest=rest)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    connect: float = 10.0
    answer: float = 5.0
    heartbeat: float = 30.0


class RobotConnection:
    """One connection from its opening to its end. ``heard`` is called with each callback's frame and must not wait."""

    def __init__(self, settings: WeComRobotSettings, heard: Callable[[Frame], None], *, ids: Callable[[], str], timing: Timing) -> None:
        self._settings, self._heard, self._ids, self._timing = settings, heard, ids, timing
        self._socket: ClientConnection | None = None
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        self.live = False
        self.displaced = False
        """A newer connection of the same robot took over."""

    async def open(self) -> None:
        """Connect and subscribe. Unreachable, or NotTrusted where the platform does not know the secret."""
        address = self._settings.connection_url
        proxy: Literal[True] | None = None if is_loopback(address) else True
        try:
            async with asyncio.timeout(self._timing.connect):
                self._socket = await connect(address, proxy=proxy, max_size=FRAME_BYTES, logger=_WIRE, ping_interval=None)
        except (OSError, TimeoutError, WebSocketException, ValueError) as error:
            raise Unreachable("aibot_subscribe", type(error).__name__, sent=False) from None

    async def serve(self) -> None:
        """Subscribe, then hand on callbacks until the connection ends, however it does. ApiError where subscribing is refused."""
        assert self._socket is not None  # noqa: S101 - opened before
        reading = asyncio.create_task(self._read(self._socket), name="robot read")
        beating: asyncio.Task[None] | None = None
        try:
            await self._subscribe()
            self.live = True
            beating = asyncio.create_task(self._beat(), name="robot heartbeat")
            await asyncio.wait({reading, beating}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.live = False
            for task in filter(None, (reading, beating)):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ApiError):
                    await task
            await self.close()

    async def try_out(self) -> None:
        """Connect, subscribe and end it. ApiError where that does not work. The platform ends an older connection of the same robot by it."""
        await self.open()
        assert self._socket is not None  # noqa: S101 - opened before
        reading = asyncio.create_task(self._read(self._socket), name="robot read")
        try:
            await self._subscribe()
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            await self.close()

    async def close(self) -> None:
        """End it; whoever waits for an acknowledgement is told that there will be none."""
        self.live = False
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Unreachable("aibot", "the connection ended", sent=True))
                waiting.exception()
        self._waiting.clear()
        if self._socket is not None:
            with contextlib.suppress(WebSocketException, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._socket.close()

    async def ask(self, cmd: str, body: Mapping[str, Any], req_id: str = "") -> Frame:
        """Send one frame and wait for its acknowledgement. ApiError where it is refused or none comes; one at a time for one ``req_id``."""
        req_id = req_id or f"{cmd}_{self._ids()}"
        if self._socket is None or req_id in self._waiting:
            raise Unreachable(cmd, "not connected", sent=False)
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[req_id] = waiting
        try:
            async with asyncio.timeout(self._timing.answer):
                await self._socket.send(write_json({"cmd": cmd, "headers": {"req_id": req_id}, "body": body}).decode())
                answer = await waiting
        except (TimeoutError, WebSocketException, OSError) as error:
            raise Unreachable(cmd, type(error).__name__, sent=True) from None
        finally:
            self._waiting.pop(req_id, None)
        code = answer.get("errcode")
        if not isinstance(code, int):
            raise Unreachable(cmd, "errcode is not a number", sent=True)
        if code == NOT_SUBSCRIBED and self.live:
            logger.warning("the platform has forgotten the robot's connection: a new one is made")
            self.live = False
            await self._socket.close()
            raise Unreachable(cmd, "subscription lost", sent=False)
        if code:
            raise error_of(cmd, code, {})
        return answer

    async def _subscribe(self) -> None:
        secret = self._settings.secret
        body = {"bot_id": self._settings.aibotid, "secret": secret.get_secret_value() if secret is not None else ""}
        try:
            await self.ask("aibot_subscribe", body)
        except (Unreachable, PlatformBusy):
            raise
        except ApiError as error:
            # Whatever the number: a robot that may not subscribe will not be allowed to by trying again.
            raise NotTrusted("aibot_subscribe", error.code) from None

    async def _beat(self) -> None:
        """Until two heartbeats in a row are not answered."""
        missed = 0
        while missed < 2:
            await asyncio.sleep(self._timing.heartbeat)
            try:
                await self.ask("ping", {})
                missed = 0
            except ApiError:
                missed += 1

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for raw in socket:
                frame = _frame(raw)
                if frame is None:
                    logger.warning("a frame of the robot's connection cannot be read")
                    continue
                if frame.get("cmd") in _CALLBACKS:
                    if _event_of(frame) == "disconnected_event":
                        self.displaced = True
                        return
                    self._heard(frame)
                elif (waiting := self._waiting.get(frame["headers"]["req_id"])) is not None and not waiting.done():
                    waiting.set_result(frame)
        except (WebSocketException, OSError) as error:
            logger.info("the robot's connection ended: %s", type(error).__name__)


def _frame(raw: str | bytes) -> Frame | None:
    """A frame with a req_id and, if it is a callback, a body; None for anything else."""
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict) or not isinstance(frame.get("headers"), dict) or not isinstance(frame["headers"].get("req_id"), str):
        return None
    if frame.get("cmd") in _CALLBACKS and not isinstance(frame.get("body"), dict):
        return None
    return frame


def _event_of(frame: Frame) -> object:
    event = frame["body"].get("event")
    return event.get("eventtype") if isinstance(event, dict) else None
