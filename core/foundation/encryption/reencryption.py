"""``reencrypt``: a new data key for every subject, and every sealed column and file written anew under it, while the house is open.

Phases: *keys* (each subject gets a new key beside its former one, for opening only), *publish* (every process has it now: from here on it
seals), *rewrite* (every sealed column of every model, then every file), *check*
(the same walk, once every process has certainly learned of the new keys, until it finds nothing under a former key), *formers* (the former
keys are destroyed). What a batch did is kept before the next begins, so a killed run goes on where it stopped; what is already written anew
is recognised by its head. A value that somebody changes meanwhile stays as he wrote it. A value that does not open stays as it is and is
counted, and its subject keeps its former key. Rows of a table whose newer ones have keys of their own (``LaterKey``) get theirs on the way.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from tortoise import Tortoise

from core.foundation.database.connection import APP
from core.foundation.encryption.fields import HeldFiles, LaterKey, SealedTable, held_files, later_keys, sealed_tables
from core.foundation.encryption.renewal import Progress, Renewal
from core.foundation.encryption.ring import BLIND_SUBJECT, LOOK_EVERY_S, SubjectErased, suite_named, wrapping_context
from core.foundation.encryption.sealer import LAST_VERSION, SealBroken, Sealer
from core.foundation.encryption.walking import (
    EarlierRow,
    count_rows,
    earlier_rows_after,
    files_after,
    give_later_key,
    replace_keys,
    replace_values,
    rows_after,
)
from core.foundation.errors import NotFound
from core.foundation.keyring.models import KeyRenewal, WrappedKey

if TYPE_CHECKING:
    from core.foundation.practice import Practice

BATCH = 500
FILES = 20
SETTLE = timedelta(seconds=60)
"""How long after the last new key somebody may still write under a former one: the longest order, and a process that does not hear the bell."""


OVERLAP = timedelta(seconds=3 * LOOK_EVERY_S)
"""How long the new keys are there for opening only: by then every process has looked at the ring."""


async def reencrypt(
    practice: Practice, *, settle: timedelta = SETTLE, overlap: timedelta = OVERLAP, progress: Progress | None = None
) -> KeyRenewal:
    """Renew every data key and rewrite what is sealed; the finished run. Goes on where a stopped run ended.

    AlreadyRunning while another one runs.
    """
    places = _places(practice)
    async with Renewal(practice, "reencrypt", progress) as run:
        if run.row.phase == "begun":
            run.row.target = practice.keys.suite.name
            run.row.total = await WrappedKey.all().count() + await _size(places)
            await run.enter("keys")
        if run.row.phase == "keys":
            await _renew_keys(run)
            await run.announce()
            await run.enter("publish")
        if run.row.phase == "publish":
            await asyncio.sleep(overlap.total_seconds())
            await WrappedKey.filter(seals_former=True).update(seals_former=False)
            run.row.keys_at = practice.clock.real_now()
            await run.announce()
            await run.enter("rewrite", places[0].name)
        if run.row.phase == "rewrite":
            names = [place.name for place in places]
            first = names.index(run.row.place) if run.row.place in names else 0
            await _walk(run, places[first:])
        await _settle(run, settle)
        await run.announce()
        broken = await _check(run, places)
        await run.enter("formers")
        await _forget_formers(run, broken)
        await run.announce()
        await run.finish()
        return run.row


async def _renew_keys(run: Renewal) -> None:
    """Give every subject that was there when the run began a new key; what already has a former one got it in this run before a stop."""
    keys = run.practice.keys
    while True:
        old = WrappedKey.filter(id__gt=run.row.cursor, created_at__lte=run.row.started_at, former__isnull=True, erased_at__isnull=True)
        rows = await old.exclude(id__startswith=BLIND_SUBJECT).order_by("id").limit(BATCH)
        if not rows:
            return
        master = await keys.master.current()
        await replace_keys([(row, await _renewed(run.practice, row, master)) for row in rows])
        await run.advance(rows[-1].id, len(rows))


async def _renewed(practice: Practice, row: WrappedKey, master: str) -> dict[str, object]:
    """What the row becomes: a new key, and the old one as the former, both wrapped by ``master``."""
    if row.key_version >= LAST_VERSION:
        raise OverflowError("a subject has used up its key versions")
    port, suite, version = practice.keys.master, practice.keys.suite, row.key_version + 1
    context = wrapping_context(row.id, row.key_version, suite_named(row.suite))
    key = await port.unwrap(row.kek_version, context, bytes(row.wrapped))
    return {
        "wrapped": await port.wrap(master, wrapping_context(row.id, version, suite), suite.new_key()),
        "key_version": version, "suite": suite.name, "kek_version": master,
        "former": await port.wrap(master, context, key), "former_version": row.key_version, "former_suite": row.suite,
        "seals_former": True,
    }  # fmt: skip


async def _settle(run: Renewal, settle: timedelta) -> None:
    real_now = run.practice.clock.real_now
    began = run.row.keys_at or real_now()
    while (left := (began + settle - real_now()).total_seconds()) > 0:
        await asyncio.sleep(min(left, 5.0))
        await run.advance(run.row.cursor, 0)


async def _check(run: Renewal, places: list[_Place]) -> set[str]:
    """Walk until nothing is found under a former key; the subjects of which something does not open. Begins anew after a stop: nothing less
    shows it."""
    await run.enter("check", places[0].name)
    while True:
        run.row.done, run.row.unopened = 0, 0
        run.row.total = await _size(places)
        found = await _walk(run, places)
        if not found.rewritten:
            return found.broken


async def _forget_formers(run: Renewal, broken: set[str]) -> None:
    while True:
        rows = await WrappedKey.filter(id__gt=run.row.cursor, former__isnull=False).order_by("id").limit(BATCH)
        if not rows:
            return
        opened = [row.id for row in rows if row.id not in broken]
        await WrappedKey.filter(id__in=opened).update(former=None, former_version=None, former_suite=None)
        await run.advance(rows[-1].id, 0)


@dataclass(slots=True)
class _Found:
    """What a batch, or a whole walk, met."""

    rows: int = 0
    rewritten: int = 0
    unopened: int = 0
    broken: set[str] = None  # type: ignore[assignment]
    last: str = ""

    def __post_init__(self) -> None:
        self.broken = set()


class _Place(Protocol):
    """A table to be walked through: for its sealed columns, or for the files that its rows hold."""

    name: str
    table: str

    async def work(self, cursor: str) -> _Found:
        """Rewrite the next batch after ``cursor``; no rows at the end."""
        ...


def _places(practice: Practice) -> list[_Place]:
    tables = sealed_tables(Tortoise.apps[APP].values())
    named = {one.table: one for one in tables}
    # First the keys: what gets one of its own now is then found under it.
    later: list[_Place] = [_Later(practice, named[one.table], one) for one in later_keys()]
    return [*later, *(_Columns(practice, one) for one in tables), *(_Files(practice, one) for one in held_files())]


async def _size(places: list[_Place]) -> int:
    """How many rows a walk goes through; that a row gets its own key first does not count."""
    return await count_rows(place.table for place in places if not isinstance(place, _Later))


async def _walk(run: Renewal, places: list[_Place]) -> _Found:
    whole = _Found()
    for place in places:
        if run.row.place != place.name:
            await run.enter(run.row.phase, place.name)
        while (batch := await place.work(run.row.cursor)).rows:
            whole.rewritten += batch.rewritten
            whole.broken |= batch.broken
            await run.advance(batch.last, batch.rows, unopened=batch.unopened)
    return whole


class _Columns:
    def __init__(self, practice: Practice, table: SealedTable) -> None:
        self._practice = practice
        self._table = table
        self.name = self.table = table.table

    async def work(self, cursor: str) -> _Found:
        rows = await rows_after(self._table, cursor, BATCH)
        found = _Found(len(rows))
        sealers = await self._practice.keys.sealers({subject for row in rows for subject, _ in row.values.values()})
        erased = await _erased({subject for row in rows for subject, _ in row.values.values()} - sealers.keys())
        changes: dict[str, list[tuple[bytes, str, bytes]]] = defaultdict(list)
        for row in rows:
            found.last = row.key
            for column, (subject, sealed) in row.values.items():
                sealer = sealers.get(subject)
                if sealer is not None and sealer.is_current(sealed):
                    continue
                fresh = None if sealer is None else _anew(sealer, self.name, column, row.key, sealed)
                if fresh is not None:
                    changes[column].append((fresh, row.key, sealed))
                elif subject not in erased:
                    found.unopened += 1
                    found.broken.add(subject)
        for column, values in changes.items():
            await replace_values(self._table, column, values)
            found.rewritten += len(values)
        return found


class _Later:
    """Rows under a broader key than newer ones of their table. Those that do not open, and those whose own key was destroyed already, stay as
    they are: the walk over the columns counts them."""

    def __init__(self, practice: Practice, table: SealedTable, later: LaterKey) -> None:
        self._practice = practice
        self._table = table
        self._later = later
        self.name, self.table = f"{table.table}+", table.table

    async def work(self, cursor: str) -> _Found:
        rows = await earlier_rows_after(self._table, self._later, cursor, BATCH)
        found = _Found(len(rows), last=rows[-1].key if rows else "")
        former = await self._practice.keys.sealers({subject for row in rows for subject, sealed in row.values.values() if sealed is not None})
        changes = []
        for row in rows:
            fresh = await self._fresh(row, former)
            if fresh is not None:
                changes.append((row, fresh))
        if changes:
            await give_later_key(self._table, self._later, changes)
        found.rewritten = len(changes)
        return found

    async def _fresh(self, row: EarlierRow, former: dict[str, Sealer]) -> dict[str, bytes | None] | None:
        held = {column: (former.get(subject), sealed) for column, (subject, sealed) in row.values.items() if sealed is not None}
        if not held:
            return None
        fresh: dict[str, bytes | None] = dict.fromkeys(row.values)
        try:
            sealer = await self._practice.keys.sealer(self._later.kind, row.later_id)
            for column, (old, sealed) in held.items():
                if old is None:
                    return None
                fresh[column] = sealer.seal_bytes(self._table.table, column, row.key, old.open_bytes(self._table.table, column, row.key, sealed))
        except (SealBroken, SubjectErased):
            return None
        return fresh


class _Files:
    def __init__(self, practice: Practice, held: HeldFiles) -> None:
        self._practice = practice
        self._held = held
        self.name = f"{held.table}*"
        self.table = held.table

    async def work(self, cursor: str) -> _Found:
        files = await files_after(self._held, cursor, FILES)
        found = _Found(len(files))
        sealers = await self._practice.keys.sealers({subject for _, _, subject in files})
        for key, blob_id, subject in files:
            found.last = key
            if subject not in sealers:
                continue
            kind, _, subject_id = subject.partition(":")
            try:
                found.rewritten += await self._practice.blobs.reseal(blob_id, kind, subject_id)
            except NotFound:
                continue  # dropped meanwhile
            except SealBroken:
                found.unopened += 1
                found.broken.add(subject)
        return found


def _anew(sealer: Sealer, table: str, column: str, key: str, sealed: bytes) -> bytes | None:
    try:
        return sealer.seal_bytes(table, column, key, sealer.open_bytes(table, column, key, sealed))
    except SealBroken:
        return None


async def _erased(subjects: Iterable[str]) -> set[str]:
    wanted = list(subjects)
    return {row.id for row in await WrappedKey.filter(id__in=wanted, erased_at__isnull=False).only("id")} if wanted else set()
