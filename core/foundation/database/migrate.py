"""Bringing both databases to the newest schema, in one place, before anything else starts."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import tortoise.models
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.api.migrate import migrate as run_migrations
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from core.foundation.database.connection import KEYRING, PRACTICE, configuration
from core.foundation.database.shapes import shapes_there, wanted_shape


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


def migration_names(package: str) -> list[str]:
    """The migrations in the folder ``package``, oldest first."""
    return sorted(one.name for one in pkgutil.iter_modules(importlib.import_module(package).__path__))


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
    """Apply what is pending (or take one app to ``app.name``, also backwards), alone even when several machines start at once.

    SQLite is migrated with foreign keys off, because a table rebuild with them on deletes the children; afterwards every reference is
    checked (:class:`BrokenReferences`). Indexes that the migration engine forgot are made.
    On MariaDB the schema must compare text letter by letter (:class:`WrongCollation`).
    """
    config = configuration(practice_url, keyring_url, foreign_keys=False)
    try:
        await Tortoise.init(config=config)
        for name in (PRACTICE, KEYRING):
            await _check_collation(get_connection(name))
        await _lock(practice_url)
        # Without this the engine would bring the other app to its newest on the way.
        apps = list(config["apps"]) if target is None else [target.partition(".")[0]]
        with states_without_queries(), _recorded_quietly():
            await run_migrations(config=config, target=target, app_labels=apps)
        for app, options in config["apps"].items():
            if app not in apps:
                continue
            await _make_missing_indexes(get_connection(options["default_connection"]), app, options, newest=target is None)
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


@contextlib.contextmanager
def states_without_queries() -> Iterator[None]:
    """While migrating, models of the past are never asked for rows, and a step changes few of them: building the queries of all models twice a step,
    and the classes of all once more as they were before, took most of the time."""

    def fields_only(self: Any) -> None:
        for models in self.apps.values():
            for model in models.values():
                if model._meta._inited:
                    model._meta.finalise_fields()

    with (
        patch.object(StateApps, "_build_initial_querysets", fields_only),
        patch.object(StateApps, "unregister_model", _unregister),
        patch.object(State, "clone", _clone),
        patch.object(tortoise.models, "get_filters_for_field", _no_filters),
    ):
        yield


def _clone(state: State) -> State:
    """The state as it stands. A step makes the classes anew of the models that it changes and of all that are related to them, and puts other fields
    and options into the description of a model: what was there stays as it is, and is shared."""
    apps = StateApps(default_connections=dict(state.apps._default_connections), connections=state.apps._connections)
    apps.apps = {app: dict(models) for app, models in state.apps.apps.items()}
    models = {key: replace(model, options=dict(model.options), fields=dict(model.fields)) for key, model in state.models.items()}
    return State(models=models, apps=apps)


def _unregister(apps: StateApps, app: str, model: str) -> None:
    """Without telling the class that it is no longer registered: in the state before the step it is."""
    apps.apps.get(app, {}).pop(model, None)


@contextlib.contextmanager
def _recorded_quietly() -> Iterator[None]:
    """The table of applied migrations is made only where it is not there: the engine asks for it IF NOT EXISTS each time, and MariaDB warns then,
    which the driver's log prints to whoever migrates, restores or drills."""
    made = MigrationRecorder.ensure_schema

    async def if_missing(self: MigrationRecorder, schema_editor: Any) -> None:
        if getattr(self.connection.capabilities, "dialect", "") == "mysql":
            asked = "SELECT 1 FROM information_schema.tables WHERE table_schema=DATABASE() AND table_name=%s"
            if await self.connection.execute_query_dict(asked, [self.table_name]):
                return
        await made(self, schema_editor)

    with patch.object(MigrationRecorder, "ensure_schema", if_missing):
        yield


def _no_filters(**_: Any) -> dict[str, Any]:
    return {}


async def _make_missing_indexes(connection: Any, app: str, options: dict[str, Any], *, newest: bool) -> None:
    """Make the indexes that the applied migrations call for and that are not there, upwards and downwards alike.

    The engine adds an indexed column without its index, and rebuilds a table on SQLite without its indexes and unique sets.
    """
    executor = MigrationExecutor(connection, {app: options})
    if newest:
        models = (Tortoise.apps or {})[app]
    else:
        await executor.loader.build_graph()
        state = await executor._project_state(set(await executor.recorder.applied_migrations()))
        models = state.apps.apps.get(app, {})
    there = await shapes_there(connection)
    editor = executor._schema_editor(atomic=False)
    quote = "`" if editor.DIALECT == "mysql" else '"'
    for model in models.values():
        table = model._meta.db_table
        for columns, unique in sorted(wanted_shape(model, editor.DIALECT).indexes - there[table].indexes):
            name = editor._generate_index_name_for_table("uid" if unique else "idx", table, list(columns))
            named = ", ".join(f"{quote}{column}{quote}" for column in columns)
            await connection.execute_query(f"CREATE {'UNIQUE ' if unique else ''}INDEX {quote}{name}{quote} ON {quote}{table}{quote} ({named})")


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
