"""Restoring a house on an empty machine: everything is brought together beside its place, and put there at the end.

Until then nothing serves and nothing of it can be seen; a restore that was killed is begun anew with the same set, or, once it was putting things
in their place, goes on doing that. Nothing is ever written over.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.foundation.clock import SystemClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.disk import sync_folder
from core.foundation.encryption.master_keys import MasterKeys, UnusableMasterKeys
from core.oversight.backups import BackupRestored
from core.practice_rooms import load_rooms
from miniprogram_api.app.data_folder import FolderInUse, FolderLock
from miniprogram_api.app.files import UnusableBucketKeys, open_files
from miniprogram_api.app.key_ring import key_ring, master_keys
from miniprogram_api.app.rekeying import open_for_rekeying
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.backups import files
from miniprogram_api.backups.failures import BackupFailed, TargetInUse
from miniprogram_api.backups.key_lines import add_erased
from miniprogram_api.backups.manifest import FILE, STAGING, Manifest, read_manifest
from miniprogram_api.backups.mariadb import MariaDb
from miniprogram_api.backups.rebuilding import check_master_keys, fetch, rebuild
from miniprogram_api.backups.sets import BackupSet, Targets, alone, choose, sets_in, targets_of
from miniprogram_api.backups.sqlite import holds_nothing
from miniprogram_api.backups.taking import Say

_PLAN = "plan.json"
_DATABASE = "practice.sqlite3"
_KEYRING = "keyring.sqlite3"


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now."""

    set: BackupSet
    manifest: Manifest
    erased: int
    """Destroyed keys that stay destroyed."""
    beyond: tuple[str, ...]
    """What the operator still has to bring: sentences."""


async def restore(
    settings: Settings, *, until: datetime | None = None, named: str = "", second: bool = False, say: Say = lambda line: None
) -> Restored:
    """Restore the newest set, or the one that reaches ``until``, or the one named. BackupFailed; TargetInUse where anything is there already."""
    targets = targets_of(settings, second=second)
    try:
        with FolderLock(settings.data_dir), alone(settings):
            return await _restore(settings, targets, until, named, say)
    except FolderInUse:
        raise TargetInUse(f"这个数据目录上的会诊正在运行:{settings.data_dir}。恢复只在空的数据目录里进行:请另选一个(HUIZHEN_DATA_DIR)。") from None


async def _restore(settings: Settings, targets: Targets, until: datetime | None, named: str, say: Say) -> Restored:
    room = settings.restoring_dir
    await asyncio.to_thread(shutil.rmtree, settings.restored_dir, ignore_errors=True)
    plan = _plan(room)
    # Only what this restore has itself begun to fill is not empty, and only there may anything be dropped.
    goes_on = plan is not None and plan["phase"] in ("load", "place") and plan.get("at") == _addresses(settings)
    if not goes_on:
        await _check_empty(settings)
    if plan is not None and not named and until is None:
        named, until = plan["set"], datetime.fromisoformat(plan["until"]) if plan["until"] else None
        say("接着上次没做完的恢复")
    say("查找快照")
    chosen = choose(await sets_in(targets), until=until, named=named)
    if plan is None or not goes_on or plan["phase"] != "place" or plan["set"] != chosen.id:
        manifest = read_manifest(await targets.data.read(chosen.data.id, f"{STAGING}/{FILE}"))
        if reasons := lacking(settings, manifest):
            raise BackupFailed("恢复之前还缺:\n" + "\n".join(f"  - {one}" for one in reasons))
        await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)
        room.mkdir(mode=0o700)
        plan = {"set": chosen.id, "until": until.isoformat() if until else "", "phase": "fetch", "erased": 0, "at": _addresses(settings)}
        await _bring_together(settings, targets, chosen, until, plan, say)
    manifest = await asyncio.to_thread(_manifest_there, room)
    say("放到位")
    await _put_in_place(settings, manifest)
    await _note(settings, chosen, until)
    await asyncio.to_thread(_finish, settings)
    return Restored(chosen, manifest, plan["erased"], tuple(_beyond(settings, manifest)))


async def _bring_together(settings: Settings, targets: Targets, chosen: BackupSet, until: datetime | None, plan: dict[str, Any], say: Say) -> None:
    room = settings.restoring_dir
    _write_plan(room, plan)
    say("取出快照")
    found = await fetch(settings, targets, chosen, room / "fetched")
    on_mariadb = found.manifest.dialect == "mysql"
    if on_mariadb != (urlsplit(settings.database_url).scheme != "sqlite"):
        raise BackupFailed(
            "这份快照是 MariaDB 的,请用 HUIZHEN_DATABASE_URL、HUIZHEN_KEYRING_URL 指到两个空库。" if on_mariadb
            else "这份快照是 SQLite 的:请去掉 HUIZHEN_DATABASE_URL、HUIZHEN_KEYRING_URL,或写成 sqlite:///。"
        )  # fmt: skip
    if on_mariadb:
        practice_url, keyring_url = settings.database_url, settings.keyring_url
        plan["phase"] = "load"
        _write_plan(room, plan)
        for url in (practice_url, keyring_url):
            await MariaDb(url).empty()
    else:
        os.replace(found.database, room / _DATABASE)
        found.database.symlink_to(room / _DATABASE)
        practice_url, keyring_url = f"sqlite://{room / _DATABASE}", f"sqlite://{room / _KEYRING}"
    differing = await rebuild(found, practice_url, keyring_url, until=until, say=say)
    if differing:
        lines = [f"  {name}:应有 {expected} 行,实有 {there} 行" for name, (expected, there) in sorted(differing.items())]
        raise BackupFailed("装入的行数与快照的清单不符,没有放到位:\n" + "\n".join(lines) + "\n请换一份快照(--set)。")
    await open_database(practice_url, keyring_url)
    try:
        await check_master_keys(master_keys(settings))
    finally:
        await close_database()
    await asyncio.to_thread(add_erased, settings.erased_file, found.erased)
    plan |= {"phase": "place", "erased": len(found.erased)}
    _write_plan(room, plan)


