"""This web process's line to the media processes and to the other web processes, over Redis (`media.calls.protocol` says how)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError

from media.calls import protocol
from media.calls.protocol import AskStats, Join, LinkNews, News, Order, Reply, Request

logger = logging.getLogger("huizhen.calls")

WATCH_S = 0.4
WAITING = 200
"""Messages that may wait for one socket; whoever reads slower than that has to come again."""
_FORGET = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class NoMedia(Exception):
    """No media process answers right now."""


class Refused(Exception):
    """The engine refused; `code` is its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Lost:
    """Put into a room's queue when the media process that carried it is gone."""


Heard = str | News | LinkNews | Lost


class MediaLine:
    """One for the process; `open` it in the process's loop. One subscription carries the replies and every room that somebody is in."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._asker = secrets.token_hex(8)
        self._pubsub: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._pending: dict[str, asyncio.Future[Reply]] = {}
        self._rooms: dict[str, set[asyncio.Queue[Heard]]] = {}
        self._nodes: dict[str, str] = {}
        """The node that carries each room somebody here is in."""

    async def open(self) -> None:
        self._pubsub = self._redis.pubsub()
        await self._pubsub.subscribe(protocol.from_asker(self._asker))
        self._reader = asyncio.create_task(self._read(), name="media line")
        self._watcher = asyncio.create_task(self._watch(), name="media watch")

    async def close(self) -> None:
        for task in (self._reader, self._watcher):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._pubsub is not None:
            with contextlib.suppress(Exception):
                await self._pubsub.aclose()

    @contextlib.asynccontextmanager
    async def room(self, room: str) -> AsyncIterator[asyncio.Queue[Heard]]:
        """What is told in `room` while the context lasts."""
        queue: asyncio.Queue[Heard] = asyncio.Queue(WAITING)
        first = room not in self._rooms
        self._rooms.setdefault(room, set()).add(queue)
        try:
            if first:
                await self._pubsub.subscribe(protocol.room_channel(room))
            yield queue
        finally:
            self._rooms[room].discard(queue)
            if not self._rooms[room]:
                del self._rooms[room]
                self._nodes.pop(room, None)
                with contextlib.suppress(Exception):
                    await self._pubsub.unsubscribe(protocol.room_channel(room))

    async def tell(self, room: str, message: str) -> None:
        """Tell every web process that has somebody in `room`."""
        with contextlib.suppress(Exception):
            await self._redis.publish(protocol.room_channel(room), message)

    async def ask(self, room: str, order: Order) -> Reply:
        """Have the media process of `room` do `order`. NoMedia when none answers, Refused when the engine refuses."""
        node = await self._node_of(room, may_place=isinstance(order, Join))
        reply, heard = await self._exchange(node, order)
        if not heard:
            await self._forget(room, node)
            raise NoMedia
        self._carried_by(room, node)
        if reply is None:
            raise NoMedia
        if reply.error:
            raise Refused(reply.error)
        return reply

    async def stats(self) -> list[dict[str, Any]]:
        """What each media process counts (`media.calls.engine.EngineStats` as JSON)."""
        replies = [(await self._exchange(node, AskStats()))[0] for node in sorted(await self._redis.hkeys(protocol.NODES))]
        return [reply.stats for reply in replies if reply is not None and reply.stats is not None]

    async def _exchange(self, node: str, order: Order) -> tuple[Reply | None, bool]:
        """The reply of ``node``, None when it does not come in time; and whether anybody listened there."""
        request = Request(id=secrets.token_hex(8), asker=self._asker, order=order)
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[request.id] = answered
        try:
            if await self._redis.publish(protocol.to_node(node), request.model_dump_json()) == 0:
                return None, False
            async with asyncio.timeout(protocol.REPLY_S):
                return await answered, True
        except TimeoutError:
            return None, True
        finally:
            self._pending.pop(request.id, None)

    async def _node_of(self, room: str, *, may_place: bool) -> str:
        place = protocol.place_of(room)
        node = await self._redis.get(place)
        if node is not None and await self._listens(node):
            return str(node)
        if node is not None:
            await self._forget(room, node)
        if not may_place:
            raise NoMedia
        counted = await self._redis.hgetall(protocol.NODES)
        for candidate in sorted(counted, key=lambda name: (int(counted[name]), name)):
            if await self._listens(candidate):
                await self._redis.set(place, candidate, nx=True, ex=protocol.PLACE_LIFE_S)
                return str(await self._redis.get(place) or candidate)
            await self._redis.hdel(protocol.NODES, candidate)
        raise NoMedia

    async def _listens(self, node: str) -> bool:
        [(_, listeners)] = await self._redis.pubsub_numsub(protocol.to_node(node))
        return bool(listeners)

    async def _forget(self, room: str, node: str) -> None:
        """The node is gone. Whoever notices it, a watcher or somebody who joins, those whom it carried are told."""
        await self._redis.eval(_FORGET, 1, protocol.place_of(room), node)
        if self._nodes.get(room) == node:
            del self._nodes[room]
            self._put(room, Lost())

    def _carried_by(self, room: str, node: str) -> None:
        before = self._nodes.get(room)
        self._nodes[room] = node
        if before not in (None, node):
            self._put(room, Lost())  # who joined before another process placed the room anew

    async def _watch(self) -> None:
        """A media process that died is missed within half a second: Redis knows that nobody listens to its name any more."""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                for node in set(self._nodes.values()):
                    if not await self._listens(node):
                        for room in [room for room, carrier in self._nodes.items() if carrier == node]:
                            await self._forget(room, node)
            except Exception as error:
                logger.warning("media not watched: %s", type(error).__name__)

    async def _read(self) -> None:
        while True:
            try:
                message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            except asyncio.CancelledError:
                raise
            except Exception:  # Redis was restarted: the same object subscribes again by itself.
                logger.warning("media line lost, listening again")
                await asyncio.sleep(0.3)
                continue
            if message is not None:
                self._deliver(message["channel"], message["data"])

    def _deliver(self, channel: str, data: str) -> None:
        if channel == protocol.from_asker(self._asker):
            with contextlib.suppress(ValidationError):
                reply = Reply.model_validate_json(data)
                waiting = self._pending.get(reply.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
            return
        room = channel.removeprefix(protocol.room_channel(""))
        try:
            self._put(room, protocol.news_adapter.validate_json(data))
        except ValidationError:
            self._put(room, data)

    def _put(self, room: str, heard: Heard) -> None:
        for queue in self._rooms.get(room, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(heard)
