"""SQLite for Tortoise: transactions take the write lock at once, and a cancelled one leaves the connection free.

The stock client says BEGIN; a transaction that reads and then writes then fails with "database is locked" as soon as another process
wrote in between (busy_timeout does not apply to that case). BEGIN IMMEDIATE waits instead. The stock context also keeps the process's only
connection locked for ever when BEGIN fails or the task is cancelled there, which happens whenever somebody hangs up on a weak link; and the
stock ``execute_many``, cancelled, leaves its transaction open, and with it every process of the house without the write lock.
Tortoise loads this module by its dotted name and looks for ``client_class``.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tortoise.backends.sqlite import client
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

logger = logging.getLogger("huizhen.database")

T = TypeVar("T")


class ImmediateTransaction(client.SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class ImmediateTransactionContext(client.SqliteTransactionContext):
    async def __aenter__(self) -> Any:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            # A cancelled BEGIN still runs in the connection's thread; what is queued behind it undoes it, also if we are cancelled again.
            with contextlib.suppress(Exception):
                if self.connection._connection is not None:
                    await self.connection._connection.rollback()
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        except BaseException:
            # A commit that failed (a full disk) leaves its transaction open; what is queued here comes before whatever the next one asks.
            with contextlib.suppress(Exception):
                await self.connection._connection.rollback()
            raise


@contextlib.contextmanager
def whole(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction of ``connection`` in its own thread: committed at the end, rolled back where anything raises, the commit included."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


READ_WAIT_S = 0.05
"""A reader waits for nobody in WAL mode, but for the moment in which a killed process's log is taken up."""


class ImmediateSqliteClient(client.SqliteClient):
    _reader: sqlite3.Connection | None = None
    """For short reads in this thread: the way to the writing connection's thread and back costs ten times what such a read does."""

    def _in_transaction(self) -> Any:
        return ImmediateTransactionContext(ImmediateTransaction(self), self._lock)

    def read_here(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row] | None:
        """The rows as they were committed last, read at once in the caller's thread; None where that does not work now (ask the usual way).

        For what an index finds in microseconds: nothing else runs meanwhile. Not for what a transaction has written and not yet committed.
        """
        try:
            if self._reader is None:
                self._reader = sqlite3.connect(f"{Path(self.filename).absolute().as_uri()}?mode=ro", timeout=READ_WAIT_S, uri=True)
                self._reader.row_factory = sqlite3.Row
            self.log.debug("%s: %s", query, values)
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            # The usual way meets the same, or not; either way this reader is not trusted again.
            logger.info("short read goes the usual way: %s", type(error).__name__)
            self._let_go()
            return None

    @client.translate_exceptions
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """All rows or none, in one way to the connection's thread: once begun it comes to its end, whoever waits for it hangs up."""
        self.log.debug("%s: %s", query, values)

        def write(connection: sqlite3.Connection) -> None:
            with whole(connection):
                connection.executemany(query, values)

        await self.in_its_thread(write)

    async def in_its_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """``work`` on the writing connection, in the connection's thread, while nobody else of this process uses it. sqlite3.Error as it raises."""
        async with self.acquire_connection() as wrapped:
            # Cancelled, it is carried out all the same: what is queued behind it in that thread comes after its end.
            result: T = await wrapped._execute(work, wrapped._conn)
            return result

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    async def close(self) -> None:
        self._let_go()
        await super().close()


client_class = ImmediateSqliteClient
