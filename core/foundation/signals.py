"""Wake-ups between processes: Redis only makes things fast; whoever waits also polls the database, so nothing depends on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Protocol, Self

logger = logging.getLogger("huizhen.signals")


class Bell:
    """Hears one name from the moment it is opened: look into the database after opening it, and no signal falls between look and wait."""

    def __init__(self, waiters: dict[str, set[asyncio.Event]], name: str) -> None:
        self._waiters = waiters
        self._name = name
        self._event = asyncio.Event()

    def __enter__(self) -> Self:
        self._waiters.setdefault(self._name, set()).add(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        waiting = self._waiters.get(self._name, set())
        waiting.discard(self._event)
        if not waiting:
            self._waiters.pop(self._name, None)

    async def wait(self, timeout_s: float) -> bool:
        """True when the name was signalled since the bell was opened or last waited for, or within ``timeout_s`` seconds from now."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Signals(Protocol):
    async def publish(self, *names: str) -> None:
        """Tell every process that ``names`` happened. Never raises: a missed signal costs a poll interval, nothing else."""
        ...

    def listen(self, name: str) -> Bell:
        """A bell for ``name``; use it as a context manager around looking and waiting."""
        ...


class LocalSignals:
    """Signals within one process: for tests and command-line tools."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = {}

    async def publish(self, *names: str) -> None:
        self.deliver(*names)

    def deliver(self, *names: str) -> None:
        for name in names:
            for event in self._waiters.get(name, ()):
                event.set()

    def listen(self, name: str) -> Bell:
        return Bell(self._waiters, name)


class RedisSignals(LocalSignals):
    """Signals over Redis publish/subscribe; one subscription per process."""

    CHANNEL = "huizhen:signals"

    def __init__(self, redis: Any) -> None:
        super().__init__()
        self._redis = redis
        self._reader: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._reader = asyncio.create_task(self._read(), name="signals")

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    async def publish(self, *names: str) -> None:
        self.deliver(*names)
        try:
            async with asyncio.timeout(1):
                await self._redis.publish(self.CHANNEL, "\n".join(names))
        except Exception:  # Redis is only the fast path; the poll beneath delivers.
            logger.warning("signal not published")

    async def _read(self) -> None:
        while True:
            subscription = self._redis.pubsub()
            try:
                await subscription.subscribe(self.CHANNEL)
                # Messages sent while we were away are lost: wake everybody once, they look into the database.
                self.deliver(*list(self._waiters))
                while True:
                    message = await subscription.get_message(ignore_subscribe_messages=True, timeout=5)
                    if message is not None:
                        self.deliver(*message["data"].split("\n"))
            except asyncio.CancelledError:
                raise
            except Exception:  # A dead Redis comes back under its supervisor.
                logger.warning("signal subscription lost, trying again")
                await asyncio.sleep(0.5)
            finally:
                with contextlib.suppress(Exception):
                    await subscription.aclose()
