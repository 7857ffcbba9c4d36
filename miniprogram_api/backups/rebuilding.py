"""From a set back to two databases: what a restore does in its place and a drill in a scratch one."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from core.foundation.database.connection import close_database, open_database
from core.foundation.database.drift import SchemaDrift, check_schema
from core.foundation.database.migrate import WrongCollation, migrate
from core.foundation.encryption.master_keys import KeyEncryption, MasterKeyMissing
from core.foundation.encryption.ring import suite_named, wrapping_context
from core.foundation.encryption.sealer import SealBroken
from core.foundation.keyring.models import WrappedKey
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups import sqlite
from miniprogram_api.backups.failures import BackupFailed, RepositoryDamaged
from miniprogram_api.backups.key_lines import Erased, erased_in, import_keys, read_erased
from miniprogram_api.backups.lock_lines import locks_in_force
from miniprogram_api.backups.manifest import FILE, KEYS_FILE, SEAL_FILE, STAGING, Manifest, SetSeal, read_manifest, read_seal
from miniprogram_api.backups.mariadb import MariaDb, cut_log
from miniprogram_api.backups.sets import BackupSet, Targets
from miniprogram_api.backups.taking import Say, digest_of


@dataclass(frozen=True, slots=True)
class Fetched:
    """A set outside of its repositories. ``folder`` holds the data; the key ring never touches the disk."""

    folder: Path
    manifest: Manifest
    seal: SetSeal
    keys: bytes
    erased: Erased
    """Every destroyed key that is known of, whenever it was destroyed."""
    locked: dict[str, str | None]
    """Since when each subject is locked, as was known last; None: not."""

    @property
    def database(self) -> Path:
        """The dump or copy of the practice's database."""
        return self.folder / STAGING / self.manifest.database

    @property
    def log(self) -> Path:
        """The statements that came after the dump."""
        return self.folder / STAGING / "log.sql"

    @property
    def blobs(self) -> Path:
        """The sealed files."""
        return self.folder / self.manifest.blobs_at


async def fetch(settings: Settings, targets: Targets, chosen: BackupSet, folder: Path) -> Fetched:
    """Bring a set out of its repositories, the data into the new ``folder``. BackupFailed when it is not what was saved."""
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await asyncio.to_thread(folder.mkdir, parents=True, mode=0o700)
    seal = read_seal(await targets.keys.read(chosen.keys.id, SEAL_FILE))
    keys = await targets.keys.read(chosen.keys.id, KEYS_FILE)
    newest = (await targets.keys.snapshots())[-1]
    later = keys if newest.id == chosen.keys.id else await targets.keys.read(newest.id, KEYS_FILE)
    erased = {**read_erased(settings.erased_file), **erased_in(later), **erased_in(keys)}
    locked = await asyncio.to_thread(locks_in_force, later, settings.locked_file)
    await targets.data.restore(chosen.data.id, folder)
    manifest = read_manifest(await asyncio.to_thread((folder / STAGING / FILE).read_bytes))
    found = Fetched(folder, manifest, seal, keys, erased, locked)
    if manifest.set_id != chosen.id or await asyncio.to_thread(digest_of, found.database) != manifest.sha256:
        raise RepositoryDamaged(f"{targets.data.name}里这份快照的数据库与清单不符:请换一份快照(--set),或用第二份仓库(--second)。")
    return found


async def rebuild(found: Fetched, practice_url: str, keyring_url: str, *, until: datetime | None, say: Say) -> dict[str, tuple[int, int]]:
    """Bring the fetched set into two databases, which are empty (on SQLite the practice's is the fetched file itself), up to the newest schema.
    Tables whose rows are not as many as were copied, with (expected, found)."""
    say("装入数据库")
    if urlsplit(practice_url).scheme == "sqlite":
        differing = await asyncio.to_thread(_differing_sqlite, found.database, found.manifest.rows)
    else:
        server = MariaDb(practice_url)
        await server.load(found.database)
        differing = _differing(found.manifest.rows, await server.counted(list(found.manifest.rows)))
        await _replay(found, server, until)
    say("装入密钥库")
    try:
        await migrate(practice_url, keyring_url)
        await check_schema(practice_url, keyring_url)
    except (WrongCollation, SchemaDrift) as wrong:
        raise BackupFailed(wrong.sentence) from wrong
    await open_database(practice_url, keyring_url)
    try:
        await import_keys(found.keys, found.erased, found.locked)
    finally:
        await close_database()
    return differing


async def _replay(found: Fetched, server: MariaDb, until: datetime | None) -> None:
    log = found.manifest.log
    if log is None or log.until is None:
        return
    if until is not None and until <= found.manifest.taken_at:
        return
    if server.schema != found.manifest.schema_name:
        raise BackupFailed(
            f"这份快照带着数据库 {found.manifest.schema_name} 的二进制日志,只能装进同名的库:请新建空库 {found.manifest.schema_name} 再恢复。"
        )
    if until is not None:
        await asyncio.to_thread(cut_log, found.log, until)
    await server.load(found.log)


async def check_master_keys(master: KeyEncryption) -> None:
    """That the master keys at hand open the key ring that is open: one data key of each version is unwrapped. BackupFailed."""
    versions = await WrappedKey.filter(erased_at__isnull=True).distinct().values_list("kek_version", flat=True)
    for version in sorted({str(one) for one in versions}):
        row = await WrappedKey.filter(kek_version=version, erased_at__isnull=True).order_by("id").first()
        if row is None:
            continue
        context = wrapping_context(row.id, row.key_version, suite_named(row.suite))
        try:
            await master.unwrap(version, context, bytes(row.wrapped))
        except MasterKeyMissing:
            raise BackupFailed(f"缺第 {version} 版主密钥:请放回这份快照那时另存的主密钥文件(secrets/keyring.key),再恢复一次。") from None
        except SealBroken:
            raise BackupFailed("主密钥不是这套数据的:打不开密钥库。请放回当时另存的主密钥文件(secrets/keyring.key),再恢复一次。") from None


def _differing_sqlite(path: Path, rows: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    with closing(sqlite3.connect(path)) as database:
        return _differing(rows, sqlite.counted(database, list(rows)))


def _differing(expected: Mapping[str, int], there: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    return {name: (count, there[name]) for name, count in expected.items() if there[name] != count}
