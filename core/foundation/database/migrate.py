"""Bringing both databases to the newest schema, in one place, before anything else starts."""

from __future__ import annotations

import asyncio
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.api.migrate import migrate as run_migrations
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor

from core.foundation.database.connection import KEYRING, PRACTICE, configuration


class BrokenReferences(RuntimeError):
    """After migrating, rows refer to rows that do not exist."""


class WrongCollation(RuntimeError):
    """The schema's text is not compared letter by letter: two openids that differ in case only would be one person. ``sentence`` says what to do."""

    def __init__(self, schema: str, collation: str) -> None:
        super().__init__("wrong collation")
        self.sentence = (
            f"数据库 {schema} 的排序规则是 {collation},会把大小写不同的编号当成同一个。请先执行:"
            f"ALTER DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,再重试。数据库没有改动。"
        )


async def pending_migrations(practice_url: str, keyring_url: str) -> int:
    """How many migrations are still to be applied."""
    config = configuration(practice_url, keyring_url, foreign_keys=False)
    try:
        await Tortoise.init(config=config)
        pending = 0
        for app, options in config["apps"].items():
            executor = MigrationExecutor(get_connection(options["default_connection"]), {app: options})
            pending += len(await executor.plan())
        return pending
    finally:
        await Tortoise.close_connections()


async def migrate(practice_url: str, keyring_url: str, *, target: str | None = None) -> None:
    """Apply what is pending (or go to ``app.name``, also backwards), alone even when several machines start at once.

    SQLite is migrated with foreign keys off, because a table rebuild with them on deletes the children; afterwards every reference is
    checked (:class:`BrokenReferences`). On MariaDB the schema must compare text letter by letter (:class:`WrongCollation`).
    """
    config = configuration(practice_url, keyring_url, foreign_keys=False)
    try:
        await Tortoise.init(config=config)
        for name in (PRACTICE, KEYRING):
            await _check_collation(get_connection(name))
        await _lock(practice_url)
        await run_migrations(config=config, target=target)
        for name in (PRACTICE, KEYRING):
            await _check_references(get_connection(name))
    finally:
        await Tortoise.close_connections()


async def write_migrations(practice_url: str, keyring_url: str) -> list[str]:
    """Write migrations for what the models say beyond the last one; the files written."""
    config = configuration(practice_url, keyring_url)
    try:
        context = await Tortoise.init(config=config)
        return await MigrationAutodetector(_as_columns(context), config["apps"]).write()
    finally:
        await Tortoise.close_connections()


async def missing_migrations(practice_url: str, keyring_url: str) -> list[str]:
    """The names of migrations that the models call for and that nobody wrote: must be empty."""
    config = configuration(practice_url, keyring_url)
    try:
        context = await Tortoise.init(config=config)
        detector = MigrationAutodetector(_as_columns(context), config["apps"])
        return [writer.as_string() for writer in await detector.changes()]
    finally:
        await Tortoise.close_connections()


def _as_columns(context: Any) -> Any:
    """The models as the migration engine bears them.

    Without docstrings: as table comments they would be split at semicolons when a migration runs. With column names in unique sets and
    indexes: the engine writes a relation's name as if it were a column, which MariaDB refuses and SQLite takes for a constant text.
    """
    for models in context.apps.values():
        for model in models.values():
            meta = model._meta
            meta.table_description = None
            for field in meta.fields_map.values():
                field.description = None
            meta.unique_together = tuple(tuple(_column(meta, name) for name in names) for names in meta.unique_together or ())
            meta.indexes = tuple(
                tuple(_column(meta, name) for name in index) if isinstance(index, tuple | list) else index for index in meta.indexes or ()
            )
    return context.apps


def _column(meta: Any, name: str) -> str:
    field = meta.fields_map[name]
    return str(field.source_field) if name in meta.fk_fields | meta.o2o_fields else name


async def _lock(practice_url: str) -> None:
    connection = get_connection(PRACTICE)
    if connection.capabilities.dialect == "mysql":
        for _ in range(60):
            rows = await connection.execute_query_dict("SELECT GET_LOCK('huizhen_migrate', 1) AS held")
            if rows[0]["held"]:
                return
            await asyncio.sleep(0.5)
        raise TimeoutError("another process is migrating")


async def _check_collation(connection: Any) -> None:
    if connection.capabilities.dialect != "mysql":
        return
    (row,) = await connection.execute_query_dict("SELECT DATABASE() AS name, @@collation_database AS collation")
    if not str(row["collation"]).endswith("_bin"):
        raise WrongCollation(row["name"], row["collation"])


async def _check_references(connection: Any) -> None:
    if connection.capabilities.dialect != "sqlite":
        return
    broken = await connection.execute_query_dict("PRAGMA foreign_key_check")
    if broken:
        raise BrokenReferences(", ".join(sorted({str(row["table"]) for row in broken})))
