"""What many tests begin with is made by real orders once in a run; for the next tests its rows are put back as they were: many times faster."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from core.foundation.clock import ManualClock
from core.foundation.practice import Practice

APPS = (("huizhen", "practice"), ("keyring", "keyring"))
"""Tortoise's apps and the connection of each."""


@dataclass(frozen=True)
class _Table:
    connection: str
    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class _Made:
    result: Any
    tables: tuple[_Table, ...]
    random_state: Any
    last_id: int


Result = TypeVar("Result")
_made: dict[Hashable, _Made] = {}
_of_the_fixture: list[Practice] = []
"""The practice of the running test, whose master keys are the run's own: only under these the rows of another test can be read."""


def is_of_the_fixture(practice: Practice) -> None:
    _of_the_fixture[:] = [practice]


async def seeded(practice: Practice, name: str, make: Callable[[], Awaitable[Result]]) -> Result:
    """What ``make`` gives, and its rows in the database: carried out the first time (for this name, time and randomness), put back the next times.

    ``make`` must give data only (no practice, no connection), and do nothing but write rows."""
    if not any(practice is one for one in _of_the_fixture) or not await _is_empty():
        return await make()
    # A clock that runs is somewhere in a day; what stands on the day is what may differ.
    moment = practice.clock.now() if isinstance(practice.clock, ManualClock) else practice.clock.now().date()
    key = (name, moment, type(practice.clock), practice.rng.getstate())
    if key not in _made:
        result = await make()
        _made[key] = _Made(copy.deepcopy(result), tuple([table async for table in _tables()]), practice.rng.getstate(), practice.ids._last)
        return result
    made = _made[key]
    await _put_back(made.tables)
    practice.rng.setstate(made.random_state)
    practice.ids._last = max(practice.ids._last, made.last_id)
    return copy.deepcopy(made.result)


async def _is_empty() -> bool:
    """Whether no account and no organisation is there: everything that is made begins with one of them."""
    from core.people.models import Account, Organisation

    return not await Account.exists() and not await Organisation.exists()


async def _tables() -> AsyncIterator[_Table]:
    for app, connection in APPS:
        reading = get_connection(connection)
        quote = _quote(reading)
        for model in Tortoise.apps[app].values():
            name = model._meta.db_table
            found = await reading.execute_query_dict(f"SELECT * FROM {quote}{name}{quote}")  # noqa: S608 - the models' own names
            if found:
                yield _Table(connection, name, tuple(found[0]), tuple(tuple(row.values()) for row in found))


async def _put_back(tables: tuple[_Table, ...]) -> None:
    for _, connection in APPS:
        async with in_transaction(connection) as writing:
            mysql = writing.capabilities.dialect == "mysql"
            quote, mark = _quote(writing), "%s" if mysql else "?"
            await writing.execute_query("SET foreign_key_checks=0" if mysql else "PRAGMA defer_foreign_keys=ON")
            for table in tables:
                if table.connection != connection:
                    continue
                columns = ", ".join(f"{quote}{column}{quote}" for column in table.columns)
                marks = ", ".join([mark] * len(table.columns))
                await writing.execute_many(f"INSERT INTO {quote}{table.name}{quote} ({columns}) VALUES ({marks})", [list(row) for row in table.rows])  # noqa: S608
            if mysql:
                await writing.execute_query("SET foreign_key_checks=1")


def _quote(connection: Any) -> str:
    return "`" if connection.capabilities.dialect == "mysql" else '"'
