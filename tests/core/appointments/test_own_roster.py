"""A practitioner's own two weeks, and an absence that ends early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.appointments.commands import EndAbsence, MyRoster, RosterView, SetAbsence, SetShift
from core.appointments.errors import AbsenceOver
from core.appointments.roster import on_duty
from core.appointments.rules import away_during, shift_on
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def roster(practice: Practice, actor: Actor) -> RosterView:
    view: RosterView = await practice.ask(actor, MyRoster())
    return view


async def test_two_weeks_with_what_an_absence_covers(practice: Practice, county: SmallCounty, system: Actor) -> None:
    now, expert = practice.clock.now(), county.experts[2]
    await practice.execute(
        system, SetShift(practitioner_id=str(expert.practitioner_id), duty="scheduler", weekdays=(4,), start_minute=1200, end_minute=1920)
    )
    view = await roster(practice, expert)
    days = [one for one in view.shifts if one.duty == "expert"]
    assert len(days) == 14
    assert [one.starts_at for one in view.shifts] == sorted(one.starts_at for one in view.shifts)
    assert days[0].starts_at <= now < days[0].ends_at
    assert {one.away for one in days} == {"no"}
    assert [one.ends_at - one.starts_at for one in view.shifts if one.duty == "scheduler"] == [timedelta(hours=12)] * 2

    away = SetAbsence(
        practitioner_id=str(expert.practitioner_id), starts_at=days[2].starts_at + timedelta(hours=1), ends_at=days[4].ends_at
    )
    await practice.execute(expert, away)
    view = await roster(practice, expert)
    assert [one.away for one in view.shifts if one.duty == "expert"][:6] == ["no", "no", "part", "whole", "whole", "no"]
    assert [(one.starts_at, one.ends_at, one.running) for one in view.absences] == [(away.starts_at, away.ends_at, False)]
    assert (await roster(practice, county.experts[0])).absences == ()


async def test_an_absence_ends_early_or_does_not_take_place(practice: Practice, county: SmallCounty) -> None:
    now, expert = practice.clock.now(), county.experts[2]
    me = str(expert.practitioner_id)
    await practice.execute(expert, SetAbsence(practitioner_id=me, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=3)))
    await practice.execute(expert, SetAbsence(practitioner_id=me, starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=6)))
    running, coming = (await roster(practice, expert)).absences
    assert me not in await on_duty("expert", now)
    for actor in (county.experts[0], county.village_doctor, county.woman_account):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, EndAbsence(absence_id=running.absence_id))
    await practice.execute(expert, EndAbsence(absence_id=running.absence_id))
    assert me in await on_duty("expert", now)
    await practice.execute(county.scheduler, EndAbsence(absence_id=coming.absence_id))
    assert me in await on_duty("expert", now + timedelta(days=5, hours=1))
    assert (await roster(practice, expert)).absences == ()
    for one in (running, coming):
        with pytest.raises(AbsenceOver):
            await practice.execute(expert, EndAbsence(absence_id=one.absence_id))


async def test_a_village_doctor_has_no_roster_of_duties(practice: Practice, county: SmallCounty) -> None:
    with pytest.raises(NotAllowed):
        await roster(practice, county.village_doctor)


def test_how_much_of_a_shift_is_covered() -> None:
    start, end = datetime(2026, 11, 20, 0, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)

    def at(hour: int) -> datetime:
        return start + timedelta(hours=hour)

    assert away_during(start, end, []) == "no"
    assert away_during(start, end, [(at(3), at(3)), (at(8), at(9)), (at(-2), at(0))]) == "no"
    assert away_during(start, end, [(at(2), at(9))]) == "part"
    assert away_during(start, end, [(at(4), at(9)), (at(-1), at(4))]) == "whole"
    assert away_during(start, end, [(at(5), at(9)), (at(-1), at(4))]) == "part"


def test_a_shift_that_passes_midnight() -> None:
    begins, ends = shift_on(datetime(2026, 11, 20, tzinfo=UTC).date(), 1200, 1920)
    assert (begins.astimezone(UTC), ends.astimezone(UTC)) == (datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 21, 0, tzinfo=UTC))
