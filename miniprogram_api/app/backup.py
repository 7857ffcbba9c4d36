"""Copies of the databases, made before a migration touches them: SQLite by its own backup, MariaDB by its own dump."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

KEPT = 10
"""Copies kept of each database; the oldest beyond go."""

DUMP_PROGRAMS = ("mariadb-dump", "mysqldump")


class BackupFailed(Exception):
    """No copy could be made; `sentence` says what to do. Nothing was changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


async def back_up(url: str, name: str, folder: Path, now: datetime) -> Path | None:
    """A consistent copy of the database at `url` as `<folder>/<name>-<time>`, owner-readable; None when there is nothing to copy yet.

    Raises BackupFailed.
    """
    parts = urlsplit(url)
    stem = f"{name}-{now:%Y%m%dT%H%M%SZ}"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    if parts.scheme == "sqlite":
        target = folder / f"{stem}.sqlite3"
        if not await asyncio.to_thread(_copy_sqlite, Path(parts.path), target):
            return None
    else:
        target = folder / f"{stem}.sql"
        await _dump_mariadb(url, target)
    await asyncio.to_thread(_keep_newest, folder, f"{name}-*{target.suffix}")
    return target


def _keep_newest(folder: Path, pattern: str) -> None:
    for old in sorted(folder.glob(pattern))[:-KEPT]:
        old.unlink()


def let_go(folder: Path, name: str, until: datetime) -> int:
    """Delete the copies of the database ``name`` that were begun not after ``until``, unfinished ones too; how many. For the key ring, when keys
    were destroyed: such a copy holds them still."""
    gone = 0
    for path in folder.glob(f"{name}-*"):
        try:
            begun = datetime.strptime(path.name.split(".")[0], f"{name}-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            continue  # not one of ours
        if begun <= until:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _copy_sqlite(source: Path, target: Path) -> bool:
    """False when there is no table to copy. The copy is checked before it gets its name."""
    if not source.exists():
        return False
    draft = target.with_suffix(".part")
    draft.unlink(missing_ok=True)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(draft)) as copy:
            if not original.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                draft.unlink()
                return False
            original.backup(copy)
            if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("the copy is damaged")
        draft.replace(target)
    except (OSError, sqlite3.OperationalError) as error:
        draft.unlink(missing_ok=True)
        raise BackupFailed("升级前的备份没有写成,请检查磁盘空间后重试。数据库没有改动。") from error
    except sqlite3.DatabaseError as error:
        draft.unlink(missing_ok=True)
        raise BackupFailed(f"升级前的备份没有写成:数据库文件 {source.name} 不能完整读出。请先用 backups 里较早的备份恢复。") from error
    return True


async def _dump_mariadb(url: str, target: Path) -> None:
    program = next(filter(None, map(shutil.which, DUMP_PROGRAMS)), None)
    if program is None:
        raise BackupFailed("升级前要先备份 MariaDB,但没有找到 mariadb-dump。Debian:apt-get install mariadb-client。数据库没有改动。")
    parts = urlsplit(url)
    options = [f"user={_quoted(parts.username)}", f"password={_quoted(parts.password)}"]
    socket = parse_qs(parts.query).get("unix_socket")
    options += [f"socket={_quoted(socket[0])}"] if socket else [f"host={_quoted(parts.hostname)}", f"port={parts.port or 3306}"]
    draft = target.with_suffix(".part")
    # The password travels in a file of ours, not in the command line, which everybody on the machine can read.
    with tempfile.TemporaryDirectory(prefix="huizhen-backup-") as private:
        defaults = Path(private) / "client.cnf"
        defaults.write_text("[client]\n" + "\n".join(options) + "\n", "utf-8")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                f"--defaults-extra-file={defaults}",
                "--single-transaction",
                "--hex-blob",
                "--skip-lock-tables",
                parts.path.lstrip("/"),
                stdout=descriptor,
                stderr=asyncio.subprocess.DEVNULL,
            )
            status = await process.wait()
        finally:
            os.close(descriptor)
    if status:
        draft.unlink(missing_ok=True)
        raise BackupFailed("升级前的备份没有写成(mariadb-dump 报错),请检查数据库连接与磁盘空间后重试。数据库没有改动。")
    draft.replace(target)


def _quoted(value: str | None) -> str:
    text = unquote(value or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
