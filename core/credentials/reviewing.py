"""*Of age* stands on a birth date that somebody vouches for. When that changes, or was never so, the credential goes: at once where the change is
told, and within a day where nobody told it (a birth date put right in the database, a credential of an older version)."""

from __future__ import annotations

from datetime import timedelta

from core.credentials.attributes import Attribute
from core.credentials.commands import ReviewAges, RevokeCredentials
from core.credentials.errors import BirthNotChecked, NotOfAge
from core.credentials.facts import birth_of_adult
from core.credentials.models import IssuedCredential
from core.foundation.actor import Actor
from core.foundation.due import due
from core.foundation.events import Event, listens
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.withheld import CANNOT_OPEN
from core.foundation.work import Work

REVIEW = "credentials.review_ages"
EVERY, SOON = timedelta(days=1), timedelta(seconds=20)
BATCH = 50
"""Credentials of one transaction: whoever writes meanwhile waits for one batch at most."""
_SYSTEM = Actor.system("worker")

due(REVIEW, lambda row: ReviewAges(after=row.step))


@handles(ReviewAges)
async def review_ages(work: Work, order: ReviewAges) -> Done:
    live = IssuedCredential.filter(attribute=Attribute.OF_AGE.value, live_for__isnull=False)
    if order.patient_id is not None:
        work.concerns("patient", order.patient_id)
        return Done(done=await _revoke_untrue(work, await live.filter(patient_id=order.patient_id)))
    rows = await live.filter(id__gt=order.after).order_by("id").limit(BATCH)
    done = await _revoke_untrue(work, rows)
    last = rows[-1].id if len(rows) == BATCH else ""
    await work.unschedule(REVIEW, REVIEW)
    await work.schedule(REVIEW, REVIEW, work.now + (SOON if last else EVERY), step=last)
    return Done(done=done)


async def _revoke_untrue(work: Work, rows: list[IssuedCredential]) -> bool:
    """Whether any of them went. One whose patient's record does not open stays: nothing can be shown of it either."""
    untrue = False
    for row in rows:
        try:
            await birth_of_adult(work, row.patient_id)
        except CANNOT_OPEN:
            continue
        except (BirthNotChecked, NotOfAge):
            untrue = True
            order = RevokeCredentials(patient_id=row.patient_id, attribute=Attribute.OF_AGE, because="not_so")
            await work.execute(order, as_system=True)
    return untrue


@listens("patient.identity_changed")
async def identity_changed(practice: Practice, event: Event) -> None:
    await practice.execute(_SYSTEM, ReviewAges(patient_id=event.body["patient_id"]))
