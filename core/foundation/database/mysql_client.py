"""MariaDB for Tortoise: a connection on which a query was cancelled is thrown away, never handed to the next task, and so are all of them when
their server takes no writes any more: after a planned fail-over it goes on answering, and whoever kept his connection would never find the new one.
Who is cancelled while the driver connects for him is cancelled.

The driver leaves the answer of a cancelled query unread; whoever got that connection next would read it as his own. The server rolls a
transaction back when its connection closes. Tortoise loads this module by its dotted name and looks for ``client_class``.
"""

from __future__ import annotations

from asyncio import CancelledError, current_task, wait_for
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tortoise.backends.base.client import PoolConnectionWrapper, TransactionContextPooled
from tortoise.backends.mysql import client
from tortoise.connection import get_connections

from core.foundation.database.away import has_moved

FORGET_S = 2.0
"""For saying farewell to a server that may be gone."""


async def _forget(of: Any) -> None:
    """Close every idle connection of the pool; those in use meet the same when they write."""
    with suppress(Exception):
        await wait_for(of._pool.clear(), FORGET_S)


@asynccontextmanager
async def _still_cancelled() -> AsyncIterator[None]:
    """Raises the CancelledError that was lost inside. The driver connects in ``asyncio.wait_for``, which loses it when the connection is there in the
    same turn of the loop (Python before 3.12, github.com/python/cpython/issues/86296): a worker that was asked to stop would work on for ever."""
    task = current_task()
    before = task.cancelling() if task is not None else 0
    yield
    if task is not None and task.cancelling() > before:
        raise CancelledError


class DiscardingConnection(PoolConnectionWrapper[Any]):
    async def __aenter__(self) -> Any:
        try:
            async with _still_cancelled():
                return await super().__aenter__()
        except CancelledError:
            if self.connection is not None:
                await self.client._pool.release(self.connection)
            raise

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        moved = has_moved(exc_val)
        if exc_type is not None and (moved or issubclass(exc_type, CancelledError)) and self.connection is not None:
            self.connection.close()
        await super().__aexit__(exc_type, exc_val, exc_tb)
        if moved:
            await _forget(self.client)


class DiscardingTransactionContext(TransactionContextPooled):
    async def __aenter__(self) -> Any:
        wrapper: Any = self.client
        wrapper._connection = None
        try:
            async with _still_cancelled():
                await self.ensure_connection()
                wrapper._connection = await wrapper._parent._pool.acquire()
        except CancelledError:
            if wrapper._connection is not None:
                await wrapper._parent._pool.release(wrapper._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        try:
            await self.client.begin()
        except BaseException:
            await self._discard()
            raise
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        if exc_type is not None and issubclass(exc_type, CancelledError):
            await self._discard()
            return
        if has_moved(exc_val):
            await self._discard()
            await _forget(self.client._parent)
            return
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        except CancelledError:
            wrapper: Any = self.client
            wrapper._connection.close()
            raise

    async def _discard(self) -> None:
        wrapper: Any = self.client
        wrapper._connection.close()
        get_connections().reset(self.token)
        await wrapper._parent._pool.release(wrapper._connection)


class DiscardingMySQLClient(client.MySQLClient):
    def acquire_connection(self) -> Any:
        return DiscardingConnection(self, self._pool_init_lock)

    def _in_transaction(self) -> Any:
        return DiscardingTransactionContext(client.TransactionWrapper(self), self._pool_init_lock)


client_class = DiscardingMySQLClient
