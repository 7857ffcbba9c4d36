"""SQLite for Tortoise, with transactions that take the write lock at once.

The stock client says BEGIN; a transaction that reads and then writes then fails with "database is locked" as soon as another process
wrote in between (busy_timeout does not apply to that case). BEGIN IMMEDIATE waits instead. Tortoise loads this module by its dotted
name and looks for ``client_class``.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from tortoise.backends.sqlite import client
from tortoise.exceptions import OperationalError


class ImmediateTransaction(client.SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class ImmediateSqliteClient(client.SqliteClient):
    def _in_transaction(self) -> Any:
        return client.SqliteTransactionContext(ImmediateTransaction(self), self._lock)


client_class = ImmediateSqliteClient
