"""A practitioner's own calendar: the shifts of the next two weeks, absences, and ending one early."""

from __future__ import annotations

from datetime import UTC, timedelta

from core.appointments.commands import AbsenceView, EndAbsence, MyRoster, RosterView, ShiftView
from core.appointments.errors import AbsenceOver, AbsenceUnknown, PractitionerUnknown
from core.appointments.models import Absence, Shift
from core.appointments.rules import away_during, shift_on
from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.clock import shanghai
from core.foundation.orders import Done, Order, answers, handles, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.people.access import acts_in_county_of

DAYS = 14


@answers(MyRoster)
async def my_roster(work: Work, order: MyRoster) -> RosterView:
    me = work.actor.practitioner_id
    if me is None:
        raise PractitionerUnknown
    rows = await Absence.filter(practitioner_id=me, ends_at__gt=work.now).order_by("starts_at", "id")
    absences = [row for row in rows if row.ends_at > row.starts_at]
    return RosterView(
        practitioner_id=me, now=work.now, shifts=await _shifts(work, me, absences),
        absences=tuple(
            AbsenceView(absence_id=row.id, starts_at=row.starts_at, ends_at=row.ends_at, running=row.starts_at <= work.now) for row in absences
        ),
    )


async def _shifts(work: Work, practitioner_id: str, absences: list[Absence]) -> tuple[ShiftView, ...]:
    """Yesterday's too, which may last past midnight."""
    shifts, today = await Shift.filter(practitioner_id=practitioner_id), shanghai(work.now).date()
    away = [(row.starts_at, row.ends_at) for row in absences]
    found = []
    for ahead in range(-1, DAYS):
        day = today + timedelta(days=ahead)
        for shift in shifts:
            starts_at, ends_at = (moment.astimezone(UTC) for moment in shift_on(day, shift.start_minute, shift.end_minute))
            if shift.weekday == day.weekday() and ends_at > work.now:
                found.append(ShiftView(
                    starts_at=starts_at, ends_at=ends_at, duty=shift.duty, duty_label=ROLE_LABELS[Role(shift.duty)],
                    away=away_during(starts_at, ends_at, away),
                ))
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.duty)))


@relation("own_absence")
async def own_absence(work: Work, order: Order) -> bool:
    """The actor is the one who is away."""
    row = await row_named(Absence, order, "absence_id")
    return row is not None and row.practitioner_id == work.actor.practitioner_id


@relation("same_county")
async def absence_of_county(work: Work, order: Order) -> bool:
    """The one who is away belongs to a county where the actor holds a granted role."""
    row = await row_named(Absence, order, "absence_id")
    return row is not None and await acts_in_county_of(work, order, row.organisation_id)


@handles(EndAbsence)
async def end_absence(work: Work, order: EndAbsence) -> Done:
    row = await Absence.get_or_none(id=order.absence_id)
    if row is None:
        raise AbsenceUnknown
    work.concerns("practitioner", row.practitioner_id)
    if row.ends_at <= max(work.now, row.starts_at):
        raise AbsenceOver
    await row.change(conflict=AbsenceOver(), ends_at=max(work.now, row.starts_at))
    return Done()
