"""Where requests and guesses are counted: in Redis for all processes together; in this process alone while Redis does not answer."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, cast

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage, SlidingWindowCounterSupport
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from core.foundation.redis_client import redis_pool

logger = logging.getLogger("huizhen.limits")

ANSWER_S = 0.25
"""Longest wait for Redis; a request does not wait for its counting."""
AWAY_S = 2.0
"""After a failure Redis is left alone for so long."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether there was something left, and in how many seconds there is again."""

    allowed: bool
    wait_s: int = 0


class RateStore:
    """Sliding windows. Without Redis each process counts for itself: a limit is then up to as many times higher as there are processes, never off."""

    def __init__(self, redis_url: str = "") -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._pool: Any = None
        self._away_until = 0.0
        if redis_url:
            self._pool = redis_pool(redis_url, most=10, wait_s=ANSWER_S, patience_s=ANSWER_S)
            storage = RedisStorage("redis://", implementation="redispy", key_prefix="huizhen:limits", connection_pool=self._pool)
            self._shared = SlidingWindowCounterRateLimiter(storage)

    async def take(self, item: RateLimitItem, *names: str) -> Taken:
        """Count one of ``item`` for ``names`` where there is something left."""
        return await self._ask(item, names, cost=1)

    async def look(self, item: RateLimitItem, *names: str) -> Taken:
        """The same without counting."""
        return await self._ask(item, names, cost=0)

    async def give_back(self, item: RateLimitItem, *names: str) -> None:
        """Uncount one of ``item`` that was taken; once its window has passed it stays counted."""
        await self._ask(item, names, cost=-1)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def _ask(self, item: RateLimitItem, names: tuple[str, ...], *, cost: int) -> Taken:
        """``cost``: 1 counts one, 0 looks, -1 uncounts one."""
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(2 * ANSWER_S):
                    return await _of(self._shared, item, names, cost)
            except Exception as error:  # Whatever Redis does, nobody is turned away for it, and nobody is let past.
                logger.warning("counting in this process alone: %s", type(error).__name__)
                self._away_until = time.monotonic() + AWAY_S
        return await _of(self._own, item, names, cost)


async def _of(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, names: tuple[str, ...], cost: int) -> Taken:
    if cost < 0:
        counted = (await cast(SlidingWindowCounterSupport, limiter.storage).get_sliding_window(item.key_for(*names), item.get_expiry()))[2]
        return Taken(counted > 0 and await limiter.hit(item, *names, cost=cost))
    if await (limiter.hit(item, *names) if cost else limiter.test(item, *names)):
        return Taken(True)
    stats = await limiter.get_window_stats(item, *names)
    return Taken(False, max(1, min(item.get_expiry(), int(stats.reset_time - time.time()) + 1)))
