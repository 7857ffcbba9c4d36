"""`backup init` leaves its entry in the audit, with who typed it; where there is no house yet it says so and makes none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from miniprogram_api.app import signing
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.cli import backup


@pytest.mark.storage
async def test_what_was_made_is_entered(practice: Practice, database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    @contextlib.asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[Practice]:
        yield practice

    monkeypatch.setattr(signing, "open_for_signing", opened)
    await backup._note_places(Settings(data_dir=tmp_path, database_url=database.practice, keyring_url=database.keyring), 2, 4)
    assert capsys.readouterr().out == ""
    entry = await AuditEntry.get(action="oversight.backup_places")
    assert (entry.account_id, entry.detail) == ("system:operator", {"made": "2", "places": "4", "user": OPERATOR.user})


async def test_before_there_is_a_house_it_says_that_nothing_was_entered(tmp_path: Path, capsys: Any) -> None:
    await backup._note_places(Settings(data_dir=tmp_path), 2, 4)
    assert "没有记入审计" in capsys.readouterr().out
    assert os.listdir(tmp_path) == []
