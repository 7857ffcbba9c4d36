"""Which steps of the schema were taken, and what going back to an earlier one would lose: looked at before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from core.foundation.database.connection import APP, KEYRING, PRACTICE, configuration
from core.foundation.database.migrate import migration_names, states_without_queries
from core.foundation.database.shapes import wanted_shape

CALLED = {APP: PRACTICE, KEYRING: KEYRING}
"""What an operator calls the two databases."""


class NoSuchStep(Exception):
    """No step is called so, or it is not one that was taken. ``sentence`` says which there are."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Steps:
    """Of one database, oldest first: what was taken, what is still to be taken, and what another version of the program took."""

    app: str
    taken: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows that go (``column`` empty), or values of a column that go or do not fit the earlier one."""

    table: str
    column: str
    rows: int


async def steps(practice_url: str, keyring_url: str) -> list[Steps]:
    """The steps of both databases. AWAY where one does not answer."""
    config = configuration(practice_url, keyring_url, foreign_keys=False)
    try:
        await Tortoise.init(config=config)
        found = []
        for app, options in config["apps"].items():
            connection = get_connection(options["default_connection"])
            await connection.execute_query("SELECT 1")  # the engine takes a database that is away for one without any step
            known = migration_names(options["migrations"])
            applied = {key.name for key in await MigrationExecutor(connection, {app: options}).recorder.applied_migrations() if key.app_label == app}
            found.append(
                Steps(
                    app, tuple(one for one in known if one in applied), tuple(one for one in known if one not in applied),
                    tuple(sorted(applied - set(known))),
                )
            )  # fmt: skip
        return found
    finally:
        await Tortoise.close_connections()


def targets(there: list[Steps], wanted: str) -> dict[str, str]:
    """The step to which each database goes back: ``wanted`` is a number or a name for both, or ``practice.`` or ``keyring.`` and one, for one.
    Databases that are there already are left out. :class:`NoSuchStep`."""
    database, _, name = wanted.rpartition(".")
    if database and database not in CALLED.values():
        raise NoSuchStep(f"没有叫 {database} 的数据库:请写 practice.{name} 或 keyring.{name},两个一起就只写 {name}。")
    found = {}
    for one in there:
        if database not in ("", CALLED[one.app]):
            continue
        if one.unknown:
            raise NoSuchStep(f"{CALLED[one.app]} 的 {one.unknown[-1]} 是另一个版本的程序做的:请用那个版本退回。")
        fitting = [step for step in one.taken if name and step.startswith(name)]
        if len(fitting) != 1:
            raise NoSuchStep(f"{CALLED[one.app]} 没有做过叫 {name or wanted} 的一步。做过的:{'、'.join(one.taken) or '还没有'}。")
        if fitting[0] != one.taken[-1]:
            found[one.app] = fitting[0]
    return found


async def losses(practice_url: str, keyring_url: str, back_to: Mapping[str, str]) -> list[Loss]:
    """What is in the databases now and would not be there any more, table by table; counts only, no value is read."""
    config = configuration(practice_url, keyring_url, foreign_keys=False)
    try:
        await Tortoise.init(config=config)
        found = []
        for app, name in back_to.items():
            options = config["apps"][app]
            executor = MigrationExecutor(get_connection(options["default_connection"]), {app: options})
            plan = await executor.plan([MigrationTarget(app_label=app, name=name)])
            applied = set(await executor.recorder.applied_migrations())
            undone = {(step.migration.app_label, step.migration.name) for step in plan if step.backward}
            with states_without_queries():
                now = await executor._project_state(applied)
                then = await executor._project_state({key for key in applied if (key.app_label, key.name) not in undone})
            found += await _lost(executor.connection, now.apps.apps.get(app, {}), then.apps.apps.get(app, {}))
        return sorted(found, key=lambda one: (one.table, one.column))
    finally:
        await Tortoise.close_connections()


async def _lost(connection: Any, now: Mapping[str, Any], then: Mapping[str, Any]) -> list[Loss]:
    dialect = connection.capabilities.dialect
    quote, mark = ("`", "%s") if dialect == "mysql" else ('"', "?")
    kept = {model._meta.db_table: wanted_shape(model, dialect).columns for model in then.values()}
    found = []
    for model in now.values():
        table = model._meta.db_table
        if table not in kept:
            if rows := await _count(connection, f"{quote}{table}{quote}"):
                found.append(Loss(table, "", rows))
            continue
        fields = {column: model._meta.fields_map[name] for name, column in model._meta.fields_db_projection.items()}
        for column, shape in wanted_shape(model, dialect).columns.items():
            named, earlier = f"{quote}{column}{quote}", kept[table].get(column)
            values: list[Any] = []
            if earlier is None:
                condition, plain = f"{named} IS NOT NULL", getattr(fields[column], "db_default", None)
                if isinstance(plain, str | int):  # every row has it; only another value tells something
                    condition, values = f"{condition} AND {named} <> {mark}", [int(plain) if isinstance(plain, bool) else plain]
            elif earlier[0] != shape[0]:
                condition = f"{named} IS NOT NULL"
            elif shape[1] and not earlier[1]:
                condition = f"{named} IS NULL"
            else:
                continue
            if rows := await _count(connection, f"{quote}{table}{quote} WHERE {condition}", values):
                found.append(Loss(table, column, rows))
    return found


async def _count(connection: Any, which: str, values: list[Any] | None = None) -> int:
    (row,) = await connection.execute_query_dict(f"SELECT count(*) AS n FROM {which}", values or [])  # noqa: S608 - names of our own models
    return int(row["n"])
