"""Statements on one table that are asked for every message: their text is written once, afterwards they are only carried out.

The object mapper writes each statement anew, which takes longer than SQLite takes to carry it out (``benchmarks.callbacks``); for what is asked
a few times an hour that is nothing, and it stays the way to ask. Rows come back as the models' own, read by the mapper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from tortoise.connection import get_connection
from tortoise.fields import CharField
from tortoise.models import Model

from core.foundation.database.connection import PRACTICE
from core.foundation.database.one_go import Statement
from core.foundation.database.sqlite_client import ImmediateSqliteClient

MODEL = TypeVar("MODEL", bound=Model)

_COMPARED = {"": "=", "in": "IN", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_STATEMENTS = 1024
"""Texts that are kept: a few for each place that asks, more for lists, whose length stands in the text."""


@dataclass(frozen=True, slots=True)
class Plus:
    """The column's own value and so much more."""

    amount: int = 1


async def find_all(model: type[MODEL], *, order: str = "", limit: int = 0, lock: bool = False, **where: Any) -> list[MODEL]:
    """The rows for which all of ``where`` holds: ``field=value`` (None: is null), ``field__in``, ``__lt``, ``__lte``, ``__gt``, ``__gte``.

    ``order``: a field; ``lock``: until the end of the transaction, where the database locks rows. An empty list finds nothing, unasked.
    """
    if any(name.endswith("__in") and not value for name, value in where.items()):
        return []
    connection = model._meta.db
    text = _select(model, connection.capabilities.dialect, _shape(where), order, limit, lock)
    return [model._init_from_db(**row) for row in await _asked(connection, text, _values(model, where))]


async def rows_of(text: str, values: Sequence[Any]) -> Sequence[Any]:
    """The rows, readable by column name as the database gives them, of a statement of our own (``spelled``) that an index answers at once."""
    return await _asked(get_connection(PRACTICE), text, values)


