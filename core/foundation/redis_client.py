"""Connections to Redis that let go of whoever is called off.

Before Python 3.12 `asyncio.wait_for` gives the result, and forgets that its task was called off, where both happen at once
(python/cpython#86296), and redis-py sends every command through it: a task that talks to Redis again and again may live on after it was
called off, and whoever waits for its end waits for ever. `asyncio.timeout` does not forget.
"""

from __future__ import annotations

import asyncio
import builtins
import math
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import TimeoutError as RedisTimeout

PATIENCE_S = 5.0


class _LetsGo:
    """Before a connection of redis-py: the same patience with a command and with its answer, without `asyncio.wait_for`."""

    def __init__(self, *, socket_timeout: float = PATIENCE_S, **options: Any) -> None:
        super().__init__(**options, socket_timeout=None, socket_connect_timeout=socket_timeout)  # type: ignore[call-arg]
        self._patience_s = socket_timeout

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        await self._in_time(super().send_packed_command(*args, **options))  # type: ignore[misc]

    async def read_response(self, disable_decoding: bool = False, timeout: float | None = None, **options: Any) -> Any:  # noqa: ASYNC109 - its name
        """As redis-py has it: no ``timeout`` is the patience of the connection, ``math.inf`` waits for ever."""
        reading = super().read_response(disable_decoding, math.inf if timeout is None else timeout, **options)  # type: ignore[misc]
        return await (self._in_time(reading) if timeout is None else reading)

    async def _in_time(self, work: Any) -> Any:
        try:
            async with asyncio.timeout(self._patience_s):
                return await work
        except builtins.TimeoutError:
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise RedisTimeout("Redis did not answer in time") from None


class _Tcp(_LetsGo, Connection):
    pass


class _Tls(_LetsGo, SSLConnection):
    pass


class _Unix(_LetsGo, UnixDomainSocketConnection):
    pass


_OURS: dict[type, type] = {Connection: _Tcp, SSLConnection: _Tls, UnixDomainSocketConnection: _Unix}


def redis_pool(url: str, *, most: int = 20, wait_s: float = PATIENCE_S, patience_s: float = PATIENCE_S, **options: Any) -> BlockingConnectionPool:
    """At most ``most`` connections to ``url`` (redis, rediss or unix), for one of which at most ``wait_s`` is waited."""
    pool = BlockingConnectionPool.from_url(url, max_connections=most, timeout=wait_s, socket_timeout=patience_s, **options)
    pool.connection_class = _OURS[pool.connection_class]
    return pool


def redis_client(url: str, **options: Any) -> Any:
    """A client with text answers over its own :func:`redis_pool`, which is closed with it; a Redis that is being restarted is tried for again."""
    return Redis.from_pool(redis_pool(url, decode_responses=True, **options))
