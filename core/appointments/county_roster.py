"""排班 of a county: the shifts of some days as they fall on the calendar, and who can be put on the roster."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, timedelta
from typing import get_args

from core.appointments.commands import AbsenceView, CountyRoster, CountyRosterView, Duty, Rosterable, ShiftOnDay
from core.appointments.models import Absence, Shift
from core.appointments.rules import away_during, shift_on
from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.clock import shanghai
from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.cards import PractitionerCard, practitioner_cards
from core.people.counties import counties_where, houses_in
from core.people.models import Practitioner, RoleHeld
from core.people.roles import running, why_withheld

DUTIES: tuple[Duty, ...] = get_args(Duty)


@answers(CountyRoster)
async def county_roster(work: Work, order: CountyRoster) -> CountyRosterView:
    houses = await houses_in(await counties_where(work.actor, Role.SCHEDULER, Role.ADMINISTRATOR))
    rows = await Practitioner.filter(organisation_id__in=houses, active=True).order_by("id") if houses else []
    duties = await _duties(work, rows)
    cards = await practitioner_cards(work, duties)
    absences: dict[str, list[Absence]] = defaultdict(list)
    for row in await Absence.filter(practitioner_id__in=list(duties), ends_at__gt=work.now - timedelta(days=1)).order_by("starts_at", "id"):
        absences[row.practitioner_id].append(row)
    first = order.first_day or shanghai(work.now).date()
    shifts = await _shifts(cards, absences, first, order.days)
    people = tuple(_person(work, card, duties[card.practitioner_id], absences[card.practitioner_id]) for card in cards.values())
    own = next((card.department for card in cards.values() if card.account_id == work.actor.account_id), "")
    return CountyRosterView(now=work.now, first_day=first, days=order.days, shifts=shifts, people=people, own_department=own)


async def _duties(work: Work, rows: list[Practitioner]) -> dict[str, tuple[Duty, ...]]:
    """Practitioner id → the duties that the roles which count for him now allow; only those who have one."""
    by_account = {row.account_id: row for row in rows}
    held = await RoleHeld.filter(running(work.now), role__in=list(DUTIES), account_id__in=list(by_account)).order_by("id")
    found: dict[str, set[str]] = defaultdict(set)
    for one in held:
        if why_withheld(Role(one.role), by_account[one.account_id], work.now) is None:
            found[by_account[one.account_id].id].add(one.role)
    return {key: tuple(duty for duty in DUTIES if duty in roles) for key, roles in found.items()}


async def _shifts(cards: dict[str, PractitionerCard], absences: dict[str, list[Absence]], first: date, days: int) -> tuple[ShiftOnDay, ...]:
    """Also the one of the day before that lasts past midnight."""
    found = []
    begins, ends = shift_on(first, 0, 1440)[0], shift_on(first + timedelta(days=days), 0, 1440)[0]
    shifts = await Shift.filter(practitioner_id__in=list(cards))
    for ahead in range(-1, days):
        day = first + timedelta(days=ahead)
        for shift in (one for one in shifts if one.weekday == day.weekday()):
            starts_at, ends_at = (moment.astimezone(UTC) for moment in shift_on(day, shift.start_minute, shift.end_minute))
            if ends_at <= begins or starts_at >= ends:
                continue
            away = [(row.starts_at, row.ends_at) for row in absences[shift.practitioner_id] if row.ends_at > row.starts_at]
            found.append(ShiftOnDay(
                practitioner_id=shift.practitioner_id, who=cards[shift.practitioner_id].introduced, duty=shift.duty,
                duty_label=ROLE_LABELS[Role(shift.duty)], starts_at=starts_at, ends_at=ends_at, away=away_during(starts_at, ends_at, away),
            ))
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.duty, one.practitioner_id)))


def _person(work: Work, card: PractitionerCard, duties: tuple[Duty, ...], absences: list[Absence]) -> Rosterable:
    return Rosterable(
        practitioner_id=card.practitioner_id, full_name=card.full_name, called=card.called, title_name=card.title_name, department=card.department,
        organisation=card.organisation, who=card.introduced, duties=duties,
        absences=tuple(
            AbsenceView(absence_id=row.id, starts_at=row.starts_at, ends_at=row.ends_at, running=row.starts_at <= work.now)
            for row in absences if row.ends_at > max(work.now, row.starts_at)
        ),
    )  # fmt: skip