async def _put_in_place(settings: Settings, manifest: Manifest) -> None:
    """Each step does nothing where it was done before; the practice's database comes last."""
    room = settings.restoring_dir
    store = open_files(settings, key_ring(settings, SystemClock()))
    await files.put_back(room / "fetched" / manifest.blobs_at, store.objects, settings.data_dir)
    if manifest.dialect == "sqlite":
        for name, url in ((_KEYRING, settings.keyring_url), (_DATABASE, settings.database_url)):
            source, target = room / name, Path(urlsplit(url).path)
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                await asyncio.to_thread(_move, source, target)


async def _note(settings: Settings, chosen: BackupSet, until: datetime | None) -> None:
    """Leave in the restored audit that it was restored, and from what."""
    load_rooms()
    async with open_for_rekeying(settings) as practice:
        await practice.execute(OPERATOR, BackupRestored(set_id=chosen.id, reaches=min(until, chosen.reaches) if until else chosen.reaches))


async def _check_empty(settings: Settings) -> None:
    for url in (settings.database_url, settings.keyring_url):
        parts = urlsplit(url)
        if parts.scheme != "sqlite":
            await MariaDb(url).check_empty()
        elif not await asyncio.to_thread(holds_nothing, Path(parts.path)):
            raise TargetInUse(f"已有数据库 {parts.path},恢复不会覆盖它:请在空的数据目录里恢复(HUIZHEN_DATA_DIR)。")
    if not _has_master_keys(settings):
        return  # told with everything else that is lacking; asking for them would make new ones in the demonstration
    try:
        store = open_files(settings, key_ring(settings, SystemClock()))
    except (UnusableMasterKeys, UnusableBucketKeys):
        return
    await files.check_none(store.objects, SystemClock().real_now())


def lacking(settings: Settings, manifest: Manifest) -> list[str]:
    """What has to be brought before a restore can begin: sentences."""
    if not _has_master_keys(settings):
        if manifest.needs.key_service:
            return ["密钥服务:请设置 HUIZHEN_KEY_SERVICE_URL 和它的令牌"]
        return [f"主密钥文件:请把另存的那一份放到 {settings.key_file}"]
    reasons: list[str] = []
    try:
        keys = master_keys(settings)
        if isinstance(keys, MasterKeys) and (gone := sorted(set(manifest.needs.master_keys) - keys.keys.keys())):
            reasons.append(f"主密钥第 {'、'.join(gone)} 版:{settings.key_file} 里没有,请放回这份快照那时另存的主密钥文件")
        open_files(settings, key_ring(settings, SystemClock()))
    except UnusableMasterKeys:
        reasons.append(f"能用的主密钥:{settings.key_file} 或 HUIZHEN_MASTER_KEYS 里不是主密钥")
    except UnusableBucketKeys as error:
        reasons.append(str(error))
    return reasons


def _has_master_keys(settings: Settings) -> bool:
    return bool(settings.key_service_url or settings.master_keys.get_secret_value()) or settings.key_file.exists()


def _beyond(settings: Settings, manifest: Manifest) -> list[str]:
    """What the house needs besides before it serves."""
    here = {path.name for path in settings.secrets_dir.glob("*")} if settings.secrets_dir.exists() else set()
    return [f"{settings.secrets_dir / name} 还没有:请从另存的副本放回" for name in manifest.needs.secrets if name not in here]


def _addresses(settings: Settings) -> list[str]:
    """Which two databases they are: server and schema, or file. No name and no password."""
    parts = [urlsplit(url) for url in (settings.database_url, settings.keyring_url)]
    return [f"{one.scheme}://{one.hostname or ''}:{one.port or ''}{one.path}?{one.query}" for one in parts]


def _finish(settings: Settings) -> None:
    """From here on it is done, also when it is killed while the rest is removed: the next start does that."""
    os.rename(settings.restoring_dir, settings.restored_dir)
    sync_folder(settings.data_dir)
    shutil.rmtree(settings.restored_dir, ignore_errors=True)


def _plan(room: Path) -> dict[str, Any] | None:
    try:
        plan: dict[str, Any] = json.loads((room / _PLAN).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return plan


def _write_plan(room: Path, plan: dict[str, Any]) -> None:
    draft = room / f"{_PLAN}.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(plan, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(room / _PLAN)
    sync_folder(room)


def _manifest_there(room: Path) -> Manifest:
    return read_manifest((room / "fetched" / STAGING / FILE).read_bytes())


def _move(source: Path, target: Path) -> None:
    """A database that nobody has open; what stands in its log is brought into the one file first."""
    if not holds_nothing(target):
        raise TargetInUse(f"已有数据库 {target},恢复不会覆盖它。")
    for name in ("", "-wal", "-shm"):  # a log of the one before would be read as one of the new one
        target.with_name(f"{target.name}{name}").unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try:
        os.rename(source, target)
    except OSError:  # another file system
        draft = target.with_name(f"{target.name}.part")
        shutil.copyfile(source, draft)
        os.chmod(draft, 0o600)
        os.rename(draft, target)
        source.unlink()
    sync_folder(target.parent)
