"""Before a master key is destroyed the operator reads which snapshots nothing opens afterwards, and is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from miniprogram_api.backups.manifest import FILE, STAGING, Manifest, Needs
from miniprogram_api.backups.masters import sets_under
from miniprogram_api.backups.sets import DATA, KEYS, tags_for, targets_of
from miniprogram_api.cli import keys
from tests.miniprogram_api.backups.conftest import Site

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def put(site: Site, name: str, day: int, master: str, *, second: bool) -> None:
    """A set of a day, its key ring under one master key."""
    targets, at = targets_of(site.settings, second=second), NOON + timedelta(days=day)
    manifest = Manifest(
        set_id=name, taken_at=at, dialect="sqlite", database="x", sha256="", rows={}, migrations=(), blobs_at="", recorded=0,
        needs=Needs(master_keys=(master,), key_service=False, secrets=(), audit_key=""),
    )  # fmt: skip
    (site.folder / STAGING).mkdir(exist_ok=True)
    (site.folder / STAGING / FILE).write_text(manifest.text())
    await targets.data.save(site.folder, [f"{STAGING}/{FILE}"], tags_for(DATA, name, at, at), at=at)
    await targets.keys.save(site.folder, [f"{STAGING}/{FILE}"], tags_for(KEYS, name, at, at, 0), at=at)


async def test_the_snapshots_under_a_master_key_are_named_at_both_sites(
    repositories: Site, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name, day, master, second in (("old", 1, "1", False), ("older", 0, "1", True), ("new", 2, "2", False)):
        await put(repositories, name, day, master, second=second)
    assert [one.id for one in await sets_under(repositories.settings, "1")] == ["older", "old"]
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert not await keys._agreed(repositories.settings, "1")
    said = capsys.readouterr().out
    assert "有 2 份快照" in said
    assert "old  2026-11-21 20:00:00(北京时间)" in said
    assert "new" not in said
    monkeypatch.setattr("builtins.input", lambda _: keys.AGREEMENT)
    assert await keys._agreed(repositories.settings, "3")
    assert "没有要用它的快照" in capsys.readouterr().out
