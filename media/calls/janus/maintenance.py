"""An operator's wish that a Janus take no new room, and what a media process finds of its Janus servers, over Redis (media.calls.protocol)."""

from __future__ import annotations

from typing import Any

from media.calls import protocol
from media.calls.janus.engine import JanusEngine
from media.calls.protocol import JanusSeen


async def follow(engine: JanusEngine, redis: Any, node: str) -> None:
    """Do what the operator wishes, and say how it stands; with every beat of the media process `node`."""
    engine.drain(await redis.smembers(protocol.JANUS_DRAINING))
    seen = tuple(JanusSeen(name=one.name, state=one.state, rooms=one.rooms) for one in engine.nodes())
    await redis.set(protocol.janus_of(node), protocol.seen_adapter.dump_json(seen).decode(), ex=protocol.JANUS_SEEN_S)


async def drain(redis: Any, name: str) -> None:
    await redis.sadd(protocol.JANUS_DRAINING, name)


async def resume(redis: Any, name: str) -> None:
    await redis.srem(protocol.JANUS_DRAINING, name)


async def seen(redis: Any) -> tuple[JanusSeen, ...]:
    """Every Janus by name, over all media processes: rooms are added up; the state is the worst that anybody finds, and `empty` only what all
    find empty."""
    worst = ("down", "draining", "up", "empty")
    found: dict[str, JanusSeen] = {}
    for node in await redis.hkeys(protocol.NODES):
        data = await redis.get(protocol.janus_of(node))
        for one in protocol.seen_adapter.validate_json(data) if data else ():
            before = found.get(one.name)
            state = one.state if before is None else min(before.state, one.state, key=worst.index)
            found[one.name] = JanusSeen(name=one.name, state=state, rooms=one.rooms + (0 if before is None else before.rooms))
    return tuple(found[name] for name in sorted(found))
