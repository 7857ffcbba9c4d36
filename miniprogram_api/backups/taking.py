"""Taking a set while the house serves: database, then files, then the key ring, each after what it must not be older than.

A file is stored before the row that names it, and a data key is committed before anything is sealed under it. So whatever the copied database
names is among the files copied after it, and opens with the keys copied last. Two things can break that, and both are looked for: a file that an
order deleted meanwhile (its row is then gone too, and the set says so), and a re-encryption that ended meanwhile (then all is taken once more).
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tortoise.expressions import Q

from core.foundation.audit.heads import HeadKeys
from core.foundation.database.connection import MIGRATIONS
from core.foundation.database.migrate import migration_names
from core.foundation.keyring.models import KeyRenewal, WrappedKey
from core.foundation.models import Blob
from core.foundation.practice import Practice
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups import files, sqlite
from miniprogram_api.backups.failures import BackupFailed, RepositoryDamaged
from miniprogram_api.backups.key_lines import Erased, add_erased, erased_in, export_keys, read_erased, without_erased
from miniprogram_api.backups.manifest import FILE, KEYS_FILE, SEAL_FILE, STAGING, LogTaken, Manifest, Needs, SetSeal, read_manifest, read_seal
from miniprogram_api.backups.mariadb import MariaDb, Position
from miniprogram_api.backups.repository import Repository, Saved
from miniprogram_api.backups.sets import DATA, KEYS, Listed, Targets, alone, keep_of, listed, tags_for, tags_of, targets_of

Say = Callable[[str], None]
Progress = Callable[[float], None]

DRILL = "drill"
"""Folder below the data folder in which a set is rebuilt and looked through; nothing of it outlives that."""
_KEYS_STAGING = "snapshot-keys"
_TRIES = 3
_IDS = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished, verified set."""

    seal: SetSeal
    manifest: Manifest


async def take(
    settings: Settings, practice: Practice, *, full: bool = True, say: Say = lambda line: None, progress: Progress | None = None
) -> Taken:
    """Take a set and read it back. ``full=False``: on MariaDB its log since the last dump instead of another dump. BackupFailed."""
    targets = targets_of(settings)
    with alone(settings):
        for name in (_KEYS_STAGING, DRILL):  # a drill or a backup that was killed left keys there
            await asyncio.to_thread(shutil.rmtree, settings.data_dir / name, ignore_errors=True)
        for _ in range(_TRIES):
            taken = await _take_once(settings, practice, targets, full, say, progress)
            if taken is not None:
                return taken
            full = True
        raise BackupFailed("重新加密正好在备份期间结束,三次都没有避开:请过几分钟再运行 huizhen backup。以前的快照不受影响。")


async def _take_once(settings: Settings, practice: Practice, targets: Targets, full: bool, say: Say, progress: Progress | None) -> Taken | None:
    """None when a re-encryption ended meanwhile: what was copied before may open with no key that is left. Then there is no set."""
    began = practice.clock.real_now()
    staging = settings.data_dir / STAGING
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    set_id = practice.ids.new()
    say("复制数据库")
    manifest, recorded = await _copy_database(settings, practice, set_id, staging, full=full)
    say("保存数据库和文件")
    place = await files.folder_to_save(practice.blobs.objects, settings.data_dir, practice.clock.real_now())
    manifest = manifest.model_copy(update={"blobs_at": place})
    await asyncio.to_thread((staging / FILE).write_text, manifest.text(), "utf-8")
    reaches = manifest.taken_at if manifest.log is None or manifest.log.until is None else manifest.log.until
    names = [f"{STAGING}/{FILE}", f"{STAGING}/{manifest.database}", *((f"{STAGING}/log.sql",) if manifest.log else ()), place]
    data = await targets.data.save(settings.data_dir, names, tags_for(DATA, set_id, manifest.taken_at, reaches), progress=progress)
    say("读回核对")
    gone = await _verify_data(targets.data, data, manifest, recorded, staging)
    say("保存密钥库")
    seal = SetSeal(set_id=set_id, data=data, taken_at=manifest.taken_at, reaches=reaches, keys=0, erased=0, gone=tuple(sorted(gone)))
    saved = await _save_keys(settings, targets.keys, seal, began)
    if saved is None and keep_of(settings):
        await targets.data.forget([data])
    return None if saved is None else Taken(saved, manifest)


