"""The house's end of the robot's long connection: one process holds it by lease, callbacks go through the same inbox as any other.

A stream that the platform would ask for again and again over HTTP is asked for here, in its place, and sent on when its text changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tortoise.exceptions import OperationalError

from bot.channels import wecom_robot_connection as wire
from bot.channels.api.errors import ApiError, NotTrusted, PlatformBusy, QuotaSpent, Unreachable
from bot.channels.document import write_json
from bot.channels.settings import WeComRobotSettings
from bot.channels.stops import Stops
from bot.channels.wecom_robot_connection import ConnectedRobot, Frame, RobotConnection
from bot.inbox.answer import HttpAnswer
from bot.inbox.inbox import Inbox
from core.foundation.leases import release_lease, take_lease
from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.robot")

AT_ONCE = 32
REMEMBERED = 1000
"""req_ids of callbacks that are not answered twice."""
_COMMANDS = {"update_template_card": "aibot_respond_update_msg", "enter_chat": "aibot_respond_welcome_msg"}


@dataclass(frozen=True, slots=True)
class LineTiming:
    """Seconds. ``stream``: how long the platform lets a text grow, with room to end it."""

    wire: wire.Timing = field(default_factory=wire.Timing)
    lease: float = 20.0
    renew: float = 5.0
    back_off: float = 1.0
    back_off_most: float = 30.0
    stream: float = 330.0
    taken_within: float = 120.0


@dataclass(frozen=True, slots=True)
class LineLeases:
    """Names of the leases of one robot's line. ``line``: who may connect. ``live``: taken beside it while the connection is subscribed, so that
    others than the holder can tell a line that works from one that is only tried."""

    line: str
    live: str


def leases_of(aibotid: str) -> LineLeases:
    digest = hashlib.sha256(aibotid.encode()).hexdigest()[:24]
    return LineLeases(f"robot-line:{digest}", f"robot-live:{digest}")


def account_of(aibotid: str) -> str:
    """What the robot is called where a platform's refusals are kept."""
    return f"wecom_robot:{aibotid}"


