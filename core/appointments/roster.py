"""Who is on duty: weekly shifts less absences, in Shanghai time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.appointments.commands import SetAbsence, SetShift
from core.appointments.errors import PractitionerUnknown
from core.appointments.models import Absence, Shift, Slot
from core.appointments.rules import check_absence, check_shift, covers, minute_of_week_day
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.people.models import Practitioner


async def on_duty(duty: str, at: datetime, organisation_ids: Collection[str] | None = None) -> list[str]:
    """The practitioners on ``duty`` (expert, duty_doctor, scheduler, pharmacist) at ``at``, active and not absent, ids in order.

    ``organisation_ids`` narrows it to those organisations; None means all.
    """
    day, _ = minute_of_week_day(at)
    shifts = Shift.filter(duty=duty, weekday__in=(day, (day - 1) % 7), practitioner__active=True)
    if organisation_ids is not None:
        shifts = shifts.filter(organisation_id__in=list(organisation_ids))
    rows = await shifts.values_list("practitioner_id", "weekday", "start_minute", "end_minute")
    present = {practitioner_id for practitioner_id, weekday, start, end in rows if covers(weekday, start, end, at)}
    if not present:
        return []
    away = await Absence.filter(starts_at__lte=at, ends_at__gt=at).values_list("practitioner_id", flat=True)
    return sorted(present - set(away))


async def absent(practitioner_ids: Collection[str], at: datetime) -> set[str]:
    """Those of ``practitioner_ids`` who are away at ``at``."""
    away = Absence.filter(practitioner_id__in=list(practitioner_ids), starts_at__lte=at, ends_at__gt=at)
    return {str(practitioner_id) for practitioner_id in await away.values_list("practitioner_id", flat=True)}


@handles(SetShift)
async def set_shift(work: Work, order: SetShift) -> Done:
    check_shift(order.weekdays, order.start_minute, order.end_minute)
    practitioner = await _practitioner(order.practitioner_id)
    days = sorted(set(order.weekdays))
    same = Shift.filter(practitioner_id=practitioner.id, duty=order.duty, start_minute=order.start_minute, weekday__in=days)
    await same.update(end_minute=order.end_minute)
    standing = {shift.weekday for shift in await same}
    await Shift.bulk_create(
        Shift(
            id=work.new_id(),
            organisation_id=practitioner.organisation_id,
            practitioner_id=practitioner.id,
            duty=order.duty,
            weekday=day,
            start_minute=order.start_minute,
            end_minute=order.end_minute,
        )
        for day in days
        if day not in standing
    )
    work.concerns("practitioner", practitioner.id)
    return Done()


@handles(SetAbsence)
async def set_absence(work: Work, order: SetAbsence) -> Done:
    """Record the absence and close the free slots that fall into it; booked ones stay, a person must look after them."""
    check_absence(order.starts_at, order.ends_at)
    practitioner = await _practitioner(order.practitioner_id)
    await Absence.create(
        id=work.new_id(),
        organisation_id=practitioner.organisation_id,
        practitioner_id=practitioner.id,
        starts_at=order.starts_at,
        ends_at=order.ends_at,
    )
    for slot in await Slot.filter(
        practitioner_id=practitioner.id, state="free", starts_at__lt=order.ends_at, ends_at__gt=order.starts_at
    ).order_by("id"):
        await slot.change(state="closed")
    work.concerns("practitioner", practitioner.id)
    return Done()


async def _practitioner(practitioner_id: str) -> Practitioner:
    practitioner = await Practitioner.get_or_none(id=practitioner_id)
    if practitioner is None:
        raise PractitionerUnknown
    return practitioner
