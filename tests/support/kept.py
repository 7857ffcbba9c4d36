"""What many tests begin with is made once by real orders, and its rows are put back for every test after that.

Only where nothing can tell the difference: the practice stands exactly where it stood the first time (clock, random numbers, ids, master keys) and
goes on from where it stood when the making had ended. Any other practice makes everything itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from tortoise import Tortoise
from tortoise.connection import get_connection

from core.foundation.clock import ManualClock, SystemClock
from core.foundation.database.connection import APP, KEYRING, PRACTICE
from core.foundation.keys import MasterKeys
from core.foundation.practice import Practice

Made = TypeVar("Made")
ROOMS = ((APP, PRACTICE), (KEYRING, KEYRING))


@dataclass(frozen=True)
class _Kept:
    """``scripts``: for each database what brings the rows back; ``after``: where the practice stood when they had been made."""

    scripts: dict[str, str]
    after: tuple[Any, ...]
    made: Any


_KEPT: dict[tuple[Any, ...], _Kept] = {}
_MASTER_KEYS: list[str] = []


def same_master_keys(path: Path) -> MasterKeys:
    """Master keys in a file of the test's own: those of the test before it, so that rows made then can be opened now."""
    if not _MASTER_KEYS:
        _MASTER_KEYS.append(MasterKeys.create(path).text())
    else:
        path.write_text(_MASTER_KEYS[0])
        path.chmod(0o600)
    return MasterKeys.load(path)


async def once(name: str, practice: Practice, make: Callable[[Practice], Awaitable[Made]]) -> Made:
    """What ``make`` gives, with all that it leaves in the tables, which must be empty before. What it gives is shared: nothing that changes."""
    stands = _stands(practice)
    if stands is None:
        return await make(practice)
    kept = _KEPT.get((name, *stands))
    if kept is not None:
        for connection, script in kept.scripts.items():
            await get_connection(connection).execute_script(script)
        _go_on(practice, kept.after)
        made: Made = kept.made
        return made
    empty = not any(await _scripts())
    made = await make(practice)
    after = _stands(practice)
    if empty and after is not None:
        _KEPT[name, *stands] = _Kept(dict(await _scripts()), after, made)
    return made


def _stands(practice: Practice) -> tuple[Any, ...] | None:
    """Everything outside the tables on which the result of an order depends."""
    master = practice.keys.master
    if type(practice.clock) not in (ManualClock, SystemClock) or not isinstance(master, MasterKeys) or practice.ids._rng is not practice.rng:
        return None
    try:
        numbers = practice.rng.getstate()
    except NotImplementedError:
        return None
    rest = (numbers, master.text(), practice.keys.suite.name, practice.demo)
    if isinstance(practice.clock, SystemClock):
        # Real time goes on while things are made: what is made for one day serves the others of that day, and no id is made twice.
        return practice.clock.now().date(), 0, *rest
    return practice.clock.now(), practice.ids._last, *rest


def _go_on(practice: Practice, after: tuple[Any, ...]) -> None:
    if isinstance(practice.clock, ManualClock):
        practice.clock.time, practice.ids._last = after[:2]
    practice.rng.setstate(after[2])


async def _scripts() -> list[tuple[str, str]]:
    """For each database that holds rows: statements that put them into empty tables."""
    found = []
    for app, name in ROOMS:
        connection = get_connection(name)
        mysql = connection.capabilities.dialect == "mysql"
        quote = "`" if mysql else '"'
        inserts = []
        for model in (Tortoise.apps or {})[app].values():
            table = f"{quote}{model._meta.db_table}{quote}"
            rows = await connection.execute_query_dict(f"SELECT * FROM {table}")  # noqa: S608 - the models' own names
            if rows:
                columns = ",".join(f"{quote}{column}{quote}" for column in rows[0])
                values = ",".join(f"({','.join(_literal(value, mysql) for value in row.values())})" for row in rows)
                inserts.append(f"INSERT INTO {table} ({columns}) VALUES {values}")  # noqa: S608
        if inserts:
            off, on = ("SET foreign_key_checks=0", "SET foreign_key_checks=1") if mysql else ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON")
            found.append((name, ";".join([off, "BEGIN", *inserts, "COMMIT", on])))
    return found


def _literal(value: Any, mysql: bool) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"X'{bytes(value).hex()}'"
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None).isoformat(" ")
    elif isinstance(value, date):
        value = value.isoformat()
    assert isinstance(value, str), type(value)
    if mysql:
        value = value.replace("\\", "\\\\")
    quoted: str = value.replace("'", "''")
    return f"'{quoted}'"
