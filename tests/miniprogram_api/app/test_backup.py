"""Copies made before a migration: complete, private, counted, and nothing half made."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from miniprogram_api.app import backup
from miniprogram_api.app.backup import BackupFailed, back_up

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "数 据" / "practice.sqlite3"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE patient (id TEXT PRIMARY KEY)")
        made.executemany("INSERT INTO patient VALUES (?)", [(str(number),) for number in range(500)])
        made.commit()
    return path


async def test_a_copy_holds_everything_and_is_private(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("INSERT INTO patient VALUES ('still in the log')")
        writer.commit()
        copy = await back_up(f"sqlite://{database}", "practice", tmp_path / "backups", NOW)
    assert copy == tmp_path / "backups" / "practice-20261120T020000Z.sqlite3"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as read:
        assert read.execute("SELECT count(*) FROM patient").fetchone() == (501,)
        assert read.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_the_oldest_beyond_ten_go(database: Path, tmp_path: Path) -> None:
    for hour in range(backup.KEPT + 3):
        await back_up(f"sqlite://{database}", "practice", tmp_path / "backups", NOW + timedelta(hours=hour))
    kept = names(tmp_path / "backups")
    assert len(kept) == backup.KEPT
    assert kept[0] == "practice-20261120T050000Z.sqlite3"


async def test_what_is_not_there_or_empty_needs_no_copy(tmp_path: Path) -> None:
    assert await back_up(f"sqlite://{tmp_path}/none.sqlite3", "practice", tmp_path / "backups", NOW) is None
    sqlite3.connect(tmp_path / "empty.sqlite3").close()
    assert await back_up(f"sqlite://{tmp_path}/empty.sqlite3", "practice", tmp_path / "backups", NOW) is None


async def test_a_broken_database_gives_no_copy_and_says_so(database: Path, tmp_path: Path) -> None:
    with database.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * 8192)
    with pytest.raises(BackupFailed, match="不能完整读出"):
        await back_up(f"sqlite://{database}", "practice", tmp_path / "backups", NOW)
    assert names(tmp_path / "backups") == []


@pytest.mark.peer
async def test_mariadb_is_dumped_without_its_password_on_the_command_line(mariadb: Any, tmp_path: Path) -> None:
    url = mariadb.create_schema("backed_up")
    mariadb.sql("CREATE TABLE backed_up.patient (id INT PRIMARY KEY, sealed BLOB); INSERT INTO backed_up.patient VALUES (7, 0xFF00C0FFEE)")
    copy = await back_up(url, "practice", tmp_path, NOW)
    assert copy is not None
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "0xFF00C0FFEE" in copy.read_text("utf-8")
    mariadb.create_schema("restored")
    mariadb.sql(f"USE restored; SOURCE {copy};")
    assert mariadb.sql("SELECT id, HEX(sealed) FROM restored.patient") == "7\tFF00C0FFEE\n"


@pytest.mark.peer
async def test_a_dump_that_fails_changes_nothing_and_says_what_to_do(mariadb: Any, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed) as refused:
        await back_up(mariadb.url("no_such_schema"), "practice", tmp_path, NOW)
    assert "数据库没有改动" in refused.value.sentence
    assert names(tmp_path) == []


async def test_without_a_dump_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed) as refused:
        await back_up("mysql://u:hidden@127.0.0.1/practice", "practice", tmp_path, NOW)
    assert "mariadb-client" in refused.value.sentence
    assert "hidden" not in refused.value.sentence
