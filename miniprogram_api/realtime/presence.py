"""Who is in a room right now, as web processes tell each other: a Redis hash, seat → `SeatHere` with the time it was last confirmed.

It only paints the room for who comes in; who attended stands in the database (core/calls).
"""

from __future__ import annotations

import json
from typing import Any

from miniprogram_api.realtime.messages import SILENCE_S, SeatHere

LIFE_S = 6 * 3600


def _key(room: str) -> str:
    return f"huizhen:call:{room}:seats"


class Presence:
    """`now` is real time in seconds since 1970: processes compare it."""

    def __init__(self, redis: Any, room: str) -> None:
        self._redis, self._room = redis, room

    async def put(self, here: SeatHere, now: float) -> None:
        await self._redis.hset(_key(self._room), here.seat, json.dumps({"here": here.model_dump(), "seen": now}))
        await self._redis.expire(_key(self._room), LIFE_S)

    async def take_away(self, here: SeatHere) -> bool:
        """False when somebody else sits there by now."""
        kept = await self._redis.hget(_key(self._room), here.seat)
        if kept is not None and json.loads(kept)["here"]["member"] != here.member:
            return False
        await self._redis.hdel(_key(self._room), here.seat)
        return True

    async def all(self, now: float) -> tuple[SeatHere, ...]:
        kept = await self._redis.hgetall(_key(self._room))
        found = [json.loads(value) for value in kept.values()]
        return tuple(SeatHere.model_validate(one["here"]) for one in found if now - one["seen"] < SILENCE_S + 15)
