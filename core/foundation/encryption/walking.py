"""Walking through every row that holds something sealed, in batches by its key, straight over the connection: the same on both dialects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.connection import get_connection

from core.foundation.database.connection import KEYRING, PRACTICE
from core.foundation.encryption.fields import BlindIndex, HeldFiles, LaterKey, SealedTable, Subject
from core.foundation.keyring.models import WrappedKey


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One row: its id, and of each column that is not null the subject (``<kind>:<id>``, "" when the row names none) and what it holds."""

    key: str
    values: dict[str, tuple[str, bytes]]


async def rows_after(table: SealedTable, cursor: str, limit: int) -> list[FoundRow]:
    """The next rows of ``table`` after the one with key ``cursor``, in the order of their keys."""
    choice = _Choice(table.table)
    subjects = {column: [(subject, choice.subject(subject)) for subject in owners] for column, owners in table.columns.items()}
    columns = {column: choice.column(column) for column in table.columns}
    found = []
    for row in await choice.fetch(table.key, cursor, limit):
        values = {
            column: (_subject(row, subjects[column]), bytes(row[name])) for column, name in columns.items() if row[name] is not None
        }
        found.append(FoundRow(row["k"], values))
    return found


async def key_from_end(table: SealedTable, number: int) -> str:
    """The key of the row that has ``number`` rows after it; "" when there are not so many."""
    connection = get_connection(PRACTICE)
    q = _quote(connection)
    rows = await connection.execute_query_dict(
        f"SELECT {q}{table.key}{q} AS k FROM {q}{table.table}{q} ORDER BY {q}{table.key}{q} DESC LIMIT 1 OFFSET {number:d}"  # noqa: S608 - own names
    )
    return str(rows[0]["k"]) if rows else ""


async def files_after(held: HeldFiles, cursor: str, limit: int) -> list[tuple[str, str, str]]:
    """The next files that ``held`` names: (row's key, file's id, subject)."""
    choice = _Choice(held.table)
    subject = [(held.subject, choice.subject(held.subject))]
    name = choice.column(held.column)
    return [(row["k"], row[name], _subject(row, subject)) for row in await choice.fetch(held.key, cursor, limit) if row[name] is not None]


async def count_rows(tables: Iterable[str]) -> int:
    """How many rows the tables have together."""
    connection = get_connection(PRACTICE)
    quote = _quote(connection)
    total = 0
    for table in tables:
        (row,) = await connection.execute_query_dict(f"SELECT COUNT(*) AS n FROM {quote}{table}{quote}")  # noqa: S608 - names of our own tables
        total += row["n"]
    return total


async def replace_values(table: SealedTable, column: str, changes: Sequence[tuple[bytes, str, bytes]]) -> None:
    """Write (new, key, old) triples, each only where the column still holds ``old``: what somebody wrote meanwhile stays. One transaction."""
    connection = get_connection(PRACTICE)
    quote = _quote(connection)
    mark = "%s" if quote == "`" else "?"
    await connection.execute_many(
        f"UPDATE {quote}{table.table}{quote} SET {quote}{column}{quote}={mark} "  # noqa: S608 - names of our own tables
        f"WHERE {quote}{table.key}{quote}={mark} AND {quote}{column}{quote}={mark}",
        [list(change) for change in changes],
    )


@dataclass(frozen=True, slots=True)
class EarlierRow:
    """One row that has no key of its own yet: whose it will be, and what its sealed columns hold (None: nothing), under whose key."""

    key: str
    later_id: str
    values: dict[str, tuple[str, bytes | None]]


async def earlier_rows_after(table: SealedTable, later: LaterKey, cursor: str, limit: int) -> list[EarlierRow]:
    """The next rows of ``table`` that have no key of their own, after the one with key ``cursor``."""
    choice = _Choice(table.table)
    subjects = {column: [(subject, choice.subject(subject)) for subject in owners] for column, owners in table.columns.items()}
    columns = {column: choice.column(column) for column in table.columns}
    plain = {name: choice.column(name) for name in later.of}
    found = []
    for row in await choice.fetch(table.key, cursor, limit, null=later.column):
        values = {
            column: (_subject(row, subjects[column]), None if row[name] is None else bytes(row[name])) for column, name in columns.items()
        }
        found.append(EarlierRow(row["k"], later.name({name: row[chosen] for name, chosen in plain.items()}), values))
    return found


async def give_later_key(table: SealedTable, later: LaterKey, changes: Sequence[tuple[EarlierRow, dict[str, bytes | None]]]) -> None:
    """Write the rows' values anew and name their key, each row only where all of it is as it was read. One transaction.

    The row's version grows with it: whoever has read it to seal something by its former key must not write that beside the new one.
    """
    connection = get_connection(PRACTICE)
    q = _quote(connection)
    mark, same = ("%s", "<=>") if q == "`" else ("?", "IS")
    columns = list(table.columns)
    written = ", ".join(f"{q}{column}{q}={mark}" for column in (later.column, *columns))
    unchanged = " AND ".join(f"{q}{column}{q} {same} {mark}" for column in columns)
    await connection.execute_many(
        f"UPDATE {q}{table.table}{q} SET {written}, version=version+1 "  # noqa: S608 - names of our own tables
        f"WHERE {q}{table.key}{q}={mark} AND {q}{later.column}{q} IS NULL AND {unchanged}",
        [
            [row.later_id, *(fresh[column] for column in columns), row.key, *(row.values[column][1] for column in columns)]
            for row, fresh in changes
        ],
    )