async def _copy_database(settings: Settings, practice: Practice, set_id: str, staging: Path, *, full: bool) -> tuple[Manifest, set[str]]:
    parts = urlsplit(settings.database_url)
    base = None if full else await asyncio.to_thread(_base, staging, settings, practice.clock.real_now())
    # What stands in a dump from before a re-encryption opens with no key that there is.
    if base is not None and base.log is not None and not await _reencrypted_since(base.taken_at):
        # Before and after: a file whose row the log still holds and whose order deletes it meanwhile is known as gone.
        recorded = {str(one) for one in await Blob.all().values_list("id", flat=True)}
        until = practice.clock.real_now()
        await MariaDb(settings.database_url).fetch_log(Position(base.log.file, base.log.offset), staging / "log.sql")
        recorded |= {str(one) for one in await Blob.all().values_list("id", flat=True)}
        log = base.log.model_copy(update={"until": until})
        return base.model_copy(update={"set_id": set_id, "log": log, "recorded": len(recorded), "needs": await _needs(settings)}), recorded
    (staging / FILE).unlink(missing_ok=True)  # while the database's file changes, no manifest speaks of it
    (staging / "log.sql").unlink(missing_ok=True)
    taken_at = practice.clock.real_now()
    log_taken = None
    if parts.scheme == "sqlite":
        name, dialect, schema = "practice.sqlite3", "sqlite", ""
        copied = await asyncio.to_thread(sqlite.copy, Path(parts.path), staging / name)
        rows, blobs = copied.rows, copied.blobs
    else:
        server = MariaDb(settings.database_url)
        name, dialect, schema = "practice.sql", "mysql", server.schema
        draft = staging / f"{name}.part"
        dumped = await server.dump(draft)
        draft.replace(staging / name)
        rows, blobs = dumped.rows, dumped.blobs
        if dumped.position is not None:
            log_taken = LogTaken(file=dumped.position.file, offset=dumped.position.offset)
            await asyncio.to_thread((staging / "log.sql").write_text, "", "utf-8")
    manifest = Manifest.model_validate({
        "set_id": set_id, "taken_at": taken_at, "dialect": dialect, "schema_name": schema, "database": name,
        "sha256": await asyncio.to_thread(digest_of, staging / name), "rows": rows,
        "migrations": [one for package in MIGRATIONS.values() for one in migration_names(package)], "blobs_at": "", "recorded": len(blobs),
        "log": log_taken, "needs": await _needs(settings),
    })  # fmt: skip
    return manifest, blobs


def _base(staging: Path, settings: Settings, now: datetime) -> Manifest | None:
    """The dump that lies there, while it is young enough to be gone on from."""
    try:
        manifest = read_manifest((staging / FILE).read_bytes())
    except (OSError, RepositoryDamaged):
        return None
    young = now - manifest.taken_at < timedelta(hours=settings.backup_full_hours)
    usable = manifest.log is not None and manifest.dialect == "mysql" and manifest.schema_name == urlsplit(settings.database_url).path.lstrip("/")
    return manifest if young and usable and (staging / manifest.database).exists() else None


async def _needs(settings: Settings) -> Needs:
    masters = await WrappedKey.filter(erased_at__isnull=True).distinct().values_list("kek_version", flat=True)
    try:
        audit_key = (await asyncio.to_thread(HeadKeys.load, settings.audit_key_file)).current
    except FileNotFoundError:
        audit_key = ""
    names = sorted(path.name for path in settings.secrets_dir.glob("*") if path.is_file()) if settings.secrets_dir.exists() else []
    versions = tuple(sorted({str(one) for one in masters}))
    return Needs(master_keys=versions, key_service=bool(settings.key_service_url), secrets=tuple(names), audit_key=audit_key)


async def _verify_data(repository: Repository, snapshot: str, manifest: Manifest, recorded: set[str], staging: Path) -> set[str]:
    """Read back what was saved: the database byte for byte, every recorded file by its name, the repository's own order. Which files an order
    deleted meanwhile. A snapshot that fails is taken away."""
    await repository.check()
    # What was written anew is compared: the log alone only where the dump before it was compared when it was taken.
    name = manifest.database if manifest.log is None or manifest.log.until is None else "log.sql"
    expected = manifest.sha256 if name == manifest.database else await asyncio.to_thread(digest_of, staging / name)
    if await repository.digest(snapshot, f"{STAGING}/{name}") != expected:
        await repository.discard(snapshot)
        raise RepositoryDamaged(f"{repository.name}读回来的数据库与写进去的不同:请检查那里的存储,再重试。以前的快照请用 huizhen backup drill 核对。")
    missing = recorded - await repository.names(snapshot, f"/{manifest.blobs_at}")
    still: list[str] = []
    for start in range(0, len(missing), _IDS):
        still += map(str, await Blob.filter(id__in=sorted(missing)[start : start + _IDS]).values_list("id", flat=True))
    if still:
        await repository.discard(snapshot)
        raise BackupFailed(
            f"有 {len(still)} 个登记过的文件不在存文件的地方(例如 {still[0]}):快照不完整,没有保留。请检查存储,或用以前的快照找回这些文件。"
        )
    return missing