class RobotLine:
    """``start`` it in every worker: whoever has the lease connects, the others wait for it to lapse."""

    def __init__(
        self, practice: Practice, inbox: Inbox, settings: WeComRobotSettings, stops: Stops, *, holder: str, timing: LineTiming | None = None
    ) -> None:
        self._practice, self._inbox, self._settings, self._stops, self._holder = practice, inbox, settings, stops, holder
        self._timing = timing or LineTiming()
        self._channel = ConnectedRobot(settings)
        self._account = account_of(settings.aibotid)
        leases = leases_of(settings.aibotid)
        self._lease, self._live_lease = leases.line, leases.live
        self._connection: RobotConnection | None = None
        self._room = asyncio.Semaphore(AT_ONCE)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._at_work: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    @property
    def live(self) -> bool:
        """Whether this process holds a connection that is subscribed."""
        return self._connection is not None and self._connection.live

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="robot line")

    async def stop(self) -> None:
        """Close the connection, finish what was heard, give the lease back."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            self._running = None
        for task in list(self._at_work):
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        with contextlib.suppress(OperationalError):
            await release_lease(self._lease, self._holder, self._practice)

    async def send(self, chatid: str, group: bool, payload: Mapping[str, Any]) -> None:
        """Words or a card unprompted, where somebody wrote to the robot before. ApiError; PlatformBusy where the conversation has had too many."""
        connection = self._connection
        if connection is None or not connection.live:
            raise Unreachable("aibot_send_msg", "this process does not hold the connection", sent=False)
        try:
            await connection.ask("aibot_send_msg", {"chatid": chatid, "chat_type": 2 if group else 1, **payload})
        except QuotaSpent:
            # Counted for each conversation and minute: no matter of the account.
            raise PlatformBusy("aibot_send_msg", note="one conversation gets no more for the moment") from None

    # holding the connection

    async def _run(self) -> None:
        pause = self._timing.back_off
        while True:
            try:
                if not await take_lease(self._practice, self._lease, self._holder, self._timing.lease):
                    await asyncio.sleep(self._timing.renew)
                    continue
                began = asyncio.get_running_loop().time()
                await self._while_ours()
                lasted = asyncio.get_running_loop().time() - began
                pause = self._timing.back_off if lasted > self._timing.back_off_most else min(pause * 2, self._timing.back_off_most)
            except OperationalError as error:
                logger.warning("robot line: %s", type(error).__name__)
            await asyncio.sleep(pause * self._practice.rng.uniform(0.7, 1.3))

    async def _while_ours(self) -> None:
        """Connect and serve until the connection ends or the lease is lost."""
        serving = asyncio.create_task(self._serve(), name="robot connection")
        keeping = asyncio.create_task(self._keep_lease(), name="robot lease")
        try:
            await asyncio.wait({serving, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (serving, keeping):
                task.cancel()
            ended = await asyncio.gather(serving, keeping, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one

    async def _keep_lease(self) -> None:
        """Returns when the lease is somebody else's, or could not be renewed before it lapsed."""
        loop = asyncio.get_running_loop()
        good_until = loop.time() + self._timing.lease
        while loop.time() < good_until:
            await asyncio.sleep(self._timing.renew)
            began = loop.time()
            try:
                if not await take_lease(self._practice, self._lease, self._holder, self._timing.lease):
                    return
                good_until = began + self._timing.lease
                if self.live:
                    await take_lease(self._practice, self._live_lease, self._holder, self._timing.lease)
            except OperationalError as error:
                logger.warning("robot lease not renewed: %s", type(error).__name__)

    async def _serve(self) -> None:
        connection = RobotConnection(self._settings, self._heard, ids=self._practice.ids.new, timing=self._timing.wire)
        try:
            async with self._stops.around(self._account, "aibot_subscribe"):
                await connection.open()
                self._connection = connection
                await connection.serve()
        except ApiError as error:
            logger.warning("robot line: %s", error)
        finally:
            self._connection = None
            with contextlib.suppress(OperationalError):
                await release_lease(self._live_lease, self._holder, self._practice)
        if connection.displaced:
            await self._stand_aside()

    async def _stand_aside(self) -> None:
        """Somebody else connected with the same robot. Where the lease is still ours it was nobody of this house: coming back would only throw each
        other out in turn, so nothing is done until this process is started again. It keeps the lease, so that no other of the house tries either."""
        if not await take_lease(self._practice, self._lease, self._holder, self._timing.lease):
            return
        logger.error("another connection took over the robot: not connecting again until the worker is restarted")
        with contextlib.suppress(NotTrusted):
            async with self._stops.around(self._account, "displaced"):
                raise NotTrusted("displaced")
        await asyncio.Event().wait()

    # answering

    def _heard(self, frame: Frame) -> None:
        req_id, connection = frame["headers"]["req_id"], self._connection
        if connection is None or req_id in self._seen:
            return
        self._seen[req_id] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        task = asyncio.create_task(self._answer(connection, req_id, frame["body"]), name="robot callback")
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _answer(self, connection: RobotConnection, req_id: str, body: Frame) -> None:
        async with self._room:
            loop = asyncio.get_running_loop()
            until = loop.time() + self._timing.stream
            answer = await self._taken(write_json(body))
            last: Frame = {}
            while answer is not None and answer.body:
                payload = json.loads(answer.body)
                stream: Frame = payload.get("stream") or {}
                running = bool(stream) and not stream.get("finish", False) and loop.time() < until
                if payload != last and not await self._responded(connection, req_id, body, payload):
                    if not running:
                        await self._inbox.undelivered(self._channel, write_json(body))
                    # What is still being written is looked for by the sweep and goes by push.
                    return
                if not running:
                    return
                last = payload
                kept: Frame = {name: body[name] for name in ("aibotid", "chatid", "chattype", "from") if name in body}
                again: Frame = {"msgid": self._practice.ids.new(), **kept, "msgtype": "stream", "stream": {"id": stream.get("id", "")}}
                answer = await self._taken(write_json(again))

    async def _taken(self, body: bytes) -> HttpAnswer | None:
        """The inbox's answer. The platform sends a frame once: while the database is away we try again in its place."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._timing.taken_within, 0.5
        while True:
            answer = await self._inbox.receive(self._channel, {}, {}, body)
            if answer.status == 200:
                return answer
            if answer.status != 503 or loop.time() > until:
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    async def _responded(self, connection: RobotConnection, req_id: str, body: Frame, payload: Frame) -> bool:
        event = body.get("event")
        named = str(payload.get("response_type") or (event.get("eventtype") if isinstance(event, dict) else ""))
        try:
            await connection.ask(_COMMANDS.get(named, "aibot_respond_msg"), payload, req_id)
        except ApiError as error:
            logger.warning("answer over the robot's connection not taken: %s", error)
            return False
        return True
