"""A transaction begun again where it met another one: deadlock, lock wait, a busy file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from core.foundation.database.away import AWAY, is_passing

if TYPE_CHECKING:
    from core.foundation.practice import Practice

T = TypeVar("T")
TRIES = 4


async def until_passed(practice: Practice, work: Callable[[], Awaitable[T]]) -> T:
    """``work``, which is one transaction and nothing else, tried again while the database says that it met another one. Raises what the last try
    raised."""
    for attempt in range(TRIES - 1):
        try:
            return await work()
        except AWAY as error:
            if not is_passing(error):
                raise
        await asyncio.sleep(practice.rng.uniform(0.005, 0.02) * 2**attempt)
    return await work()
