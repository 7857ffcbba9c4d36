"""Keys renewed while the house is open: nothing is lost, nothing stays under an old key, a killed run goes on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.foundation.encryption import reencryption, rotation
from core.foundation.encryption.master_keys import MasterKeys
from core.foundation.encryption.reencryption import reencrypt
from core.foundation.encryption.renewal import AlreadyRunning, Renewal
from core.foundation.encryption.rotation import StillInUse, retire_master, rotate
from core.foundation.encryption.suites import AES, SM4, SUITES, Suite
from core.foundation.encryption.walking import key_from_end, rows_after
from core.foundation.keyring.models import KeyRenewal, WrappedKey
from core.foundation.keys import KeyRing, SealBroken
from core.foundation.models import Blob
from core.foundation.practice import Practice
from tests.core.foundation.encryption.every_column import AT, make_row, opened_row, tables, without_references

pytestmark = pytest.mark.storage

AT_ONCE = {"settle": timedelta(0), "overlap": timedelta(0)}


class Stopped(Exception):
    """What a kill looks like to the code that is running."""


def second_process(practice: Practice, tmp_path: Path) -> KeyRing:
    """The ring of another process: the same key file, a memory of its own."""
    return KeyRing(MasterKeys.load(tmp_path / "keyring.key"), practice.clock)


async def filled(practice: Practice) -> dict[tuple[str, str], dict[str, str]]:
    """Two rows in every table with sealed columns: (table, key) → what stands there."""
    async with without_references():
        for table in tables():
            for _ in range(2):
                await make_row(practice, table)
    return await everything(practice)


async def everything(practice: Practice) -> dict[tuple[str, str], dict[str, str]]:
    found = {}
    for table in tables():
        for row in await rows_after(table, "", 1000):
            found[table.table, row.key] = await opened_row(practice, table, row)
    return found


async def heads() -> set[bytes]:
    """Format, suite and key version of every value there is."""
    return {sealed[:4] for table in tables() for row in await rows_after(table, "", 1000) for _, sealed in row.values.values()}


async def some_file(practice: Practice, data: bytes) -> Blob:
    subject, blob_id = practice.ids.new(), practice.ids.new()
    stored = await practice.blobs.put(blob_id, "patient", subject, data)
    return await Blob.create(
        id=blob_id, subject_kind="patient", subject_id=subject, media_type="application/dicom", size=stored.size, sha256=stored.sha256, created_at=AT
    )


async def test_a_new_master_key_wraps_everything_and_opens_everything(practice: Practice, tmp_path: Path) -> None:
    written = await filled(practice)
    other = second_process(practice, tmp_path)
    (table, key), texts = next((place, texts) for place, texts in written.items() if place[0] == "patient")
    before = await heads()
    run = await rotate(practice)
    assert run.target == "2"
    assert run.done >= run.total > 0
    assert await WrappedKey.exclude(kek_version="2").count() == 0
    assert await heads() == before
    assert await everything(practice) == written
    # The other process has not been told; it finds the new master key by itself, and makes new data keys under it.
    sealer = await other.sealer("patient", key)
    assert sealer.open(table, "full_name", key, (await sealed_of("patient", key))["full_name"]) == texts["full_name"]
    await other.sealer("patient", practice.ids.new())
    assert await WrappedKey.exclude(kek_version="2").count() == 0


async def sealed_of(table: str, key: str) -> dict[str, bytes]:
    declared = next(one for one in tables() if one.table == table)
    (row,) = [row for row in await rows_after(declared, "", 1000) if row.key == key]
    return {column: sealed for column, (_, sealed) in row.values.items()}


async def test_a_stopped_rotation_goes_on_with_the_same_master_key(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    written = await filled(practice)
    monkeypatch.setattr(rotation, "BATCH", 5)

    def stop(phase: str, done: int, total: int) -> None:
        if done >= 10:
            raise Stopped

    with pytest.raises(Stopped):
        await rotate(practice, progress=stop)
    assert 0 < await WrappedKey.exclude(kek_version="2").count() < await WrappedKey.all().count()
    assert await everything(practice) == written
    run = await rotate(practice)
    assert run.target == "2"
    assert await WrappedKey.exclude(kek_version="2").count() == 0
    assert await everything(practice) == written


async def test_an_old_master_key_goes_only_when_it_wraps_nothing(practice: Practice, tmp_path: Path) -> None:
    await practice.keys.sealer("patient", "somebody")
    old_file = (tmp_path / "keyring.key").read_text()
    backup = await WrappedKey.get(id="patient:somebody")
    await rotate(practice, progress=None)
    await WrappedKey.filter(id=backup.id).update(kek_version="1")
    with pytest.raises(StillInUse):
        await retire_master(practice, "1")
    await WrappedKey.filter(id=backup.id).update(kek_version="2")
    await retire_master(practice, "1")
    assert list(MasterKeys.load(tmp_path / "keyring.key").keys) == ["2"]
    assert (tmp_path / "keyring.key").stat().st_mode & 0o777 == 0o600
    # What an old copy of the key ring holds opens with the old master key only, which is gone.
    assert '"2"' not in old_file
    with pytest.raises((KeyError, ValueError)):
        MasterKeys.load(tmp_path / "keyring.key").without("1")


@pytest.mark.parametrize("suite", SUITES.values(), ids=list(SUITES))
async def test_every_column_of_every_model_and_every_file_is_written_anew(practice: Practice, tmp_path: Path, suite: Suite) -> None:
    written = await filled(practice)
    data = bytes(range(256)) * 9000
    blob = await some_file(practice, data)
    old_copy = {table.table: await rows_after(table, "", 1000) for table in tables()}
    for table in tables():
        found = [row.key for row in await rows_after(table, "", 1000)]
        assert [await key_from_end(table, number) for number in range(len(found) + 1)] == [*reversed(found), ""]
    reader = await practice.blobs.reader(blob.id, "patient", blob.subject_id)
    practice.keys.suite = suite
    run = await reencrypt(practice, **AT_ONCE)
    assert b"".join(await asyncio.to_thread(lambda: list(reader.pieces()))) == data, "who began to read before reads on"
    assert run.phase == "done"
    assert run.unopened == 0
    assert await heads() == {bytes((2, suite.code, 0, 2))}
    assert await everything(practice) == written
    assert await practice.blobs.get(blob.id, "patient", blob.subject_id) == data
    assert not await practice.blobs.reseal(blob.id, "patient", blob.subject_id)
    assert await WrappedKey.filter(former__isnull=False).count() == 0
    # The former keys are gone: what an old copy of the tables holds opens no more, in this process and in another.
    for keys in (practice.keys, second_process(practice, tmp_path)):
        for table in tables():
            for row in old_copy[table.table]:
                for column, (subject, sealed) in row.values.items():
                    with pytest.raises(SealBroken):
                        (await keys.sealer(*subject.split(":", 1))).open(table.table, column, row.key, sealed)


async def test_killed_anywhere_it_goes_on_and_loses_nothing(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after some batches, again and again, in every phase."""
    written = await filled(practice)
    blobs = [await some_file(practice, bytes([number]) * 70_000) for number in range(3)]
    monkeypatch.setattr(reencryption, "BATCH", 11)
    monkeypatch.setattr(reencryption, "FILES", 1)
    phases: list[str] = []
    run = None
    for attempt in itertools.count():
        seen = 0

        def stop_later(phase: str, done: int, total: int, may_do: int = 3 + 2 * attempt) -> None:
            nonlocal seen
            phases.append(phase)
            seen += 1
            if seen > may_do:
                raise Stopped

        with contextlib.suppress(Stopped):
            run = await reencrypt(practice, **AT_ONCE, progress=stop_later)
            break
    assert attempt > 5
    assert run is not None
    assert run.finished_at is not None
    assert run.unopened == 0
    assert set(phases) >= {"keys", "rewrite", "check"}
    assert await KeyRenewal.all().count() == 1
    assert await heads() == {bytes((2, 1, 0, 2))}
    assert await everything(practice) == written
    for number, blob in enumerate(blobs):
        assert await practice.blobs.get(blob.id, "patient", blob.subject_id) == bytes([number]) * 70_000
    assert await WrappedKey.filter(former__isnull=False).count() == 0


