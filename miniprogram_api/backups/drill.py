"""The drill: a set is restored into a scratch place and looked through, and the time is taken. Nothing of the serving house is touched."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random
import shutil
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tortoise import Tortoise

from core.foundation.audit.anchoring import latest_head
from core.foundation.audit.anchors import Anchor, Kept
from core.foundation.audit.findings import Report
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.models import AuditHead
from core.foundation.audit.store import tree_size
from core.foundation.audit.verify import verify
from core.foundation.blobs import BlobStore
from core.foundation.clock import Clock, SystemClock
from core.foundation.database.connection import APP, close_database, open_database
from core.foundation.encryption.fields import sealed_tables
from core.foundation.encryption.walking import count_rows, key_from_end, rows_after
from core.foundation.errors import DomainError
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import KeyRing, SealBroken
from core.foundation.models import Blob
from core.oversight.backups import BackupDrilled
from core.practice_rooms import load_rooms
from miniprogram_api.app.auditing import anchors_of
from miniprogram_api.app.key_ring import key_ring
from miniprogram_api.app.rekeying import open_for_rekeying
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.backups.rebuilding import Fetched, check_master_keys, fetch, rebuild
from miniprogram_api.backups.scratch_server import scratch_server
from miniprogram_api.backups.sets import BackupSet, alone, choose, sets_in, targets_of
from miniprogram_api.backups.taking import DRILL, Say

BLOBS = 10
"""Files opened, chosen by chance."""
ROWS = 50
"""So many of each table's newest rows, and so many at a place by chance: their sealed columns are opened."""


@dataclass(slots=True)
class Drilled:
    """What the drill found. Times in seconds; ``age``: what would have been lost had the house burned down when the drill began."""

    set: BackupSet
    age: timedelta
    widest: timedelta
    """The longest time between two sets that are kept."""
    fetch_s: float = 0.0
    rebuild_s: float = 0.0
    check_s: float = 0.0
    rows: int = 0
    tables: int = 0
    files: int = 0
    opened_files: int = 0
    opened_values: int = 0
    erased: int = 0
    """Chosen files and values that cannot be opened because their subject was erased: as it must be."""
    beyond: int = 0
    """Audit entries that anchors tell of and that came after the set."""
    audit: Report = field(default_factory=Report)
    wrong: list[str] = field(default_factory=list)
    """What is not as it must be: sentences."""

    @property
    def seconds(self) -> float:
        return self.fetch_s + self.rebuild_s + self.check_s


async def drill(
    settings: Settings, *, named: str = "", second: bool = False, until: datetime | None = None, rng: random.Random | None = None,
    say: Say = lambda line: None,
) -> Drilled:  # fmt: skip
    """Restore a set (the newest) into a scratch place below the data folder and check it. BackupFailed where that cannot even be begun."""
    clock, rng = SystemClock(), rng or random.SystemRandom()
    targets = targets_of(settings, second=second)
    with alone(settings):
        sets = await sets_in(targets)
        chosen = choose(sets, until=until, named=named)
        result = Drilled(chosen, clock.real_now() - chosen.reaches, _widest(sets))
        room = settings.data_dir / DRILL
        try:
            began = time.monotonic()
            say("取出快照")
            found = await fetch(settings, targets, chosen, room)
            result.fetch_s, began = time.monotonic() - began, time.monotonic()
            async with _scratch(found, room) as (practice_url, keyring_url):
                differing = await rebuild(found, practice_url, keyring_url, until=until, say=say)
                result.rebuild_s, began = time.monotonic() - began, time.monotonic()
                say("核对")
                result.rows, result.tables = sum(found.manifest.rows.values()), len(found.manifest.rows)
                result.wrong += [f"表 {name}:应有 {want} 行,实有 {there} 行" for name, (want, there) in sorted(differing.items())]
                await open_database(practice_url, keyring_url)
                try:
                    await _check(settings, clock, found, result, rng, back=until is not None and until < chosen.reaches)
                finally:
                    await close_database()
            result.check_s = time.monotonic() - began
        finally:
            await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)
    await _note(settings, result)
    return result


@contextlib.asynccontextmanager
async def _scratch(found: Fetched, room: Path) -> AsyncIterator[tuple[str, str]]:
    if found.manifest.dialect == "sqlite":
        yield f"sqlite://{found.database}", f"sqlite://{room / 'keyring.sqlite3'}"
        return
    # Under its own name, which stands in the log that is replayed.
    async with scratch_server(room / "server", found.manifest.schema_name, "huizhen_drill_keyring") as (practice_url, keyring_url):
        yield practice_url, keyring_url


async def _check(settings: Settings, clock: Clock, found: Fetched, result: Drilled, rng: random.Random, *, back: bool) -> None:
    keys = key_ring(settings, clock)
    await keys.start()
    await check_master_keys(keys.master)
    await _check_audit(settings, result)
    await _check_values(keys, result, rng)
    await _check_files(BlobStore(found.blobs, keys), found, result, rng, back=back)


