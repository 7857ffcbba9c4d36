"""SQLite by its online backup: one step over a read transaction, so that nobody who writes waits, and what is still in the log comes along."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from miniprogram_api.backups.failures import BackupFailed

_BUSY_S = 30.0
STEPS = "tortoise_migrations"
"""The table in which the engine notes the steps of the schema."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: rows of each table, and the ids of the recorded files."""

    rows: dict[str, int]
    blobs: set[str]


def copy(source: Path, target: Path) -> Copied:
    """A consistent copy of the database ``source`` as ``target`` (owner-readable, checked). BackupFailed; nothing is changed."""
    if not source.exists():
        raise BackupFailed(f"没有数据库 {source}:新部署请先运行 huizhen migrate。")
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as original, closing(sqlite3.connect(draft)) as made:
            original.backup(made)
            # Of the source the copy has the log mode, whose two further files would be left out.
            made.execute("PRAGMA journal_mode=DELETE")
            if made.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("the copy is damaged")
        found = read(draft)
        draft.replace(target)
    except (OSError, sqlite3.OperationalError) as error:
        draft.unlink(missing_ok=True)
        raise BackupFailed("数据库的副本没有写成:请检查磁盘空间后重试。数据库没有改动。") from error
    except sqlite3.DatabaseError as error:
        draft.unlink(missing_ok=True)
        raise BackupFailed(f"数据库文件 {source.name} 不能完整读出:请停止系统,用最近的快照恢复(huizhen restore)。") from error
    return found


def read(path: Path) -> Copied:
    """What stands in a copy."""
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")]
        rows = counted(database, names)
        blobs = {one for (one,) in database.execute("SELECT id FROM blob")} if "blob" in rows else set()
    return Copied(rows, blobs)


def counted(database: sqlite3.Connection, tables: Sequence[str]) -> dict[str, int]:
    """How many rows each of ``tables`` has; -1 where there is no such table."""
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    return {
        name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] if name in there else -1  # noqa: S608 - names of our own tables
        for name in tables
    }


def holds_nothing(path: Path) -> bool:
    """Whether no row is lost with the database at ``path``: it is not there, it has no table, or only empty ones (and the note of the steps that made
    them). What cannot be read as a database holds something."""
    if not path.exists():
        return True
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")]
            held = counted(database, names)
    except sqlite3.DatabaseError:
        return False
    return not any(rows for name, rows in held.items() if name != STEPS)
