"""What else the patient was prescribed and takes, or may come to take: two prescriptions are no way around what may not stand on one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.foundation.work import Work
from core.prescriptions.items import Besides, Item
from core.prescriptions.models import Prescription
from core.prescriptions.moments import good_until
from core.prescriptions.steps import body_of
from core.prescriptions.workflow import OPEN_STATES, State

LONGEST_COURSE = timedelta(days=90)
"""The most days that an item may have."""
REFILL_BEFORE = timedelta(days=3)
"""So long before a course ends the next of the same drug may be prescribed: that is how long it takes at most until the drugs are in hand."""
_SIGNED = frozenset({State.SIGNED, State.RELEASED, State.DISPENSED})
_MAY_EXPIRE = frozenset({State.SIGNED, State.RELEASED})


async def besides_of(work: Work, patient_id: str, row: Prescription | None = None) -> tuple[Besides, ...]:
    """The drugs of the patient's other prescriptions that were there before ``row``: signed earlier or, where it is not signed, proposed earlier or
    signed at all. So of two that do not go together one is stopped, the later. Without ``row``, of all."""
    return besides_among(work.now, (await counting_of(work, [patient_id])).get(patient_id, []), row)


Counting = list[tuple[Prescription, tuple[Item, ...]]]
"""Prescriptions of one patient that may still count beside another, oldest first, with their drugs."""


async def counting_of(work: Work, patient_ids: Iterable[str]) -> dict[str, Counting]:
    """Of many patients, by patient; with one statement for all. For :func:`besides_among`."""
    states = [*(one.value for one in OPEN_STATES), State.DISPENSED.value]
    found: dict[str, Counting] = {}
    for other in await Prescription.filter(patient_id__in=list(patient_ids), state__in=states).order_by("id"):
        if not _is_over(other, work.now):
            found.setdefault(other.patient_id, []).append((other, (await body_of(work, other)).items))
    return found


def besides_among(now: datetime, counting: Counting, row: Prescription | None) -> tuple[Besides, ...]:
    """As :func:`besides_of`, among what was read before."""
    return tuple(
        Besides(item=item, code=other.code, dispensed=other.dispensed_at is not None, ending=_is_ending(other, item, now))
        for other, items in counting
        if row is None or (other.id != row.id and _order(other) < _order(row))
        for item in items
        if not _is_used_up(other, item, now)
    )


def _order(row: Prescription) -> tuple[bool, str, str]:
    signed = State(row.state) in _SIGNED and row.signed_at is not None
    return (not signed, row.signed_at.isoformat() if signed and row.signed_at is not None else "", row.id)


def _is_over(row: Prescription, now: datetime) -> bool:
    until = good_until(row)
    if State(row.state) in _MAY_EXPIRE:
        return until is not None and now >= until
    return row.dispensed_at is not None and now >= row.dispensed_at + LONGEST_COURSE


def _is_used_up(row: Prescription, item: Item, now: datetime) -> bool:
    return row.dispensed_at is not None and now >= row.dispensed_at + timedelta(days=item.days)


def _is_ending(row: Prescription, item: Item, now: datetime) -> bool:
    return row.dispensed_at is not None and now >= row.dispensed_at + timedelta(days=item.days) - REFILL_BEFORE