async def _check_audit(settings: Settings, result: Drilled) -> None:
    try:
        keys = await asyncio.to_thread(HeadKeys.load, settings.audit_key_file)
    except FileNotFoundError:
        if not await AuditHead.all().exists():
            return  # a house that has signed nothing yet
        result.wrong.append(f"没有审计签名钥 {settings.audit_key_file}:审计没有核对。")
        return
    size = await tree_size()
    # A set from before a recovery is of a former log; that this log was given up stands only in what came after.
    last = await latest_head()
    known = {keys.log_id, *keys.former}
    log_id = last.log_id if last is not None and last.log_id in known else keys.log_id
    anchors = [_UpTo(anchor, size, known) for anchor in await asyncio.to_thread(anchors_of, settings)]
    result.audit = await verify(keys.public, log_id, anchors)
    result.beyond = max((anchor.beyond for anchor in anchors), default=0)
    if not result.audit.clean:
        result.wrong.append(f"审计:{len(result.audit.findings)} 处不对({'、'.join(sorted({one.what.value for one in result.audit.findings}))})")
    result.wrong += [f"锚点 {name} 读不到:它收存的树头没有核对。" for name in result.audit.unasked]


class _UpTo:
    """An anchor as it was when the tree had ``size`` leaves: what it heard of later, logs that were ``known`` later among it, is no contradiction
    to an older set."""

    def __init__(self, anchor: Anchor, size: int, known: Collection[str]) -> None:
        self.name = anchor.name
        self.beyond = 0
        self._anchor, self._size, self._known = anchor, size, known

    async def put(self, head: object) -> None:
        raise NotImplementedError("a drill tells nobody anything")

    async def logs(self, keys: Mapping[str, bytes]) -> frozenset[str]:
        return (await self._anchor.logs(keys)).difference(self._known)

    async def kept(self, log_id: str) -> Kept:
        kept = await self._anchor.kept(log_id)
        self.beyond = max(self.beyond, *(head.tree_size - self._size for head in kept.heads), 0)
        return Kept(tuple(head for head in kept.heads if head.tree_size <= self._size), kept.damaged)


async def _check_values(keys: KeyRing, result: Drilled, rng: random.Random) -> None:
    """Open the sealed columns of the newest rows of every table, and of as many at a place by chance: that keys and data belong together."""
    broken: dict[str, int] = {}
    for table in sealed_tables((Tortoise.apps or {})[APP].values()):
        rows = await rows_after(table, await key_from_end(table, ROWS), ROWS)
        if (total := await count_rows([table.table])) > ROWS:
            rows += await rows_after(table, await key_from_end(table, rng.randrange(2 * ROWS, max(total, 2 * ROWS) + 1)), ROWS)
        subjects = {subject for row in rows for subject, _ in row.values.values()}
        sealers = await keys.sealers(subjects)
        erased = await _erased(subjects - sealers.keys())
        for row in rows:
            for column, (subject, sealed) in row.values.items():
                if subject in erased:
                    result.erased += 1
                    continue
                try:
                    sealers[subject].open_bytes(table.table, column, row.key, sealed)
                    result.opened_values += 1
                except (KeyError, SealBroken):
                    broken[f"{table.table}.{column}"] = broken.get(f"{table.table}.{column}", 0) + 1
    result.wrong += [f"{place}:{count} 个值打不开" for place, count in sorted(broken.items())]


async def _check_files(store: BlobStore, found: Fetched, result: Drilled, rng: random.Random, *, back: bool) -> None:
    """``back``: restored to a time of before the set's end."""
    rows = await Blob.all().order_by("id").values_list("id", "created_at")
    ids = [str(one) for one, _ in rows]
    here = {path.name for path in found.blobs.glob("??/*")}
    result.files = len(ids)
    # What a log brought after the dump may have been deleted again by the time the files were saved; so may anything that is wanted as it was before
    # the log's end.
    logged = found.manifest.log is not None and found.manifest.log.until is not None
    known = {str(one) for one, created_at in rows if created_at < found.manifest.taken_at} if logged else set(ids)
    lost = [] if logged and back else sorted(known - here - set(found.seal.gone))
    result.wrong += [f"登记过的文件 {one} 不在快照里" for one in lost[:BLOBS]]
    there = [one for one in ids if one in here]
    for row in await Blob.filter(id__in=rng.sample(there, min(BLOBS, len(there)))):
        if await _erased({f"{row.subject_kind}:{row.subject_id}"}):
            result.erased += 1
            continue
        digest = hashlib.sha256()
        try:
            async for piece in store.stream(row.id, row.subject_kind, row.subject_id):
                digest.update(piece)
        except (SealBroken, DomainError):
            result.wrong.append(f"文件 {row.id} 打不开")
            continue
        if digest.hexdigest() == row.sha256:
            result.opened_files += 1
        else:
            result.wrong.append(f"文件 {row.id} 的校验值不对")


async def _erased(subjects: set[str]) -> set[str]:
    rows = await WrappedKey.filter(id__in=list(subjects), erased_at__isnull=False).values_list("id", flat=True) if subjects else []
    return {str(one) for one in rows}


def _widest(sets: Sequence[BackupSet]) -> timedelta:
    return max((later.reaches - earlier.reaches for earlier, later in itertools.pairwise(sets)), default=timedelta())


async def _note(settings: Settings, result: Drilled) -> None:
    """Leave it in the audit of the serving house, where there is one on this machine."""
    load_rooms()
    with contextlib.suppress(Exception):  # a drill on another machine has no practice to tell
        async with open_for_rekeying(settings) as practice:
            order = BackupDrilled(set_id=result.set.id, clean=not result.wrong, seconds=int(result.seconds))
            await practice.execute(OPERATOR, order)
