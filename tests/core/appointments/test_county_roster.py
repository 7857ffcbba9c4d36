"""The county's roster as the desk reads it: whose shifts fall on which day, who is away, who can be put on it, and nobody of another county."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.appointments.commands import CountyRoster, CountyRosterView, SetAbsence, SetShift
from core.foundation.actor import Actor
from core.foundation.clock import shanghai
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def read(practice: Practice, actor: Actor, days: int = 1, ahead: int = 0) -> CountyRosterView:
    first = shanghai(practice.clock.now()).date() + timedelta(days=ahead)
    view: CountyRosterView = await practice.ask(actor, CountyRoster(first_day=first, days=days))
    return view


async def test_the_county_and_nobody_else(practice: Practice, county: SmallCounty) -> None:
    view = await read(practice, county.scheduler)
    ours = {county.duty_doctor, county.scheduler, county.pharmacist, county.experts[2]}
    assert {one.practitioner_id for one in view.people} == {one.practitioner_id for one in ours}
    assert {one.practitioner_id for one in view.shifts} == {one.practitioner_id for one in ours}
    assert {one.duties for one in view.people} == {("expert",), ("duty_doctor",), ("scheduler",), ("pharmacist",)}
    assert await practice.ask(county.scheduler, CountyRoster()) == view
    assert (await read(practice, county.administrator)).shifts == view.shifts
    for nobody in (county.village_doctor, county.experts[0], county.stranger):
        with pytest.raises(NotAllowed):
            await practice.ask(nobody, CountyRoster())


async def test_a_night_shift_belongs_to_both_days_and_an_absence_is_marked(practice: Practice, county: SmallCounty) -> None:
    pharmacist = str(county.pharmacist.practitioner_id)
    tomorrow = shanghai(practice.clock.now()).date() + timedelta(days=1)
    await practice.execute(county.scheduler, SetShift(
        practitioner_id=pharmacist, duty="pharmacist", weekdays=(tomorrow.weekday(),), start_minute=1320, end_minute=1800
    ))
    for ahead, expected in ((1, 1), (2, 1), (3, 0)):
        nights = [one for one in (await read(practice, county.scheduler, ahead=ahead)).shifts if one.ends_at - one.starts_at == timedelta(hours=8)]
        assert len(nights) == expected, ahead
    expert = str(county.experts[2].practitioner_id)
    view = await read(practice, county.scheduler, days=3, ahead=1)
    day = next(one for one in view.shifts if one.practitioner_id == expert)
    away = SetAbsence(practitioner_id=expert, starts_at=day.starts_at, ends_at=day.ends_at)
    await practice.execute(county.scheduler, away)
    after = await read(practice, county.scheduler, days=3, ahead=1)
    assert [one.away for one in after.shifts if one.practitioner_id == expert] == ["whole", "no", "no"]
    person = next(one for one in after.people if one.practitioner_id == expert)
    assert [one.starts_at for one in person.absences] == [day.starts_at]
