"""`huizhen migrate`: back up, then bring both databases to the newest schema, and make sure that they are at it: the house starts on nothing else."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import shutil

from miniprogram_api.app.backup import BackupFailed, back_up
from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when the databases are at the newest schema (or, with --make, the files are written)."""
    settings = explain_settings()
    if settings is None:
        return 1
    if settings.restoring_dir.exists() and not given.make:
        print(f"这里有一次没做完的恢复({settings.restoring_dir}):请再运行一次 huizhen restore,做完再启动。")
        return 1
    shutil.rmtree(settings.restored_dir, ignore_errors=True)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return asyncio.run(_make(settings) if given.make else _migrate(settings))
    except BackupFailed as failure:
        print(failure.sentence)
        return 1


async def _make(settings: Settings) -> int:
    from core.foundation.database.migrate import write_migrations

    written = await write_migrations(settings.database_url, settings.keyring_url)
    print("\n".join(written) if written else "数据模型与迁移一致,无需新的迁移。")
    return 0


async def _migrate(settings: Settings) -> int:
    from core.foundation.database.drift import SchemaDrift, check_schema
    from core.foundation.database.migrate import WrongCollation, migrate, pending_migrations

    pending = await pending_migrations(settings.database_url, settings.keyring_url)
    if not pending:
        try:
            await check_schema(settings.database_url, settings.keyring_url)
        except SchemaDrift as drift:
            print(drift.sentence)
            return 1
        print("数据库已是最新。")
        return 0
    now = datetime.datetime.now(datetime.UTC)
    for name, url in (("practice", settings.database_url), ("keyring", settings.keyring_url)):
        copy = await back_up(url, name, settings.backups_dir, now)
        if copy:
            print(f"已备份到 {copy}")
    try:
        await migrate(settings.database_url, settings.keyring_url)
        await check_schema(settings.database_url, settings.keyring_url)
    except (WrongCollation, SchemaDrift) as wrong:
        print(wrong.sentence)
        return 1
    print(f"数据库已升级({pending} 步)。")
    return 0
