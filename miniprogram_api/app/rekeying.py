"""A practice opened beside the running house, to renew its keys: databases, keys, files, and the bell that the other processes hear."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator

from core.foundation.clock import SystemClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.ids import Ids
from core.foundation.practice import Practice
from core.foundation.redis_client import redis_client
from core.foundation.signals import LocalSignals, RedisSignals, Signals
from miniprogram_api.app.files import open_files
from miniprogram_api.app.key_ring import key_ring
from miniprogram_api.app.presence import check_there, reading
from miniprogram_api.app.redis_server import socket_path
from miniprogram_api.app.settings import Settings


@contextlib.asynccontextmanager
async def open_for_rekeying(settings: Settings) -> AsyncIterator[Practice]:
    """FileNotFoundError without master keys, UnusableMasterKeys, NothingHere."""
    await check_there(settings)
    clock, rng = SystemClock(), random.SystemRandom()
    keys = key_ring(settings, clock)
    async with contextlib.AsyncExitStack() as stack:
        signals = await stack.enter_async_context(_bell(settings))
        await open_database(settings.database_url, settings.keyring_url)
        stack.push_async_callback(close_database)
        with reading(settings):
            await keys.start()
        yield Practice(clock, Ids(clock.real_now, rng), rng, keys, open_files(settings, keys), signals, demo=settings.demo)


@contextlib.asynccontextmanager
async def _bell(settings: Settings) -> AsyncIterator[Signals]:
    """Redis where it runs; without it the other processes look by themselves, a second later."""
    url = settings.redis_url
    if not url:
        socket = socket_path(settings.data_dir / "redis")
        if not socket.exists():
            yield LocalSignals()
            return
        url = f"unix://{socket}"
    redis = redis_client(url)
    try:
        yield RedisSignals(redis)
    finally:
        await redis.aclose()
