"""Finding the entry that is to be proved: by patient, act and time. Ids, times and acts come out, nothing else."""

from __future__ import annotations

from datetime import datetime

from tortoise.expressions import Q

from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id, lowest_id
from core.foundation.models import AuditEntry, AuditSubject
from core.foundation.orders import Grant, Query, Result, answers
from core.foundation.work import Work

MOST = 100


class FoundEntry(Result):
    """``at`` is real time."""

    entry_id: str
    at: datetime
    action: str


class FoundEntries(Result):
    """The newest, oldest first; ``more``: there are others before."""

    entries: list[FoundEntry]
    more: bool


class FindEntries(Query):
    """Entries of a patient (also those whose list he stood in), of an act (its name, or the room before the point), since a time."""

    name = "audit.find"
    title = "查找审计记录"
    access = (Grant(Role.SYSTEM),)
    gives = FoundEntries
    audited = True
    patient_id: Id | None = None
    action: str = ""
    since: Moment | None = None


@answers(FindEntries)
async def find_entries(work: Work, order: FindEntries) -> FoundEntries:
    if order.patient_id is not None:
        work.concerns("patient", order.patient_id)
    chosen = AuditEntry.all()
    if order.since is not None:
        chosen = chosen.filter(id__gte=lowest_id(order.since))
    if order.action:
        chosen = chosen.filter(Q(action=order.action) | Q(action__startswith=f"{order.action}."))
    if order.patient_id is not None:
        listed = await AuditSubject.filter(patient_id=order.patient_id).order_by("-entry_id").limit(MOST * 10).values_list("entry_id", flat=True)
        chosen = chosen.filter(Q(subject_kind="patient", subject_id=order.patient_id) | Q(id__in=[str(one) for one in listed]))
    rows = await chosen.order_by("-id").limit(MOST + 1).only("id", "real_at", "action")
    found = [FoundEntry(entry_id=row.id, at=row.real_at, action=row.action) for row in reversed(rows[:MOST])]
    return FoundEntries(entries=found, more=len(rows) > MOST)
