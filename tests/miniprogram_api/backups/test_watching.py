"""The list of destroyed keys is kept outside by the ticker; it is asked whether the last backup is too old where there are backups at all."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from core.foundation.encryption.erasure import destroy_keys
from core.foundation.practice import Practice
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.key_lines import read_erased
from miniprogram_api.backups.watching import backup_rounds, keep_erased

pytestmark = pytest.mark.storage


async def test_a_destroyed_key_is_on_the_list_soon(practice: Practice, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, audit_anchor_dir=tmp_path / "elsewhere")
    await practice.keys.sealer("patient", "A")
    watching = asyncio.create_task(keep_erased(settings, 0.01))
    await asyncio.sleep(0.05)
    assert read_erased(settings.erased_file) == {}
    await destroy_keys(practice, "patient", "A")
    async with asyncio.timeout(60):
        while not read_erased(settings.erased_file):  # noqa: ASYNC110 - a file of another task's
            await asyncio.sleep(0.01)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert read_erased(settings.erased_file).keys() == {"patient:A"}


def test_only_a_house_with_backups_is_asked_for_them(tmp_path: Path) -> None:
    assert backup_rounds(Settings(data_dir=tmp_path, demo=True)) == []
    assert len(backup_rounds(Settings(data_dir=tmp_path))) == 1
    assert len(backup_rounds(Settings(data_dir=tmp_path, demo=True, backup_repository="/b/one"))) == 1
