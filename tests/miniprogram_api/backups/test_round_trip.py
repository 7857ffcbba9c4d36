"""A house that serves is backed up, burns down, and is there again elsewhere: every recorded file, no erased person, no key where none belongs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from core.foundation.audit.anchoring import Anchorer
from core.foundation.audit.anchors import FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.sequencer import Sequencer
from core.foundation.encryption.erasure import destroy_keys, set_lock
from core.foundation.keyring.models import KeyRenewal, WrappedKey
from core.foundation.models import AuditEntry, Blob
from core.foundation.practice import Practice
from core.oversight.backups import BackupTaken, CheckBackups
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.backups import taking
from miniprogram_api.backups.failures import BackupFailed
from miniprogram_api.backups.following import back_up_once
from miniprogram_api.backups.manifest import KEYS_FILE
from miniprogram_api.backups.sets import sets_in, targets_of
from miniprogram_api.backups.sqlite import holds_nothing
from miniprogram_api.backups.taking import Taken, let_go, take
from tests.miniprogram_api.backups.conftest import HUIZHEN, Site
from tests.support.forked import Forked

pytestmark = pytest.mark.storage
Urls = Callable[[Path], dict[str, str]]


async def store(practice: Practice, subject: str, content: bytes) -> str:
    """A file as an order stores it: first the object, then the row."""
    blob_id = practice.ids.new()
    await practice.blobs.put(blob_id, "patient", subject, content)
    await Blob.create(
        id=blob_id, subject_kind="patient", subject_id=subject, media_type="text/plain", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), created_at=practice.clock.real_now(),
    )
    return blob_id


async def look(site: Site, **others: str) -> dict[str, list[str]]:
    done = await site.ends("tests.miniprogram_api.backups.look", **others)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


async def write_on(practice: Practice, subject: str, stop: asyncio.Event, enough: asyncio.Event) -> None:
    """Files come, and now and then one is deleted by its order: the row first, then the object."""
    written: list[str] = []
    while not stop.is_set():
        written.append(await store(practice, subject, f"while it runs {len(written)}".encode()))
        if len(written) % 5 == 4:
            gone = written[-4]
            await Blob.filter(id=gone).delete()
            await practice.blobs.delete(gone)
        if len(written) == 8:
            enough.set()
        await asyncio.sleep(0.02)


async def test_an_older_set_comes_back_whole_and_whoever_was_erased_since_does_not(
    practice: Practice, site: Site, new_urls: Urls, on_mariadb: bool
) -> None:
    # The second site never sees a database: it is tried on one of them.
    settings = site.settings.model_copy(update={"backup_second_repository": ""}) if on_mariadb else site.settings
    stays, goes = practice.ids.new(), practice.ids.new()
    before = [await store(practice, stays, b"first"), await store(practice, goes, b"a person's words")]
    wrapped = bytes((await WrappedKey.get(id=f"patient:{goes}")).wrapped)
    stop, enough = asyncio.Event(), asyncio.Event()
    writer = asyncio.create_task(write_on(practice, stays, stop, enough))
    await enough.wait()
    first = await take(settings, practice)
    stop.set()
    await writer
    assert len(before) < first.manifest.rows["blob"] < await Blob.all().count(), "it was written before, while and after the database was copied"

    await destroy_keys(practice, "patient", goes)
    await set_lock(practice, [f"patient:{stays}"], locked=True)
    second = (await back_up_once(settings, practice)).taken
    here = targets_of(settings)
    for targets in (here,) if on_mariadb else (here, targets_of(settings, second=True)):
        sets = await sets_in(targets)
        assert [one.id for one in sets] == [first.seal.set_id, second.seal.set_id]
        assert all(one.erased == 1 for one in sets)
        lines = await targets.keys.read(sets[0].keys.id, KEYS_FILE)
        assert goes.encode() in lines
        assert _b64(wrapped) not in lines, "a destroyed key stayed in an older snapshot of the key ring"
    if not on_mariadb:
        status = (await site.huizhen("backup", "status")).stdout
        assert f"快照 {second.seal.set_id}。\n第二份仓库:北京时间 " in status
        listed = (await site.huizhen("backup", "list")).stdout
        assert (listed.count("北京时间"), second.seal.set_id in listed) == (1, True)
        await the_repository_is_gone(site)
        assert f"快照 {second.seal.set_id},没有落后。\n还没有演练过。" in status
    await no_key_lies_where_the_data_lie(site)
    new = site.new_house("keyring.key", "backup.password", "backup-keyring.password")
    urls = new_urls(new)
    if on_mariadb:
        assert (await site.huizhen("migrate", **urls)).returncode == 0  # tables without a row are in nobody's way
    else:
        an_older_version_was_begun_in(new)
    await killed_when(lambda: (new / "restoring/fetched").exists(), await site.begin(HUIZHEN, "restore", "--set", first.seal.set_id, **urls))
    refused = await site.huizhen("migrate", **urls)
    assert refused.returncode == 1
    assert "huizhen restore" in refused.stdout
    done = await site.huizhen("restore", **urls)
    assert done.returncode == 0, done.stdout
    assert "接着上次没做完的恢复" in done.stdout
    assert not (new / "restoring").exists()
    found = await look(site, **urls)
    assert not [one for one in found["wrong"] if one.split()[0] not in first.seal.gone]
    assert found["erased"] == [before[1]]
    assert found["locked"] == [f"patient:{stays}"], "a lock that came after the set is in force again"
    assert len(found["opened"]) + len(found["erased"]) + len(first.seal.gone) == first.manifest.rows["blob"]
    assert found["actions"][-1] == "oversight.backup_restored"
    again = await site.huizhen("restore", **urls)
    assert again.returncode == 1
    assert "不会覆盖" in again.stdout


def an_older_version_was_begun_in(folder: Path) -> None:
    """Files that hold no row: somebody migrated, or only opened them, before he knew that there is a backup."""
    (folder / "keyring.sqlite3").touch()
    with closing(sqlite3.connect(folder / "practice.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE tortoise_migrations (name TEXT)")
        database.execute("INSERT INTO tortoise_migrations VALUES ('0001_initial')")
        database.execute("CREATE TABLE patient (id TEXT)")
        database.commit()


def test_only_files_without_a_row_hold_nothing(tmp_path: Path) -> None:
    an_older_version_was_begun_in(tmp_path)
    assert holds_nothing(tmp_path / "practice.sqlite3")
    assert holds_nothing(tmp_path / "keyring.sqlite3")
    assert holds_nothing(tmp_path / "of nobody.sqlite3")
    assert not (tmp_path / "of nobody.sqlite3").exists()
    with closing(sqlite3.connect(tmp_path / "practice.sqlite3")) as database:
        database.execute("INSERT INTO patient VALUES ('one')")
        database.commit()
        assert not holds_nothing(tmp_path / "practice.sqlite3"), "a row that still stands in the log counts"
    (tmp_path / "keyring.sqlite3").write_bytes(b"another file of somebody's, which is no database at all")
    assert not holds_nothing(tmp_path / "keyring.sqlite3")


async def the_repository_is_gone(site: Site) -> None:
    """The audit still knows of the backup; the place where it lay does not."""
    there = Path(site.settings.backup_repository)
    await asyncio.to_thread(there.rename, there.with_name("away"))
    for asked in ("status", "take"):
        ended = await site.huizhen("backup", asked)
        assert (ended.returncode, "数据备份仓库打不开" in ended.stdout) == (1, True), ended.stdout
        assert "复制数据库" not in ended.stdout, "it worked for a repository that is not there"
    await asyncio.to_thread(there.with_name("away").rename, there)


async def no_key_lies_where_the_data_lie(site: Site) -> None:
    target = site.folder / "opened"
    await targets_of(site.settings).data.restore("latest", target)
    await targets_of(site.settings).keys.restore("latest", target)
    keys = [bytes(row.wrapped) for row in await WrappedKey.filter(erased_at__isnull=True)]
    masters = list(json.loads(site.settings.key_file.read_text())["keys"].values())
    for path in target.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [one for one in masters if one["key"].encode() in content], path
            if path.name != KEYS_FILE:
                assert not [one for one in keys if one in content or _b64(one) in content or one.hex().upper().encode() in content], path
    passwords = [site.settings.backup_password.read_text().strip(), site.settings.backup_keyring_password.read_text().strip()]
    assert passwords[0] != passwords[1]


async def test_the_drill_passes_what_is_right_and_finds_what_is_not(practice: Practice, site: Site, on_mariadb: bool) -> None:
    settings = site.settings
    heads = HeadKeys.create(settings.audit_key_file, practice.ids.new())
    for _ in range(3):
        await practice.execute(OPERATOR, BackupTaken(set_id=practice.ids.new(), taken_at=practice.clock.real_now()))
    lost = await store(practice, practice.ids.new(), b"an image")
    sequencer = Sequencer(practice, "test")
    await sequencer.run_once()
    await Anchorer(practice, heads, [FileAnchor(settings.anchors_dir)], _nobody).run_once()
    await take(settings, practice)
    # What anchors hear of after the set is no fault of the set.
    await practice.execute(OPERATOR, CheckBackups(max_age_hours=26))
    await sequencer.run_once()
    await Anchorer(practice, heads, [FileAnchor(settings.anchors_dir)], _nobody).run_once()
    good = await site.huizhen("backup", "drill")
    assert good.returncode == 0, good.stdout
    assert "演练通过" in good.stdout
    assert "还有此后的 1 条" in good.stdout
    assert "1 个文件" in good.stdout
    assert await AuditEntry.filter(action="oversight.backup_drilled").count() == 1
    if on_mariadb:
        return  # what is wrong is found by the same checks; that they run here is shown

    entry = await AuditEntry.all().order_by("id").first()
    assert entry is not None
    await AuditEntry.filter(id=entry.id).update(outcome="nothing.at.all")
    path = practice.blobs.objects.path_of(lost)  # type: ignore[attr-defined]
    damaged = bytearray(path.read_bytes())
    damaged[20] ^= 1
    path.write_bytes(bytes(damaged))
    await take(settings, practice)
    bad = await site.huizhen("backup", "drill")
    assert bad.returncode == 1, bad.stdout
    assert "审计:" in bad.stdout
    assert f"文件 {lost} 打不开" in bad.stdout
    assert "演练没有通过" in bad.stdout
    assert not (settings.data_dir / "drill").exists()


@pytest.mark.usefixtures("once")
async def test_a_killed_backup_leaves_the_set_before_it_and_the_next_one_runs(practice: Practice, site: Site) -> None:
    await store(practice, practice.ids.new(), b"kept")
    first = await take(site.settings, practice)
    locks = site.folder / "one/data/locks"
    await killed_when(
        lambda: any((site.settings.data_dir / "snapshot").glob("*.part")) or any(locks.iterdir()), await site.begin(HUIZHEN, "backup")
    )
    targets = targets_of(site.settings)
    assert [one.id for one in await sets_in(targets)] == [first.seal.set_id]
    # Of two at once one is made. Of the sets the settings keep one; what was left half done goes in any case.
    keeps_one = site.settings.model_copy(update={"backup_keep": "last=1"})
    outcomes = await asyncio.gather(take(keeps_one, practice), take(keeps_one, practice), return_exceptions=True)
    (refused,) = [one for one in outcomes if isinstance(one, BackupFailed)]
    (second,) = [one for one in outcomes if isinstance(one, Taken)]
    assert "另一次备份" in refused.sentence
    await let_go(keeps_one, targets)
    assert [one.id for one in await sets_in(targets)] == [second.seal.set_id]
    assert len(await targets.data.snapshots()) == 1
    await targets.data.check("100%")


@pytest.mark.usefixtures("once")
async def test_a_recorded_file_that_is_away_makes_no_set_and_renewed_keys_make_none(
    practice: Practice, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = await store(practice, practice.ids.new(), b"lost")
    await practice.blobs.delete(lost)
    with pytest.raises(BackupFailed, match=lost):
        await take(site.settings, practice)
    assert await targets_of(site.settings).data.snapshots() == []
    await Blob.filter(id=lost).delete()
    monkeypatch.setattr(taking, "_TRIES", 1)
    now = practice.clock.real_now() + timedelta(hours=1)
    await KeyRenewal.create(id=practice.ids.new(), kind="reencrypt", phase="done", started_at=now, finished_at=now)
    with pytest.raises(BackupFailed, match="重新加密"):
        await take(site.settings, practice)
    targets = targets_of(site.settings)
    assert await targets.data.snapshots() == await targets.keys.snapshots() == [], "a set that opens with no key could be chosen"


async def _nobody(kind: str, anchor: str) -> None:
    raise AssertionError(f"{kind} {anchor}")


def _b64(key: bytes) -> bytes:
    from base64 import b64encode

    return b64encode(key)


async def killed_when(holds: Callable[[], bool], running: Forked) -> None:
    """Kill it (-9) as soon as it has come so far."""
    try:
        async with asyncio.timeout(120):
            while not _there(holds):  # noqa: ASYNC110 - another process's files
                await asyncio.sleep(0.005)
    finally:
        await running.kill()


def _there(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except FileNotFoundError:
        return False