async def _save_keys(settings: Settings, repository: Repository, seal: SetSeal, began: datetime) -> SetSeal | None:
    """None, and nothing is saved, when keys were renewed since ``began``: asked when they have been read, because what ends later does no harm."""
    folder = settings.data_dir / _KEYS_STAGING
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        count, erased = await export_keys(folder / KEYS_FILE)
        await asyncio.to_thread(add_erased, settings.erased_file, erased)
        if await _reencrypted_since(began):
            return None
        seal = seal.model_copy(update={"keys": count, "erased": len(erased)})
        await _save_set(repository, folder, seal, None)
        return seal
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _save_set(repository: Repository, folder: Path, seal: SetSeal, at: datetime | None) -> None:
    """Save what lies in ``folder`` under the seal, and read it back."""
    (folder / SEAL_FILE).write_text(seal.text(), "utf-8")
    tags = tags_for(KEYS, seal.set_id, seal.taken_at, seal.reaches, seal.erased)
    snapshot = await repository.save(folder, [KEYS_FILE, SEAL_FILE], tags, at=at)
    if await repository.digest(snapshot, KEYS_FILE) != await asyncio.to_thread(digest_of, folder / KEYS_FILE):
        await repository.discard(snapshot)
        raise RepositoryDamaged(f"{repository.name}读回来的内容与写进去的不同:请检查那里的存储,再重试。")


async def let_go(settings: Settings, targets: Targets, there: Listed | None = None) -> None:
    """Old sets by the settings, unfinished ones at once, and destroyed keys out of the key ring's older snapshots. With ``backup_keep`` "all" nothing
    is removed: for a place where this house may only append.

    A snapshot of the data that is older than every one of the key ring's is not unfinished: it has lost its key ring, which may still lie elsewhere.
    ``there``: what lies in the two repositories, where that is known.
    """
    keep = keep_of(settings)
    if not keep:
        return
    there = there or await listed(targets)
    keys, saved = there.keys, there.data
    if not keys:
        return
    done = {tags_of(one).get("set") for one in keys}
    await targets.data.forget(one.id for one in saved if tags_of(one).get("set") not in done and one.at >= keys[0].at)
    if len(done) > min(keep.values()):
        before = {tags_of(one).get("set") for one in saved}
        await targets.data.thin_out(keep, f"kind={DATA}")
        saved = await targets.data.snapshots()
        thinned = before - {tags_of(one).get("set") for one in saved}
    else:
        thinned = set()
    left = {tags_of(one).get("set") for one in saved}
    # The same the other way round: what was thinned out just now, or by a run that was killed after it, but not what has lost its data.
    oldest = saved[0].at if saved else keys[-1].at
    gone = {one.id for one in keys if (name := tags_of(one).get("set")) in thinned or (name not in left and one.at >= oldest)}
    await targets.keys.forget(gone)
    await take_out_destroyed(settings, targets.keys, [one for one in keys if one.id not in gone])


async def take_out_destroyed(settings: Settings, repository: Repository, snapshots: Sequence[Saved]) -> int:
    """Write every snapshot of the key ring anew that still holds keys which were destroyed since, and remove the former one; how many.
    ``snapshots``: all of them, oldest first."""
    if not snapshots:
        return 0
    newest = snapshots[-1]
    most = int(tags_of(newest).get("erased", "0"))
    behind = [one for one in snapshots if int(tags_of(one).get("erased", "0")) < most]
    if not behind:
        return 0
    written = {tags_of(one).get("set") for one in snapshots if one not in behind}  # by a run that was killed before it removed the former one
    erased: Erased = {**read_erased(settings.erased_file), **erased_in(await repository.read(newest.id, KEYS_FILE))}
    folder = settings.data_dir / _KEYS_STAGING
    for one in behind:
        if tags_of(one).get("set") in written:
            continue
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            seal = read_seal(await repository.read(one.id, SEAL_FILE)).model_copy(update={"erased": most})
            lines = without_erased(await repository.read(one.id, KEYS_FILE), erased)
            (folder / KEYS_FILE).touch(0o600)
            await asyncio.to_thread((folder / KEYS_FILE).write_bytes, lines)
            await _save_set(repository, folder, seal, one.at)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await repository.forget(one.id for one in behind)
    return len(behind)


async def _reencrypted_since(moment: datetime) -> bool:
    """Whether a re-encryption destroyed former keys since, or is about to."""
    ending = Q(phase="formers", finished_at__isnull=True) | Q(finished_at__gte=moment)
    return await KeyRenewal.filter(ending, kind="reencrypt").exists()


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
