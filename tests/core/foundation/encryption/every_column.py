"""One row in every table that has sealed columns, made from what the models declare: a new model is in it by construction."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

from tortoise import Tortoise, fields
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from core.foundation.encryption.fields import SealedColumn, SealedTable, Subject, sealed_tables
from core.foundation.encryption.walking import FoundRow, rows_after
from core.foundation.practice import Practice

_NUMBERS = itertools.count(1)
AT = datetime(2026, 11, 20, tzinfo=UTC)


def tables() -> list[SealedTable]:
    return sealed_tables(Tortoise.apps["huizhen"].values())


def models() -> dict[str, Any]:
    return {model._meta.db_table: model for model in Tortoise.apps["huizhen"].values()}


@asynccontextmanager
async def without_references() -> AsyncIterator[None]:
    """Inside, rows may name rows that are not there. One transaction on MariaDB, where the switch belongs to the connection; SQLite takes the
    switch outside of transactions only."""
    connection = get_connection("practice")
    if connection.capabilities.dialect == "mysql":
        async with in_transaction("practice") as same:
            await same.execute_query("SET foreign_key_checks=0")
            try:
                yield
            finally:
                await same.execute_query("SET foreign_key_checks=1")
        return
    await connection.execute_query("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await connection.execute_query("PRAGMA foreign_keys=ON")


async def make_row(practice: Practice, table: SealedTable, values: dict[str, Any] | None = None) -> tuple[Any, dict[str, str]]:
    """A row with something sealed in every sealed column, under the subjects that the model names; the row and each column's text.

    Rows that hold a subject for this one (``by``) are made with it.
    """
    model = models()[table.table]
    given = {name: _value(practice, field) for name, field in model._meta.fields_map.items() if _is_plain(field)}
    given |= values or {}
    texts: dict[str, str] = {}
    owners: dict[str, tuple[str, str]] = {}
    for column, subjects in table.columns.items():
        owners[column] = await _owner(practice, subjects[0], given)
    row = model(**given)
    for column, (kind, subject_id) in owners.items():
        sealer = await practice.keys.sealer(kind, subject_id)
        texts[column] = f"{table.table} {column} 张三 {next(_NUMBERS)}"
        setattr(row, column, sealer.seal(table.table, column, row.pk, texts[column]))
    await row.save(force_create=True)
    return row, texts


async def opened(practice: Practice, table: SealedTable, key: str) -> dict[str, str]:
    """Every sealed column of one row, opened with the sealers of its subjects."""
    before = key[:-1] + chr(ord(key[-1]) - 1) if key else ""
    (row,) = [one for one in await rows_after(table, before, 1000) if one.key == key]
    return await opened_row(practice, table, row)


async def opened_row(practice: Practice, table: SealedTable, row: FoundRow) -> dict[str, str]:
    """The same of a row that was read already."""
    found = {}
    for column, (subject, sealed) in row.values.items():
        kind, _, subject_id = subject.partition(":")
        found[column] = (await practice.keys.sealer(kind, subject_id)).open(table.table, column, row.key, sealed)
    return found


async def _owner(practice: Practice, subject: Subject, given: dict[str, Any]) -> tuple[str, str]:
    if subject.always:
        return subject.kind, subject.always
    if subject.by is not None:
        here, there = subject.by
        holder = models()[there]
        if (held_by := await holder.get_or_none(id=given[here])) is not None:
            return subject.kind, str(getattr(held_by, subject.column))
        subject_id = practice.ids.new()
        values = {"id": given[here], subject.column: subject_id}
        await make_row(practice, next(one for one in tables() if one.table == there), values)
        return subject.kind, subject_id
    held = given[subject.column]
    return subject.kind, subject.read(held) if subject.read else held


def _is_plain(field: Any) -> bool:
    relations = (fields.relational.ForeignKeyFieldInstance, fields.relational.OneToOneFieldInstance, fields.relational.BackwardFKRelation)
    return not isinstance(field, relations) and not isinstance(field, SealedColumn)


def _value(practice: Practice, field: Any) -> Any:
    if isinstance(field, fields.DatetimeField):
        return AT
    if isinstance(field, fields.DateField):
        return date(2026, 11, 20)
    if isinstance(field, fields.BooleanField):
        return False
    if isinstance(field, fields.IntField | fields.BigIntField | fields.SmallIntField):
        return next(_NUMBERS)
    if isinstance(field, fields.BinaryField):
        return b"plain"
    if isinstance(field, fields.JSONField):
        return {}
    if isinstance(field, fields.TextField):
        return "{}"
    if isinstance(field, fields.CharField):
        return practice.ids.new() if field.max_length >= 26 else str(next(_NUMBERS))[: field.max_length]
    raise TypeError(type(field).__name__)