@dataclass(frozen=True, slots=True)
class IndexedRow:
    """One row with a blind index: its value as it stands, what it is made of, sealed, whose, and the plain columns that go into it."""

    key: str
    value: str | None
    sealed: bytes | None
    subject: str
    plain: dict[str, Any]


async def index_rows_after(index: BlindIndex, columns: dict[str, tuple[Subject, ...]], cursor: str, limit: int) -> list[IndexedRow]:
    """The next rows of the index's table after the one with key ``cursor``."""
    choice = _Choice(index.table)
    value = choice.column(index.column)
    blind = index.blind
    sealed = choice.column(blind.of) if blind.of else ""
    owners = [(subject, choice.subject(subject)) for subject in columns.get(blind.of, ())]
    plain = {name: choice.column(name) for name in (*blind.also, *((blind.part,) if blind.part else ()))}
    return [
        IndexedRow(
            row["k"], row[value], bytes(row[sealed]) if sealed and row[sealed] is not None else None, _subject(row, owners),
            {name: row[chosen] for name, chosen in plain.items()},
        )
        for row in await choice.fetch(index.key, cursor, limit)
    ]  # fmt: skip


async def replace_index(index: BlindIndex, changes: Sequence[tuple[str, str]]) -> None:
    """Write (new value, key) pairs, in the transaction that is open."""
    connection = get_connection(PRACTICE)
    q = _quote(connection)
    mark = "%s" if q == "`" else "?"
    if changes:
        await connection.execute_many(
            f"UPDATE {q}{index.table}{q} SET {q}{index.column}{q}={mark} WHERE {q}{index.key}{q}={mark}",  # noqa: S608 - names of our own tables
            [list(change) for change in changes],
        )


async def replace_keys(changes: Sequence[tuple[WrappedKey, dict[str, Any]]]) -> None:
    """Write new values into rows of the key ring, each only where the row's keys are still those that were read. One transaction."""
    connection = get_connection(KEYRING)
    quote = _quote(connection)
    mark = "%s" if quote == "`" else "?"
    columns = list(changes[0][1])
    written = ", ".join(f"{quote}{column}{quote}={mark}" for column in columns)
    await connection.execute_many(
        f"UPDATE {quote}wrapped_key{quote} SET {written} WHERE id={mark} AND kek_version={mark} AND key_version={mark} "  # noqa: S608 - own names
        f"AND COALESCE(former_version, 0)={mark} AND (erased_at IS NULL)={mark}",
        [
            [*(values[column] for column in columns), row.id, row.kek_version, row.key_version, row.former_version or 0, row.erased_at is None]
            for row, values in changes
        ],
    )


class _Choice:
    """One SELECT being put together."""

    def __init__(self, table: str) -> None:
        self._connection = get_connection(PRACTICE)
        self._q = _quote(self._connection)
        self._table = table
        self._chosen: dict[str, str] = {}
        self._joins: dict[tuple[str, str], str] = {}

    def column(self, column: str) -> str:
        return self._name(f"t.{self._q}{column}{self._q}")

    def subject(self, subject: Subject) -> tuple[str, str]:
        """The names under which the subject's id and kind come; "" where nothing is asked."""
        if subject.always:
            return "", ""
        if subject.by is None:
            return self.column(subject.column), self.column(subject.kind_in) if subject.kind_in else ""
        alias = self._joins.setdefault(subject.by, f"j{len(self._joins)}")
        return self._name(f"{alias}.{self._q}{subject.column}{self._q}"), ""

    def _name(self, expression: str) -> str:
        return self._chosen.setdefault(expression, f"c{len(self._chosen)}")

    async def fetch(self, key: str, cursor: str, limit: int, *, null: str = "") -> list[dict[str, Any]]:
        """``null``: a column that holds nothing in the rows that are wanted."""
        q = self._q
        only = f" AND t.{q}{null}{q} IS NULL" if null else ""
        chosen = ", ".join([f"t.{q}{key}{q} AS k", *(f"{expression} AS {name}" for expression, name in self._chosen.items())])
        joined = "".join(f" LEFT JOIN {q}{there}{q} {alias} ON {alias}.{q}id{q}=t.{q}{here}{q}" for (here, there), alias in self._joins.items())
        mark = "%s" if q == "`" else "?"
        rows: list[dict[str, Any]] = await self._connection.execute_query_dict(
            f"SELECT {chosen} FROM {q}{self._table}{q} t{joined} WHERE t.{q}{key}{q}>{mark}{only} ORDER BY t.{q}{key}{q} LIMIT {limit}",  # noqa: S608 - own names
            [cursor],
        )
        return rows


def _subject(row: dict[str, Any], owners: list[tuple[Subject, tuple[str, str]]]) -> str:
    for subject, (name, kind_name) in owners:
        held = subject.always or row[name]
        if held is not None:
            kind = row[kind_name] if kind_name else subject.kind
            return f"{kind}:{subject.read(held) if subject.read else held}"
    return ""


def _quote(connection: Any) -> str:
    return "`" if connection.capabilities.dialect == "mysql" else '"'
