"""Columns that hold sealed values, declared where the model is: under whose key, so that renewing keys reaches every one of them.

The column itself stays a plain BINARY column; services seal and open (docs/decisions/004-encrypted-fields.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tortoise import fields
from tortoise.models import Model


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose key sealed a column: subject ``kind``, whose id stands in ``column`` of the same row.

    ``by`` = (column here, table there): ``column`` stands in that other row. ``read`` takes the subject's id out of what the column holds.
    ``always``: the id itself, where every row is the same subject's (the house's own keys). ``kind_in``: the column that says the kind.
    """

    kind: str
    column: str = ""
    by: tuple[str, str] | None = None
    read: Callable[[str], str] | None = None
    always: str = ""
    kind_in: str = ""


class SealedColumn(fields.BinaryField[Any]):
    """A BINARY column that knows its subjects: the first whose id is not null sealed it. Migrations see a plain BinaryField."""

    def __init__(self, subjects: tuple[Subject, ...] = (), **options: Any) -> None:
        super().__init__(**options)
        self.subjects = subjects

    def describe(self, serializable: bool) -> dict[str, Any]:
        told = super().describe(serializable)
        told["field_type"] = fields.BinaryField.__name__ if serializable else fields.BinaryField
        return told

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        _, arguments, options = super().deconstruct()
        options.pop("subjects", None)
        return "tortoise.fields.data.BinaryField", arguments, options


def sealed_field(*subjects: Subject, null: bool = False) -> Any:
    """A sealed column of a model. ``subjects``: under whose key; of several, the first whose id is not null."""
    if not subjects:
        raise TypeError("a sealed column names its subject")
    return SealedColumn(subjects, null=null)


@dataclass(frozen=True, slots=True)
class SealedTable:
    """One table with sealed columns. ``columns``: name → subjects; the names are those in the database."""

    table: str
    key: str
    columns: dict[str, tuple[Subject, ...]]


def sealed_tables(models: Iterable[type[Model]]) -> list[SealedTable]:
    """What ``models`` declare, by table name."""
    found = []
    for model in models:
        meta = model._meta
        columns = {
            meta.fields_db_projection[name]: field.subjects for name, field in meta.fields_map.items() if isinstance(field, SealedColumn)
        }
        if columns:
            found.append(SealedTable(meta.db_table, meta.db_pk_column, columns))
    return sorted(found, key=lambda one: one.table)


Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LaterKey:
    """A table whose older rows are under a broader key than newer ones. Where ``column`` is null, a row's values are still under the last of its
    subjects; the next re-encryption seals them under the first, subject ``kind``, whose id ``name`` makes of the plain columns ``of``."""

    table: str
    column: str
    kind: str
    of: tuple[str, ...]
    name: Callable[[Row], str]


_LATER: dict[str, LaterKey] = {}


def has_later_key(later: LaterKey) -> None:
    """Declares, beside the model, that rows which have no key of their own get one."""
    _LATER[later.table] = later


def later_keys() -> list[LaterKey]:
    """Every table with such rows."""
    return [_LATER[table] for table in sorted(_LATER)]


@dataclass(frozen=True, slots=True)
class Blind:
    """What a blind index is made of: the opened text of sealed column ``of`` of the same row, as ``text`` makes it of that and the plain columns
    ``also``. ``of`` empty: the value is that of another index of this kind (a table that holds nothing but the index)."""

    kind: str
    of: str = ""
    also: tuple[str, ...] = ()
    text: Callable[[str, Row], str] | None = None
    part: str = ""
    """Column that goes into the kind: ``membership.<scheme>``."""


class BlindColumn(fields.CharField[Any]):
    """A column with a blind index, 64 hex characters; migrations see a plain CharField."""

    def __init__(self, blind: Blind | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.blind = blind

    def describe(self, serializable: bool) -> dict[str, Any]:
        told = super().describe(serializable)
        told["field_type"] = fields.CharField.__name__ if serializable else fields.CharField
        return told

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        _, arguments, options = super().deconstruct()
        options.pop("blind", None)
        options["max_length"] = self.max_length
        return "tortoise.fields.data.CharField", arguments, options


_INDEXED: set[str] = set()


def blind_field(blind: Blind, **options: Any) -> Any:
    """A blind index of a model. Values of its kind are made by the blind key in force, and made anew when that is renewed."""
    _INDEXED.add(blind.kind)
    return BlindColumn(blind, max_length=64, **options)


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """One declared index: where it stands and what it is made of. Names are those in the database."""

    table: str
    key: str
    column: str
    blind: Blind


def blind_indexes(models: Iterable[type[Model]]) -> list[BlindIndex]:
    """What ``models`` declare, by table and column."""
    found = []
    for model in models:
        meta = model._meta
        for name, field in meta.fields_map.items():
            if isinstance(field, BlindColumn) and field.blind is not None:
                found.append(BlindIndex(meta.db_table, meta.db_pk_column, meta.fields_db_projection[name], field.blind))
    return sorted(found, key=lambda one: (one.table, one.column))


def is_indexed(kind: str) -> bool:
    """Whether values of ``kind`` stand in a declared index. Others (a digest that is compared once) stay with the first blind key."""
    return kind.partition(".")[0] in _INDEXED


@dataclass(frozen=True, slots=True)
class HeldFiles:
    """A table whose rows hold files of the blob store: the file's id stands in ``column``, the row's own id in ``key``."""

    table: str
    column: str
    subject: Subject
    key: str = "id"


_HELD: dict[str, HeldFiles] = {}


def holds_files(held: HeldFiles) -> None:
    """Declares, beside the model, that a table holds files; with it renewing keys reaches them."""
    _HELD[held.table] = held


def held_files() -> list[HeldFiles]:
    """Every table that holds files."""
    return [_HELD[table] for table in sorted(_HELD)]
