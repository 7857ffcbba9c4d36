"""Puts one process together: settings → database, Redis, keys, blobs → practice → platforms. Engines only where they are asked for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from bot.channels.connections import Apis, Channels, connect_channels
from bot.channels.settings import Addresses, ChannelSettings
from bot.sending.stopped import report
from core.foundation.clock import SystemClock
from core.foundation.counting import Counts
from core.foundation.database.connection import close_database, open_database
from core.foundation.demonstration import read_offset
from core.foundation.guard import install_guard
from core.foundation.ids import Ids
from core.foundation.lifecycle import Terms, set_terms
from core.foundation.practice import Engines, Practice
from core.foundation.rates import RateStore
from core.foundation.redis_client import redis_client
from core.foundation.signals import RedisSignals
from core.practice_rooms import load_rooms
from media.calls.turn import Relays
from miniprogram_api.app.calls import relays_of
from miniprogram_api.app.files import open_files
from miniprogram_api.app.key_ring import key_ring
from miniprogram_api.app.settings import Settings

logger = logging.getLogger("huizhen.composition")

CLOCK_POLL_S = 1.0


@dataclass(slots=True)
class House:
    """What one process works with."""

    settings: Settings
    practice: Practice
    channel_settings: ChannelSettings
    channels: Channels
    apis: Apis
    redis: Any
    relays: Relays


@contextlib.asynccontextmanager
async def open_house(settings: Settings, *, engines: Engines | None = None) -> AsyncIterator[House]:
    """Everything open in this process's own loop, closed at the end."""
    install_guard(asyncio.get_running_loop())
    load_rooms()
    set_terms(Terms(settings.keep_record_years, settings.keep_process_years))
    relays = relays_of(settings)
    redis = redis_client(settings.redis_url, retry=Retry(ExponentialBackoff(cap=1, base=0.05), 6))
    signals = RedisSignals(redis)
    clock = SystemClock()
    rng = random.SystemRandom()
    ids = Ids(clock.real_now, rng)
    keys = key_ring(settings, clock)
    practice = Practice(
        clock=clock,
        ids=ids,
        rng=rng,
        keys=keys,
        blobs=open_files(settings, keys),
        signals=signals,
        engines=engines or Engines(),
        demo=settings.demo,
        rates=RateStore(settings.redis_url),
        counts=Counts(redis),
    )
    channel_settings = ChannelSettings.read(
        settings.channels_file,
        Addresses(
            wechat_api=settings.wechat_api_base, wechat_open=settings.wechat_open_base, wecom_api=settings.wecom_api_base, pages=settings.public_url
        ),
    )
    apis = Apis(channel_settings, redis, clock=clock.real_now, ids=lambda: secrets.token_hex(16), spread=rng)
    apis.stops.told = partial(report, practice)
    await open_database(settings.database_url, settings.keyring_url)
    signals.start()
    watching = asyncio.create_task(keys.follow(signals), name="follow keys")
    counting = asyncio.create_task(practice.counts.keep(), name="add up counts")
    following = asyncio.create_task(_follow_clock(practice), name="follow clock") if settings.demo else None
    try:
        await keys.start()
        if settings.demo:
            await read_offset(practice)
        yield House(settings, practice, channel_settings, connect_channels(channel_settings), apis, redis, relays)
    finally:
        watching.cancel()
        counting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await counting
        if following is not None:
            following.cancel()
        await signals.close()
        await apis.close()
        await practice.rates.close()
        await close_database()
        await redis.aclose()


async def _follow_clock(practice: Practice) -> None:
    with practice.signals.listen("clock") as bell:
        while True:
            await bell.wait(CLOCK_POLL_S)
            try:
                await read_offset(practice)
            except Exception as error:  # The database may be away for a moment.
                logger.warning("clock not read: %s", type(error).__name__)
