"""The process around an engine: takes requests from Redis, answers them, tells what happens in its rooms, and says that it is there."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from media.calls import protocol
from media.calls.engine import CallError, Engine, Limits, LinkNews, MediaEvent, Tell
from media.calls.protocol import (
    Accept,
    AskStats,
    CloseRoom,
    CreateRoom,
    Join,
    JoinedReply,
    Leave,
    Limit,
    LimitsOf,
    News,
    Record,
    RecordNews,
    Reply,
    Request,
    SlotOf,
    StopRecord,
)
from media.calls.recording import Trouble
from media.calls.room_recorders import RecordingRefused, RoomRecorders

logger = logging.getLogger("huizhen.calls")

BEAT_S = 0.5
EMPTY_ROOM_S = 60.0
"""A room that nobody has been in for so long is closed: it comes up again with whoever joins."""


class Node:
    """`name` is this run's alone. `make_engine` is given where to tell events; `clock` gives monotonic seconds; `on_beat` is done with every
    beat, whatever else an engine needs. `recordings`: the folder for dumps; without one nothing can be recorded here."""

    def __init__(
        self,
        make_engine: Callable[[Tell], Engine],
        redis: Any,
        name: str,
        clock: Callable[[], float],
        *,
        on_beat: Callable[[], Awaitable[None]] | None = None,
        recordings: Path | None = None,
    ) -> None:
        self.name, self._redis, self._clock, self._on_beat = name, redis, clock, on_beat
        self._engine = make_engine(self._tell)
        self._recording = None if recordings is None else RoomRecorders(self._engine, recordings, clock, time.time, self._tell_of_recording)
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty_since: dict[str, float] = {}
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; a Redis that goes away and comes back is listened to again."""
        beating = asyncio.create_task(self._beat(), name="media node beat")
        try:
            while True:
                subscription = self._redis.pubsub()
                try:
                    await subscription.subscribe(protocol.to_node(self.name))
                    await self._redis.hset(protocol.NODES, self.name, 0)
                    self.listening.set()
                    while True:
                        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=5)
                        if message is not None:
                            self._start(self._serve(message["data"]))
                except asyncio.CancelledError:
                    raise
                except Exception as error:
                    logger.warning("requests lost, listening again: %s", type(error).__name__)
                    await asyncio.sleep(0.3)
                finally:
                    with contextlib.suppress(Exception):
                        await subscription.aclose()
        finally:
            beating.cancel()
            with contextlib.suppress(Exception):
                await self._redis.hdel(protocol.NODES, self.name)
            if self._recording is not None:
                await self._recording.close()
            await self._engine.close()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, data: str) -> None:
        try:
            request = protocol.request_adapter.validate_json(data)
        except ValidationError:
            logger.warning("unreadable request")
            return
        try:
            reply = await self._carry_out(request)
        except CallError as refused:
            reply = Reply(id=request.id, error=refused.code)
        except Exception as error:
            logger.exception("request %s failed: %s", request.order.op, type(error).__name__)
            reply = Reply(id=request.id, error="failed")
        await self._publish(protocol.from_asker(request.asker), reply.model_dump_json())

    async def _carry_out(self, request: Request) -> Reply:
        order = request.order
        if isinstance(order, Join):
            await self._engine.create_room(order.room, order.seats)
            self._empty_since.pop(order.room, None)
            joined = await self._engine.join(order.room, order.seat, order.member, order.offer)
            if order.limits is not None:  # he has the answer only after this, and sends nothing before he has it
                await self._engine.limit(order.room, order.member, _limits(order.limits))
            slots = tuple(SlotOf(seat=slot.seat, stream=slot.stream) for slot in joined.slots)
            return Reply(id=request.id, joined=JoinedReply(answer=joined.answer, offer=joined.offer, slots=slots))
        if isinstance(order, CreateRoom):
            await self._engine.create_room(order.room, order.seats)
        elif isinstance(order, Accept):
            await self._engine.accept(order.room, order.member, order.answer)
        elif isinstance(order, Limit):
            await self._engine.limit(order.room, order.member, _limits(order.limits))
        elif isinstance(order, Leave):
            await self._engine.leave(order.room, order.member)
        elif isinstance(order, CloseRoom):
            await self._close_room(order.room)
        elif isinstance(order, Record):
            await self._recorders().record(order)
        elif isinstance(order, StopRecord):
            await self._recorders().stop(order.room, order.recording)
        elif isinstance(order, AskStats):
            return Reply(id=request.id, stats=dataclasses.asdict(await self._engine.stats()))
        return Reply(id=request.id)

    def _tell(self, event: MediaEvent | LinkNews) -> None:
        news: News | protocol.LinkNews
        if isinstance(event, MediaEvent):
            news = News(seat=event.seat, member=event.member, kind=event.kind)
        else:
            news = protocol.LinkNews(seat=event.seat, member=event.member, **dataclasses.asdict(event.state))
        self._start(self._publish(protocol.room_channel(event.room), news.model_dump_json()))

    def _recorders(self) -> RoomRecorders:
        if self._recording is None:
            raise RecordingRefused
        return self._recording

    def _tell_of_recording(self, room: str, recording: str, trouble: Trouble) -> None:
        news = RecordNews(recording=recording, trouble=trouble)
        self._start(self._publish(protocol.room_channel(room), news.model_dump_json()))

    async def _publish(self, channel: str, data: str) -> None:
        try:
            await self._redis.publish(channel, data)
        except Exception as error:  # The asker hears nothing, says so, and the client tries again.
            logger.warning("answer not sent: %s", type(error).__name__)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            if self._recording is not None:
                await self._recording.end_unwanted()
            try:
                await self._say_that_we_are_here()
                if self._on_beat is not None:
                    await self._on_beat()
            except Exception as error:
                logger.warning("beat not sent: %s", type(error).__name__)

    async def _say_that_we_are_here(self) -> None:
        rooms = (await self._engine.stats()).rooms
        await self._redis.hset(protocol.NODES, self.name, len(rooms))
        now = self._clock()
        for room in rooms:
            if room.members:
                self._empty_since.pop(room.room, None)
            elif now - self._empty_since.setdefault(room.room, now) > EMPTY_ROOM_S:
                await self._close_room(room.room)
                continue
            await self._redis.set(protocol.place_of(room.room), self.name, ex=protocol.PLACE_LIFE_S)

    async def _close_room(self, room: str) -> None:
        if self._recording is not None:
            await self._recording.room_closed(room)
        await self._engine.close_room(room)
        self._empty_since.pop(room, None)
        await self._redis.delete(protocol.place_of(room))


def _limits(limits: LimitsOf) -> Limits:
    return Limits(limits.send_bits, frozenset(limits.muted), frozenset(limits.unwanted), limits.prefers, limits.reads_image)
