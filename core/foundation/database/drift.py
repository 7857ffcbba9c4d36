"""Whether a database is what the migrations made: tables, columns with type and nullability, indexes and references, read from the database itself.

Somebody altered a table by hand, a restore was cut short, an older program runs on a newer database: the house must not serve on that, because
what breaks is the one write that needed the column. Tables that are not ours are nobody's business here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.recorder import MigrationRecorder

from core.foundation.database.connection import configuration
from core.foundation.database.migrate import migration_names
from core.foundation.database.shapes import TableShape, shapes_there, wanted_shape

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """``table``, or ``table.column``, and what is different there, in Chinese."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}:{self.what}"


class SchemaDrift(RuntimeError):
    """``sentence`` says where the database differs and what to do."""

    def __init__(self, found: list[Difference]) -> None:
        super().__init__("schema drift")
        self.found = found
        lines = [f"  {one}" for one in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  ……共 {len(found)} 处")
        self.sentence = "\n".join([
            "数据库结构与程序要求的不一致,没有启动:",
            *lines,
            "如果是手工改过表,请改回来;如果是换回了旧版程序,请用新版;否则请用 backups 里升级前的备份恢复,再运行 huizhen migrate。",
        ])


async def check_schema(practice_url: str, keyring_url: str) -> None:
    """Raise :class:`SchemaDrift` unless both databases are what the newest migrations make. Changes nothing."""
    found = await differences(practice_url, keyring_url)
    if found:
        raise SchemaDrift(found)


async def differences(practice_url: str, keyring_url: str) -> list[Difference]:
    """Every place in which either database differs from what the newest migrations make, in the order of tables; empty when none does."""
    config = configuration(practice_url, keyring_url)
    try:
        await Tortoise.init(config=config)
        found: list[Difference] = []
        for app, options in config["apps"].items():
            connection = get_connection(options["default_connection"])
            found += await _about_migrations(connection, app, options["migrations"])
            wanted = {model._meta.db_table: wanted_shape(model, connection.capabilities.dialect) for model in (Tortoise.apps or {})[app].values()}
            there = await shapes_there(connection)
            for table in sorted(wanted):
                found += _compare(table, wanted[table], there.get(table))
        return found
    finally:
        await Tortoise.close_connections()


async def _about_migrations(connection: Any, app: str, package: str) -> list[Difference]:
    """Migrations that were applied and that this program does not have, and the other way round."""
    known = set(migration_names(package))
    applied = {key.name for key in await MigrationRecorder(connection).applied_migrations() if key.app_label == app}
    beyond = [Difference(f"{app}.{name}", "这一步迁移是另一个版本的程序做的") for name in sorted(applied - known)]
    return [*beyond, *(Difference(f"{app}.{name}", "这一步迁移还没有做,请运行 huizhen migrate") for name in sorted(known - applied))]


def _compare(table: str, wanted: TableShape, there: TableShape | None) -> list[Difference]:
    if there is None:
        return [Difference(table, "没有这个表")]
    found = []
    for column, (kind, nullable) in wanted.columns.items():
        if column not in there.columns:
            found.append(Difference(f"{table}.{column}", "没有这一列"))
            continue
        kind_there, nullable_there = there.columns[column]
        if kind_there != kind:
            found.append(Difference(f"{table}.{column}", f"类型是 {kind_there},应为 {kind}"))
        if nullable_there != nullable:
            found.append(Difference(f"{table}.{column}", f"{'允许' if nullable_there else '不允许'}为空,应为{'允许' if nullable else '不允许'}"))
    found += [Difference(f"{table}.{column}", "多出这一列") for column in there.columns if column not in wanted.columns]
    for columns, unique in sorted(wanted.indexes - there.indexes):
        found.append(Difference(table, f"缺少{'唯一索引' if unique else '索引'}({', '.join(columns)})"))
    # A further index slows writes and no more; a further unique one, or a further reference, refuses what must be let in.
    found += [Difference(table, f"多出唯一索引({', '.join(columns)})") for columns, unique in sorted(there.indexes - wanted.indexes) if unique]
    found += [Difference(table, f"缺少外键({column} → {other})") for column, other in sorted(wanted.references - there.references)]
    found += [Difference(table, f"多出外键({column} → {other})") for column, other in sorted(there.references - wanted.references)]
    return found
