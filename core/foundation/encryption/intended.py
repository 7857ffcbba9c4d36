"""Keys that go, and locks that are set, because of rows: meant with the rows in their transaction, done when that is committed.

The key ring is another database, and no commit spans both. So what is meant is an event of the outbox, written with the rows and the audit
entry: who is killed before their commit has done nothing, who is killed after it is followed by a worker. Whoever gave the order does it
himself right after the commit, so that it is done when he is answered.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from core.foundation.encryption.erasure import destroy_all, ended, set_lock
from core.foundation.errors import Unavailable
from core.foundation.events import Event, lane_of, listens
from core.foundation.models import OutboxEvent

if TYPE_CHECKING:
    from core.foundation.practice import Practice
    from core.foundation.work import Work

logger = logging.getLogger("huizhen.outbox")
ERASING, LOCKING = "keys.erasing", "keys.locking"


async def erase_with_commit(work: Work, subjects: Sequence[str]) -> None:
    """The keys of ``subjects`` (``<kind>:<id>``) and of what is erased with them go when this order is committed; what rooms end, ends in it."""
    found = await ended(work, subjects)
    if found:
        await _mean(work, ERASING, "", {"subjects": " ".join(found)})


async def lock_with_commit(work: Work, patient_id: str, *, locked: bool) -> None:
    """The record is locked, or used again, when this order is committed. What was meant before and not done yet is passed over."""
    await OutboxEvent.filter(topic=LOCKING, key=patient_id, state="waiting").update(state="done")
    await _mean(work, LOCKING, patient_id, {"locked": "yes" if locked else "no"})


async def _mean(work: Work, topic: str, key: str, body: dict[str, str]) -> None:
    event_id = await work.emit(topic, key=key, **body)
    work.afterwards.append(partial(_at_once, work.practice, Event(event_id, topic, key, body, 0)))


async def _at_once(practice: Practice, event: Event) -> None:
    await carry_out(practice, event)
    await OutboxEvent.filter(id=event.id, state="waiting").update(state="done")


@listens(ERASING)
@listens(LOCKING)
async def carry_out(practice: Practice, event: Event) -> None:
    """Twice without harm: an order and a worker may be about it at once. Not what was passed over. Never given up: whoever asked was told that
    it is done, so that a fault of any kind is tried again, each minute in the end."""
    if not await OutboxEvent.filter(id=event.id, state="waiting").exists():
        return
    try:
        if event.topic == ERASING:
            await destroy_all(practice, event.body["subjects"].split())
        else:
            await _lock_as_meant(practice, event.key)
    except Exception as error:
        raise Unavailable from error


async def _lock_as_meant(practice: Practice, patient_id: str) -> None:
    """As was meant last. Whoever unlocks while a lock is on its way may be done with it first: so it is looked again until nothing came between."""
    meant = OutboxEvent.filter(state__in=("waiting", "done", "failed"), lane=lane_of(LOCKING), key=patient_id, topic=LOCKING)
    done = ""
    while (latest := await meant.order_by("-created_at", "-id").first()) is not None and latest.id != done:
        await set_lock(practice, [f"patient:{patient_id}"], locked=latest.body["locked"] == "yes")
        done = latest.id
