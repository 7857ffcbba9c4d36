"""What is removed from a repository is what its own count says, and never more: not at the second site, not beside a key ring that is new."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.failures import RepositoryDamaged
from miniprogram_api.backups.following import bring_to
from miniprogram_api.backups.manifest import FILE, KEYS_FILE, SEAL_FILE, LogTaken, Manifest, Needs, SetSeal
from miniprogram_api.backups.repository import Repository
from miniprogram_api.backups.sets import DATA, KEYS, Targets, sets_in, tags_for, targets_of
from miniprogram_api.backups.taking import _verify_data, let_go
from tests.miniprogram_api.backups.conftest import Site

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def put(site: Site, targets: Targets, name: str, day: int, erased: Sequence[str] = ()) -> None:
    """A set as it is saved, of a day."""
    at = NOON + timedelta(days=day)
    await half(site, targets, name, day)
    lines = [
        {"table": "wrapped_key", "id": one, "wrapped": "" if one in erased else "c2VjcmV0", "erased_at": at.isoformat() if one in erased else None}
        for one in ("patient:A", "patient:B")
    ]
    (site.folder / KEYS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    seal = SetSeal(set_id=name, data="", taken_at=at, reaches=at, keys=2, erased=len(erased))
    (site.folder / SEAL_FILE).write_text(seal.text())
    await targets.keys.save(site.folder, [KEYS_FILE, SEAL_FILE], tags_for(KEYS, name, at, at, len(erased)), at=at + timedelta(minutes=1))


async def half(site: Site, targets: Targets, name: str, day: int) -> None:
    """As it is left by who was killed in the middle."""
    at = NOON + timedelta(days=day)
    (site.folder / FILE).write_text(name)
    await targets.data.save(site.folder, [FILE], tags_for(DATA, name, at, at), at=at)


def begun_anew(repository: Repository, new: Path) -> None:
    """Empty, and another one than before: ``new`` is a copy of one that was never used."""
    shutil.rmtree(repository.address)
    new.rename(repository.address)


async def names(targets: Targets) -> list[str]:
    return [one.id for one in await sets_in(targets)]


async def test_a_first_site_that_begins_anew_takes_nothing_from_the_second(repositories: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    shutil.copytree(repositories.folder / "two", repositories.folder / "new")
    settings = repositories.settings
    first, second = targets_of(settings), targets_of(settings, second=True)
    await put(repositories, first, "one", 1)
    assert (await first.data.snapshots())[0].at == NOON + timedelta(days=1), "a time is UTC wherever the machine stands"
    await bring_to(settings, first, second)
    assert await names(second) == ["one"]
    # The first is damaged, or somebody deletes it: it begins anew, with one set that knows a destroyed key.
    begun_anew(first.data, repositories.folder / "new/data")
    begun_anew(first.keys, repositories.folder / "new/keys")
    await put(repositories, first, "three", 3, ["patient:A"])
    await half(repositories, second, "killed", 2)
    await bring_to(settings, first, second)
    sets = await sets_in(second)
    assert [(one.id, one.erased) for one in sets] == [("one", 1), ("three", 1)]
    assert b"c2VjcmV0" not in (await second.keys.read(sets[0].keys.id, KEYS_FILE)).splitlines()[0], "a destroyed key stayed at the second site"
    assert len(await second.data.snapshots()) == len(await second.keys.snapshots()) == 2, "what was unfinished goes"


async def test_a_new_repository_of_the_key_ring_makes_no_older_data_unfinished(repositories: Site) -> None:
    settings, targets = repositories.settings, targets_of(repositories.settings)
    append_only = settings.model_copy(update={"backup_keep": Settings(backup_keep="all").backup_keep})
    await half(repositories, targets, "lost its keys", 1)
    await put(repositories, targets, "new", 2)
    await half(repositories, targets, "killed", 3)
    await let_go(append_only, targets)
    assert len(await targets.data.snapshots()) == 3, "where nothing may be deleted nothing is"
    await let_go(settings, targets)
    assert [one.tags[1] for one in await targets.data.snapshots()] == ["set=lost its keys", "set=new"]
    assert await names(targets) == ["new"]


class Differing:
    """A repository that gives another database back than was saved."""

    name = "数据备份仓库"

    def __init__(self) -> None:
        self.read: list[str] = []

    async def check(self) -> None: ...

    async def digest(self, snapshot: str, path: str) -> str:
        self.read.append(path)
        return "0" * 64

    async def discard(self, snapshot: str) -> None: ...


async def test_a_dump_is_read_back_also_where_its_log_lies_beside_it(tmp_path: Path) -> None:
    manifest = Manifest(
        set_id="one", taken_at=NOON, dialect="mysql", database="practice.sql", sha256="1" * 64, rows={}, migrations=(), blobs_at="blobs",
        recorded=0, log=LogTaken(file="binlog.000001", offset=4), needs=Needs(master_keys=(), key_service=False, secrets=(), audit_key=""),
    )  # fmt: skip
    (tmp_path / "log.sql").write_text("")
    for until, read in ((None, "snapshot/practice.sql"), (NOON, "snapshot/log.sql")):
        repository = Differing()
        with pytest.raises(RepositoryDamaged):
            await _verify_data(
                repository, "id", manifest.model_copy(update={"log": LogTaken(file="b", offset=4, until=until)}), set(), tmp_path  # type: ignore[arg-type]
            )
        assert repository.read == [read]