async def _asked(connection: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:
    # A transaction's own connection is no ImmediateSqliteClient, and sees what it wrote.
    found: Sequence[Any] | None = connection.read_here(text, values) if isinstance(connection, ImmediateSqliteClient) else None
    if found is None:
        _, found = await connection.execute_query(text, list(values))
    return found or ()


async def find(model: type[MODEL], *, lock: bool = False, **where: Any) -> MODEL | None:
    """The one row for which all of ``where`` holds, None where there is none."""
    found = await find_all(model, limit=1, lock=lock, **where)
    return found[0] if found else None


async def update(model: type[MODEL], values: Mapping[str, Any], **where: Any) -> int:
    """Write ``values`` (a value, None or :class:`Plus`) into the rows for which all of ``where`` holds; how many these were."""
    if any(name.endswith("__in") and not value for name, value in where.items()):
        return 0
    connection = model._meta.db
    statement = updating(model, values, **where)
    changed, _ = await connection.execute_query(statement.text, list(statement.values))
    return changed


async def insert(model: type[Model], row: Mapping[str, Any]) -> None:
    """Write one new row: values by field, the field's default where one is missing. IntegrityError where it clashes with what is there."""
    fields = _fields(model)
    connection = model._meta.db
    await connection.execute_query(_insert(model, connection.capabilities.dialect, False), _row(model, fields, row))


def inserting(model: type[Model], rows: Sequence[Mapping[str, Any]], *, unless_there: bool = False) -> Statement:
    """What inserts ``rows`` (values by field; the field's default where one is missing), in a transaction of steps (``one_go``). ``unless_there``:
    one that clashes with what is there is left out.

    No row of the mapper's is made: that takes longer than the database takes to store it."""
    fields = _fields(model)
    text = _insert(model, model._meta.db.capabilities.dialect, unless_there)
    return Statement(text, [_row(model, fields, row) for row in rows], many=True)


def _row(model: type[Model], fields: Sequence[_Field], row: Mapping[str, Any]) -> list[Any]:
    values = []
    for name, to_db_value, longest, default in fields:
        value = row.get(name, default)
        # Most are texts that stand as they are.
        values.append(value if value is default or (type(value) is str and len(value) <= longest) else to_db_value(value, model))
    return values


_Field = tuple[str, Callable[[Any, Any], Any], int, Any]


def selecting(model: type[Model], *, lock: bool = False, **where: Any) -> Statement:
    """What :func:`find_all` asks, for a transaction of steps (``one_go``): its rows are the columns as the database gives them."""
    return Statement(_select(model, model._meta.db.capabilities.dialect, _shape(where), "", 0, lock), _values(model, where))


def updating(model: type[Model], values: Mapping[str, Any], **where: Any) -> Statement:
    """What :func:`update` carries out, for a transaction of steps (``one_go``)."""
    added = tuple((name, type(value) is Plus) for name, value in values.items())
    text = _update(model, model._meta.db.capabilities.dialect, added, _shape(where))
    return Statement(text, [*_written(model, values), *_values(model, where)])


def spelled(text: str, *, lock: bool = False) -> str:
    """A statement as it stands in our modules, with "names" quoted and ? for values, as the practice's database spells it. ``lock``: what it finds
    is locked until the end of the transaction, where the database locks rows."""
    dialect = get_connection(PRACTICE).capabilities.dialect
    return _spelled(text, dialect) + (" FOR UPDATE" if lock and dialect == "mysql" else "")


def marks(count: int) -> str:
    """``count`` places of a list, for :func:`spelled`."""
    return ",".join("?" * count)


Shape = tuple[tuple[str, str, int], ...]
"""Of a condition: field, comparison, and how many values a list has (-1: is null)."""


def _shape(where: Mapping[str, Any]) -> Shape:
    shape = []
    for name, value in where.items():
        field, _, compared = name.partition("__")
        shape.append((field, compared, len(value) if compared == "in" else -1 if value is None else 1))
    return tuple(shape)


def _written(model: type[Model], values: Mapping[str, Any]) -> list[Any]:
    fields = model._meta.fields_map
    return [value.amount if type(value) is Plus else fields[name].to_db_value(value, model) for name, value in values.items()]


def _values(model: type[Model], where: Mapping[str, Any]) -> list[Any]:
    values: list[Any] = []
    for name, value in where.items():
        field, _, compared = name.partition("__")
        # A text is compared as it is: no column that is compared with one is kept as anything else.
        to_db_value = model._meta.fields_map[field].to_db_value
        if compared == "in":
            values += [one if type(one) is str else to_db_value(one, model) for one in value]
        elif value is not None:
            values.append(value if type(value) is str else to_db_value(value, model))
    return values


@lru_cache(_STATEMENTS)
def _select(model: type[Model], dialect: str, where: Shape, order: str, limit: int, lock: bool) -> str:
    quote = _quote(dialect)
    columns = ",".join(quote(column) for column in model._meta.fields_db_projection.values())
    text = f"SELECT {columns} FROM {quote(model._meta.db_table)}{_condition(model, dialect, where)}"  # noqa: S608 - names of models, no values
    if order:
        text += f" ORDER BY {quote(_column(model, order))}"
    if limit:
        text += f" LIMIT {limit}"
    return text + (" FOR UPDATE" if lock and dialect == "mysql" else "")


@lru_cache(_STATEMENTS)
def _update(model: type[Model], dialect: str, values: tuple[tuple[str, bool], ...], where: Shape) -> str:
    quote, mark = _quote(dialect), _mark(dialect)
    columns = [(quote(_column(model, name)), added) for name, added in values]
    written = ",".join(f"{column}={column}+{mark}" if added else f"{column}={mark}" for column, added in columns)
    return f"UPDATE {quote(model._meta.db_table)} SET {written}{_condition(model, dialect, where)}"  # noqa: S608 - names of models, no values


@lru_cache(_STATEMENTS)
def _fields(model: type[Model]) -> list[_Field]:
    """Of each column name, way into the database, up to which length a text goes there as it is, and default, as the database takes it. What has
    neither value nor default is refused by the database."""
    fields = [(name, model._meta.fields_map[name]) for name in model._meta.fields_db_projection]
    longest = {name: getattr(field, "max_length", -1) if isinstance(field, CharField) else -1 for name, field in fields}
    return [(name, field.to_db_value, longest[name], _default(model, field)) for name, field in fields]


def _default(model: type[Model], field: Any) -> Any:
    value = field.default() if callable(field.default) else field.default
    return None if value is None else field.to_db_value(value, model)


@lru_cache(_STATEMENTS)
def _insert(model: type[Model], dialect: str, unless_there: bool) -> str:
    quote = _quote(dialect)
    columns = [quote(column) for column in model._meta.fields_db_projection.values()]
    values = ",".join([_mark(dialect)] * len(columns))
    how = ("IGNORE " if dialect == "mysql" else "OR IGNORE ") if unless_there else ""
    return f"INSERT {how}INTO {quote(model._meta.db_table)} ({','.join(columns)}) VALUES ({values})"  # noqa: S608 - names of models, no values


@lru_cache(_STATEMENTS)
def _spelled(text: str, dialect: str) -> str:
    return text.replace('"', "`").replace("?", "%s") if dialect == "mysql" else text


def _condition(model: type[Model], dialect: str, where: Shape) -> str:
    quote, mark = _quote(dialect), _mark(dialect)
    parts: Sequence[str] = [
        f"{quote(_column(model, field))} IS NULL"
        if count < 0
        else f"{quote(_column(model, field))} {_COMPARED[compared]} {'(' + ','.join([mark] * count) + ')' if compared == 'in' else mark}"
        for field, compared, count in where
    ]
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _column(model: type[Model], field: str) -> str:
    return model._meta.fields_db_projection[field]


def _quote(dialect: str) -> Any:
    return "`{}`".format if dialect == "mysql" else '"{}"'.format


def _mark(dialect: str) -> str:
    return "%s" if dialect == "mysql" else "?"
