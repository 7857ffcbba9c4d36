"""A short transaction in one go: its statements are carried out one after the other where the connection is, and not each sent there by itself.

On SQLite a statement goes to the connection's own thread and back, which costs ten times what it does there (``benchmarks.callbacks``); what is
known beforehand to be read and written together goes there once. The steps are a generator that yields statements and is given their rows, so that
it decides from what it read without an ``await``: nothing of the loop runs between its statements. On MariaDB they are sent one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from core.foundation.database.connection import PRACTICE
from core.foundation.database.sqlite_client import ImmediateSqliteClient, whole

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its values, as the dialect spells it. ``many``: it is carried out once for each row of values and gives no rows."""

    text: str
    values: Sequence[Any]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows that a statement gave (each readable by column name) and how many rows it wrote."""

    rows: Sequence[Any] = ()
    written: int = 0


Steps = Generator[Statement, Outcome, T]


async def in_one_go(steps: Callable[[], Steps[T]]) -> T:
    """Carry ``steps`` out as one transaction of their own and give what they return; nothing of it stays where they raise.

    Tortoise's OperationalError and IntegrityError as elsewhere. Not inside another transaction. ``steps`` run in another thread on SQLite: they
    touch nothing but what was made for them. Once begun they are finished, whoever waits for them hangs up.
    """
    client = get_connection(PRACTICE)
    if not isinstance(client, ImmediateSqliteClient):
        return await _one_by_one(steps)
    try:
        context = copy_context()  # in which the models know their connection
        return await client.in_its_thread(lambda connection: context.run(_at_once, connection, steps()))
    except sqlite3.OperationalError as error:
        raise OperationalError(error) from error
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error


def _at_once(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    with whole(connection):
        return _driven(connection, steps)


def _driven(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    try:
        statement = next(steps)
        while True:
            cursor = (connection.executemany if statement.many else connection.execute)(statement.text, statement.values)
            statement = steps.send(Outcome(cursor.fetchall(), cursor.rowcount))
    except StopIteration as end:
        result: T = end.value
        return result


async def _one_by_one(steps: Callable[[], Steps[T]]) -> T:
    async with in_transaction(PRACTICE) as connection:
        running = steps()
        try:
            statement = next(running)
            while True:
                if statement.many:
                    await connection.execute_many(statement.text, list(statement.values))
                    outcome = Outcome()
                else:
                    written, rows = await connection.execute_query(statement.text, list(statement.values))
                    outcome = Outcome(rows, written)
                statement = running.send(outcome)
        except StopIteration as end:
            result: T = end.value
    return result
