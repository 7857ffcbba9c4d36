"""Whoever is called off while he talks to Redis ends; whoever gets no answer hears so in time."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from core.foundation.redis_client import redis_client
from miniprogram_api.app.redis_server import redis_process


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    spec, url = redis_process(tmp_path)
    process = subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - started once, before anything waits
    client = redis_client(url)
    for _ in range(200):
        try:
            await client.ping()
            break
        except RedisError:
            await asyncio.sleep(0.02)
    await client.aclose()
    yield url
    process.kill()
    process.wait()


async def test_who_is_called_off_between_any_two_steps_ends_at_once(url: str):
    """A task of redis-py itself outlives more than half of these under Python 3.11."""
    client = redis_client(url)
    rng = random.Random(1)

    async def always() -> None:
        while True:
            await client.hset("seat", "expert", "here")

    lived_on = 0
    for _ in range(600):
        task = asyncio.create_task(always())
        for _ in range(rng.randrange(1, 30)):
            await asyncio.sleep(0)
        task.cancel()
        while not (await asyncio.wait([task], timeout=1))[0]:
            lived_on += 1
            task.cancel()
    await client.aclose()
    assert lived_on == 0


async def test_a_connection_serves_on_after_somebody_was_called_off(url: str):
    client = redis_client(url, most=1)
    for steps in range(40):
        task = asyncio.create_task(client.set("number", steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await client.set("answer", f"of {steps}")
        assert await client.get("answer") == f"of {steps}"
    await client.aclose()


async def test_a_subscription_waits_longer_than_the_patience_of_a_command(url: str):
    client = redis_client(url, patience_s=0.2)
    subscription: Any = client.pubsub()
    await subscription.subscribe("room")
    assert (await subscription.get_message(timeout=1))["type"] == "subscribe"
    hearing = asyncio.create_task(subscription.get_message(timeout=None))
    await asyncio.sleep(0.6)
    assert await client.publish("room", "hello") == 1
    assert (await hearing)["data"] == "hello"
    assert await subscription.get_message(timeout=0.3) is None
    await subscription.aclose()
    await client.aclose()


async def test_a_redis_that_takes_the_command_and_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = redis_client(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", patience_s=0.2, retry=None)
        with pytest.raises(RedisTimeout):
            async with asyncio.timeout(20):
                await client.get("anything")
        await client.aclose()
