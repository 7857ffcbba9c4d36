"""The list of destroyed keys is kept outside by the ticker; it is asked whether the last backup is too old where there are backups at all."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError

from core.foundation.encryption.erasure import destroy_keys
from core.foundation.practice import Practice
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups import following
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.key_lines import read_erased
from miniprogram_api.backups.watching import backup_rounds, keep_erased

pytestmark = pytest.mark.storage


async def test_a_destroyed_key_is_on_the_list_soon(practice: Practice, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, audit_anchor_dir=tmp_path / "elsewhere")
    await practice.keys.sealer("patient", "A")
    settings.backups_dir.mkdir()
    later = f"keyring-{practice.clock.real_now() + timedelta(minutes=5):%Y%m%dT%H%M%SZ}.sqlite3"
    before = [f"keyring-{practice.clock.real_now():%Y%m%dT%H%M%SZ}{end}" for end in (".sqlite3", ".sql", ".part")]
    for name in (*before, later, "practice-20200101T000000Z.sqlite3", "keyring-of-somebody.sqlite3"):
        (settings.backups_dir / name).write_bytes(b"a copy")
    watching = asyncio.create_task(keep_erased(settings, 0.01))
    await asyncio.sleep(0.05)
    assert read_erased(settings.erased_file) == {}
    assert len(list(settings.backups_dir.iterdir())) == 6
    await destroy_keys(practice, "patient", "A")
    async with asyncio.timeout(60):
        while not read_erased(settings.erased_file) or (settings.backups_dir / before[0]).exists():  # noqa: ASYNC110 - another task's files
            await asyncio.sleep(0.01)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert read_erased(settings.erased_file).keys() == {"patient:A"}
    left = {path.name for path in settings.backups_dir.iterdir()}
    assert left == {later, "practice-20200101T000000Z.sqlite3", "keyring-of-somebody.sqlite3"}, "a copy of a destroyed key stayed, or another went"


async def test_following_goes_on_when_the_database_was_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(settings: Settings) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(following, "open_for_rekeying", away)
    told: list[object] = []
    await following.follow(Settings(data_dir=tmp_path), told.append, rounds=2, sleep_s=0)
    assert [type(one) for one in told] == [BackupFailed, BackupFailed]


def test_only_a_house_with_backups_is_asked_for_them(tmp_path: Path) -> None:
    assert backup_rounds(Settings(data_dir=tmp_path, demo=True)) == []
    assert len(backup_rounds(Settings(data_dir=tmp_path))) == 1
    assert len(backup_rounds(Settings(data_dir=tmp_path, demo=True, backup_repository="/b/one"))) == 1
