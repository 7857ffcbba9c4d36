"""`huizhen migrate`: back up, then bring both databases to the newest schema."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from miniprogram_api.app.settings import Settings
from miniprogram_api.cli.refusals import explain_settings

KEPT_BACKUPS = 10


def run(given: argparse.Namespace) -> int:
    """Exit status 0 when the databases are at the newest schema (or, with --make, the files are written)."""
    settings = explain_settings()
    if settings is None:
        return 1
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return asyncio.run(_make(settings) if given.make else _migrate(settings))


async def _make(settings: Settings) -> int:
    from core.foundation.database.migrate import write_migrations

    written = await write_migrations(settings.database_url, settings.keyring_url)
    print("\n".join(written) if written else "数据模型与迁移一致,无需新的迁移。")
    return 0


async def _migrate(settings: Settings) -> int:
    from core.foundation.database.migrate import migrate, pending_migrations

    pending = await pending_migrations(settings.database_url, settings.keyring_url)
    if not pending:
        print("数据库已是最新。")
        return 0
    for url in (settings.database_url, settings.keyring_url):
        copy = back_up(url, settings.backups_dir, datetime.datetime.now(datetime.UTC))
        if copy:
            print(f"已备份到 {copy}")
    await migrate(settings.database_url, settings.keyring_url)
    print(f"数据库已升级({pending} 步)。")
    return 0


def back_up(url: str, folder: Path, now: datetime.datetime) -> Path | None:
    """A consistent copy of a SQLite database that holds something, None when there is nothing to copy; the oldest beyond ten go."""
    parts = urlsplit(url)
    source = Path(parts.path)
    if parts.scheme != "sqlite" or not source.exists() or not source.stat().st_size:
        return None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"{source.stem}-{now:%Y%m%dT%H%M%SZ}.sqlite3"
    draft = target.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(draft)) as copy:
        original.backup(copy)
    draft.chmod(0o600)
    draft.replace(target)
    for old in sorted(folder.glob(f"{source.stem}-*.sqlite3"))[:-KEPT_BACKUPS]:
        old.unlink()
    return target