async def test_what_somebody_writes_meanwhile_is_never_lost(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process, which has not yet heard of the new keys, changes each row between reading and rewriting."""
    written = await filled(practice)
    other = second_process(practice, tmp_path)
    stale = {subject.id: await other.sealer(*subject.id.split(":", 1)) for subject in await WrappedKey.all()}
    real, changed = reencryption.replace_values, 0

    async def overtaken(table: object, column: str, changes: list[tuple[bytes, str, bytes]]) -> None:
        nonlocal changed
        if changed < 30:
            for _, key, _ in changes[:1]:
                (row,) = [row for row in await rows_after(table, "", 1000) if row.key == key]  # type: ignore[arg-type]
                subject = row.values[column][0]
                text = f"{column} 改过 {changed}"
                fresh = stale[subject].seal(table.table, column, key, text)  # type: ignore[attr-defined]
                await real(table, column, [(fresh, key, row.values[column][1])])  # type: ignore[arg-type]
                written[table.table, key][column] = text  # type: ignore[attr-defined]
                changed += 1
        await real(table, column, changes)  # type: ignore[arg-type]

    monkeypatch.setattr(reencryption, "replace_values", overtaken)
    run = await reencrypt(practice, **AT_ONCE)
    assert changed == 30
    assert run.unopened == 0
    assert await everything(practice) == written
    assert await heads() == {bytes((2, 1, 0, 2))}


async def test_a_value_that_does_not_open_stays_and_keeps_its_former_key(practice: Practice) -> None:
    await filled(practice)
    table = next(one for one in tables() if one.table == "patient")
    row = (await rows_after(table, "", 10))[0]
    damaged = row.values["phone"][1][:-1] + b"?"
    await reencryption.replace_values(table, "phone", [(damaged, row.key, row.values["phone"][1])])
    run = await reencrypt(practice, **AT_ONCE)
    assert run.unopened == 1
    assert (await sealed_of("patient", row.key))["phone"] == damaged
    assert [key.id for key in await WrappedKey.filter(former__isnull=False)] == [f"patient:{row.key}"]


async def test_two_runs_at_once_are_one(practice: Practice) -> None:
    async with Renewal(practice, "rotate"):
        for second in (rotate(practice), reencrypt(practice, **AT_ONCE)):
            with pytest.raises(AlreadyRunning):
                await second


async def test_a_file_that_was_coming_in_while_its_key_was_renewed(practice: Practice) -> None:
    subject, blob_id = practice.ids.new(), practice.ids.new()

    async def slow() -> AsyncIterator[bytes]:
        yield b"a" * (2 << 20)
        await reencrypt(practice, **AT_ONCE)
        yield b"b" * 100

    stored = await practice.blobs.put(blob_id, "patient", subject, slow())
    assert stored.size == (2 << 20) + 100
    assert await practice.blobs.get(blob_id, "patient", subject) == b"a" * (2 << 20) + b"b" * 100
    assert not await practice.blobs.reseal(blob_id, "patient", subject)


async def test_it_waits_until_nobody_can_write_under_a_former_key(practice: Practice) -> None:
    """Real time decides; the clock of the practice is a hand-moved one here."""
    await practice.keys.sealer("patient", "somebody")
    running = asyncio.create_task(reencrypt(practice, settle=timedelta(seconds=0.5), overlap=timedelta(0)))
    while not await KeyRenewal.filter(keys_at__isnull=False).exists():  # noqa: ASYNC110 - another task's row
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    assert not running.done()
    practice.clock.advance(seconds=1)  # type: ignore[attr-defined]
    run = await running
    assert run.phase == "done"
    assert run.started_at < datetime.now(UTC).replace(year=2100)


async def test_mixed_suites_open_side_by_side(practice: Practice) -> None:
    first = await practice.keys.sealer("patient", "one")
    practice.keys.suite = SM4
    second = await practice.keys.sealer("patient", "two")
    assert (await WrappedKey.get(id="patient:two")).suite == "sm4"
    for sealer in (first, second):
        assert sealer.open("patient", "phone", "r", sealer.seal("patient", "phone", "r", "1")) == "1"
    practice.keys.suite = AES
    await practice.keys.look()
    again = await practice.keys.sealer("patient", "two")
    assert again.open("patient", "phone", "r", second.seal("patient", "phone", "r", "1")) == "1"


async def test_a_rotation_beside_another_process_that_opens_and_makes_keys(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process looks at the ring by itself only; its memory is emptied all the time, so that it always asks the tables."""
    monkeypatch.setattr(rotation, "BATCH", 3)
    other = second_process(practice, tmp_path)
    sealed = {}
    for number in range(30):
        sealed[number] = (await other.sealer("patient", str(number))).seal("t", "c", "r", "张三")
    working, opened_meanwhile = True, 0

    async def people() -> None:
        nonlocal opened_meanwhile
        while working:
            other._cache.clear()
            number = practice.rng.choice(list(sealed))
            assert (await other.sealer("patient", str(number))).open("t", "c", "r", sealed[number]) == "张三"
            fresh = len(sealed)
            sealed[fresh] = (await other.sealer("patient", str(fresh))).seal("t", "c", "r", "张三")
            opened_meanwhile += 1
            await asyncio.sleep(0.002)

    busy = asyncio.create_task(people())
    for target in ("2", "3"):
        assert (await rotate(practice)).target == target
    working = False
    await busy
    assert opened_meanwhile > 3
    last = second_process(practice, tmp_path)
    for number, value in sealed.items():
        assert (await last.sealer("patient", str(number))).open("t", "c", "r", value) == "张三"
