"""The shape of a table, as a model says it and as either database tells it, so that the two can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class TableShape:
    """``columns``: name → (type as both engines can say it, nullable); ``indexes``: (columns, unique); ``references``: (column, other table)."""

    columns: dict[str, tuple[str, bool]] = field(default_factory=dict)
    indexes: set[tuple[tuple[str, ...], bool]] = field(default_factory=set)
    references: set[tuple[str, str]] = field(default_factory=set)


def wanted_shape(model: Any, dialect: str) -> TableShape:
    """What the model says, which is what the migrations make (a test holds the two together)."""
    meta = model._meta
    shape = TableShape()
    for name, column in meta.fields_db_projection.items():
        one = meta.fields_map[name]
        # A number that SQLite counts up by itself can only be an INTEGER, which holds as much.
        said = "INTEGER" if dialect == "sqlite" and one.pk and one.generated else one.get_for_dialect(dialect, "SQL_TYPE")
        shape.columns[column] = (_type(said), bool(one.null) and not one.pk)
        if one.unique and not one.pk:
            shape.indexes.add(((column,), True))
        elif one.index and not one.pk:
            shape.indexes.add(((column,), False))
    shape.indexes |= {(tuple(_column(meta, name) for name in names), True) for names in meta.unique_together or ()}
    for index in meta.indexes or ():
        names = index if isinstance(index, tuple | list) else index.fields
        shape.indexes.add((tuple(_column(meta, name) for name in names), False))
    for name in meta.fk_fields | meta.o2o_fields:
        relation = meta.fields_map[name]
        if relation.db_constraint:
            shape.references.add((str(relation.source_field), relation.related_model._meta.db_table))
    return shape


def _column(meta: Any, name: str) -> str:
    one = meta.fields_map[name]
    if name in meta.fk_fields | meta.o2o_fields:
        return str(one.source_field)
    return str(meta.fields_db_projection.get(name, name))


async def shapes_there(connection: Any) -> dict[str, TableShape]:
    """What the database itself says, table by table."""
    return await (_in_sqlite(connection) if connection.capabilities.dialect == "sqlite" else _in_mysql(connection))


async def _in_sqlite(connection: Any) -> dict[str, TableShape]:
    tables = "FROM sqlite_master m, pragma_{0}(m.name) p WHERE m.type='table' AND m.name NOT LIKE 'sqlite_%'"
    found: dict[str, TableShape] = {}
    asked = f'SELECT m.name AS t, p.name AS c, p.type AS y, p."notnull" AS n, p.pk AS k {tables.format("table_info")}'
    for row in await connection.execute_query_dict(asked):
        found.setdefault(row["t"], TableShape()).columns[row["c"]] = (_type(row["y"]), not row["n"] and not row["k"])
    columns: dict[tuple[str, str, bool], list[str]] = {}
    for row in await connection.execute_query_dict(
        'SELECT m.name AS t, p.name AS i, p."unique" AS u, c.name AS c FROM sqlite_master m, pragma_index_list(m.name) p, pragma_index_info(p.name) c'
        " WHERE m.type='table' AND p.origin<>'pk' ORDER BY m.name, p.name, c.seqno"
    ):
        columns.setdefault((row["t"], row["i"], bool(row["u"])), []).append(row["c"])
    for (table, _, unique), names in columns.items():
        found[table].indexes.add((tuple(names), unique))
    for row in await connection.execute_query_dict(f'SELECT m.name AS t, p."from" AS c, p."table" AS o {tables.format("foreign_key_list")}'):
        found[row["t"]].references.add((row["c"], row["o"]))
    return found


async def _in_mysql(connection: Any) -> dict[str, TableShape]:
    found: dict[str, TableShape] = {}
    for row in await connection.execute_query_dict(
        "SELECT table_name AS t, column_name AS c, column_type AS y, is_nullable AS n FROM information_schema.columns WHERE table_schema=DATABASE()"
    ):
        found.setdefault(row["t"], TableShape()).columns[row["c"]] = (_type(row["y"]), row["n"] == "YES")
    for row in await connection.execute_query_dict(
        "SELECT table_name AS t, index_name AS i, non_unique AS u, GROUP_CONCAT(column_name ORDER BY seq_in_index) AS c"
        " FROM information_schema.statistics WHERE table_schema=DATABASE() AND index_name<>'PRIMARY' GROUP BY table_name, index_name, non_unique"
    ):
        found[row["t"]].indexes.add((tuple(str(row["c"]).split(",")), not row["u"]))
    for row in await connection.execute_query_dict(
        "SELECT table_name AS t, column_name AS c, referenced_table_name AS o FROM information_schema.key_column_usage"
        " WHERE table_schema=DATABASE() AND referenced_table_name IS NOT NULL"
    ):
        found[row["t"]].references.add((row["c"], row["o"]))
    return found


_SAME = {"int": "integer", "bool": "tinyint(1)", "json": "longtext", "double": "double", "real": "double"}


def _type(said: str) -> str:
    """A type as engine and model both say it: without default and display width, under one name."""
    plain = said.lower().split(" not null")[0].split(" default")[0].strip()
    plain = re.sub(r"^(int|bigint|smallint)\(\d+\)", r"\1", plain)
    return _SAME.get(plain, plain)
