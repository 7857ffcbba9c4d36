"""Files that no row holds go, a day after they were put; every other stays."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.due import tick
from core.foundation.events import IMAGE_LANE
from core.foundation.models import Blob, DueWork
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.imaging.commands import SweepFiles
from core.imaging.models import Transfer, TransferPiece


async def put(practice: Practice, folder: Path, *, days: float) -> str:
    """A file that was put so many days ago."""
    blob_id = practice.ids.new()
    await practice.blobs.put(blob_id, "patient", "01J0000000000000000PATIENT", b"sealed")
    at = (practice.clock.real_now() - timedelta(days=days)).timestamp()
    os.utime(folder / "blobs" / blob_id[-2:] / blob_id, (at, at))
    return blob_id


async def swept(practice: Practice) -> None:
    worker = OutboxWorker(practice, IMAGE_LANE, "test")
    while await worker.work_once():
        pass


async def test_what_nobody_recorded_goes_after_a_day(practice: Practice, tmp_path: Path) -> None:
    recorded, piece, joined, ended, young, lost = [await put(practice, tmp_path, days=days) for days in (9, 9, 9, 9, 0.9, 1.1)]
    now = practice.clock.now()
    await Blob.create(id=recorded, subject_kind="patient", subject_id=recorded, media_type="image/png", size=6, sha256="0" * 64, created_at=now)
    await TransferPiece.create(id=piece, transfer_id=joined, start=0, size=6)
    for transfer_id, state in ((joined, "complete"), (ended, "ended")):
        await Transfer.create(
            id=transfer_id, organisation_id=recorded, consultation_id=recorded, patient_id=recorded, account_id=recorded, kind="image", length=6,
            received=6, state=state, begun_at=now, expires_at=now,
        )  # fmt: skip
    unfinished = (tmp_path / "blobs" / lost[-2:] / f"{lost}.0abc.part", tmp_path / "blobs" / lost[-2:] / f"{lost}.1abc.part")
    for path, days in zip(unfinished, (2, 0.5), strict=True):
        path.write_bytes(b"half")
        at = (practice.clock.real_now() - timedelta(days=days)).timestamp()
        os.utime(path, (at, at))

    await practice.execute(Actor.system("ticker"), SweepFiles())
    await swept(practice)

    left = {path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()}
    assert left == {recorded, piece, joined, young, unfinished[1].name}


async def test_it_is_done_again_every_day_and_only_once(practice: Practice, clock: ManualClock, tmp_path: Path) -> None:
    for _ in range(3):
        await practice.execute(Actor.system("ticker"), SweepFiles())
    lost = await put(practice, tmp_path, days=0.5)
    await swept(practice)
    for _ in range(2):
        assert [row.kind for row in await DueWork.filter(state="pending")] == ["imaging.sweep"]
        clock.advance(days=1)
        assert (await tick(practice)).done == 1
    await swept(practice)
    assert not any(path.name == lost for path in (tmp_path / "blobs").rglob("*"))
