"""Files that nothing refers to go: at once where an order let go of them, and once a day those that a process died over before it recorded them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from core.foundation.damage import tell_of_damage
from core.foundation.due import due
from core.foundation.errors import DomainError
from core.foundation.events import Event, listens
from core.foundation.keys import SealBroken
from core.foundation.models import Blob
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.imaging.commands import SweepFiles
from core.imaging.models import Transfer, TransferPiece

logger = logging.getLogger("huizhen.imaging")

SWEEP = "imaging.sweep"
EVERY = timedelta(days=1)
LEFT_LYING = timedelta(days=1)
"""Real time. Whoever puts a file records it within minutes, or puts it anew."""


async def lost_here(practice: Practice, what: str, lost: DomainError) -> None:
    """A file that came safely cannot be read any more: that is ours, and whoever runs the house is told."""
    logger.error("the file of %s cannot be read: %s", what, type(lost).__name__)
    if isinstance(lost, SealBroken):
        await tell_of_damage(practice, lost)


async def drop_file(work: Work, blob_id: str) -> None:
    """Forget a file that nothing refers to any more; it is deleted after the commit."""
    await Blob.filter(id=blob_id).delete()
    await work.emit("file.dropped", blob_id=blob_id)


@listens("file.dropped")
async def file_dropped(practice: Practice, event: Event) -> None:
    await drop_unheld(practice, [event.body["blob_id"]])


async def drop_unheld(practice: Practice, blob_ids: Iterable[str]) -> None:
    """Delete those files that no row holds: none recorded, no piece of a file on its way, none that is being joined of pieces."""
    wanted = set(blob_ids)
    if not wanted:
        return
    held = {row.id for row in await Blob.filter(id__in=wanted).only("id")}
    held |= {row.id for row in await TransferPiece.filter(id__in=wanted).only("id")}
    held |= {row.id for row in await Transfer.filter(id__in=wanted, state="complete").only("id")}
    for blob_id in wanted - held:
        await practice.blobs.delete(blob_id)


due(SWEEP, lambda row: SweepFiles())


@handles(SweepFiles)
async def sweep_files(work: Work, order: SweepFiles) -> Done:
    """A worker looks through the folder: the ticker has more urgent things to do."""
    await work.unschedule(SWEEP, SWEEP)
    await work.schedule(SWEEP, SWEEP, work.now + EVERY)
    await work.emit("files.swept")
    return Done()


@listens("files.swept")
async def files_swept(practice: Practice, event: Event) -> None:
    async for blob_ids in practice.blobs.lying_since(practice.clock.real_now() - LEFT_LYING):
        await drop_unheld(practice, blob_ids)
