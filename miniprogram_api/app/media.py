"""A media process: carries the calls. `python -m miniprogram_api.app.media`. It knows rooms and seats, no person, no database, no WeChat."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import time

import uvloop
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from core.foundation.redis_client import redis_client
from media.calls.node import Node
from miniprogram_api.app import logging as house_logging
from miniprogram_api.app import settings as house_settings
from miniprogram_api.app.calls import engine_of
from miniprogram_api.app.process import PROCESS_NAME, announce_ready


async def main() -> None:
    settings = house_settings.read()
    redis = redis_client(settings.redis_url, most=10, retry=Retry(ExponentialBackoff(cap=1, base=0.05), 6))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    name = f"{os.environ.get(PROCESS_NAME, 'media')}:{secrets.token_hex(6)}"
    make_engine, on_beat = engine_of(settings, redis, name)
    node = Node(make_engine, redis, name, time.monotonic, on_beat=on_beat, recordings=settings.recordings_dir)
    running = asyncio.create_task(node.run(), name="media node")
    stopping = asyncio.create_task(stop.wait())
    listening = asyncio.create_task(node.listening.wait())
    await asyncio.wait({running, stopping, listening}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done() and not stop.is_set():
        # What is loaded by now stays: the collector need not look at it again between two packets.
        gc.collect()
        gc.freeze()
        announce_ready()
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    stopping.cancel()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await redis.aclose()


if __name__ == "__main__":
    house_logging.configure(os.environ.get(PROCESS_NAME, "media"))
    uvloop.run(main())
