"""Rosters through the front door."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.appointments.commands import FreeSlots, SetAbsence, SetShift
from core.appointments.errors import PractitionerUnknown, ShiftInvalid
from core.appointments.models import Shift
from core.appointments.roster import absent, on_duty
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.people.models import Practitioner
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage


def practitioner(actor: Actor) -> str:
    assert actor.practitioner_id is not None
    return actor.practitioner_id


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def test_who_is_on_duty(practice: Practice, county: SmallCounty, system: Actor):
    now = practice.clock.now()
    everyone = sorted(practitioner(expert) for expert in county.experts)
    assert await on_duty("expert", now) == everyone
    assert await on_duty("expert", now, [county.county_hospital]) == [practitioner(county.experts[2])]
    assert await on_duty("expert", now, []) == []
    assert await on_duty("duty_doctor", now, {county.county_hospital}) == [practitioner(county.duty_doctor)]
    away = practitioner(county.experts[0])
    await practice.execute(
        county.experts[0], SetAbsence(practitioner_id=away, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))
    )
    assert await on_duty("expert", now) == [one for one in everyone if one != away]
    assert await absent(everyone, now) == {away}
    assert await on_duty("expert", now + timedelta(hours=1)) == everyone
    await Practitioner.filter(id=everyone[1]).update(active=False)
    assert everyone[1] not in await on_duty("expert", now + timedelta(hours=1))


async def test_a_night_shift_goes_on_after_midnight(practice: Practice, county: SmallCounty, system: Actor):
    doctor = practitioner(county.village_doctor)
    await practice.execute(system, SetShift(practitioner_id=doctor, duty="scheduler", weekdays=(4,), start_minute=1200, end_minute=1920))
    friday_ten = practice.clock.now()
    assert doctor not in await on_duty("scheduler", friday_ten)
    assert doctor in await on_duty("scheduler", friday_ten + timedelta(hours=11))
    assert doctor in await on_duty("scheduler", friday_ten + timedelta(hours=17))
    assert doctor not in await on_duty("scheduler", friday_ten + timedelta(hours=22))


async def test_setting_a_shift_again_changes_its_end(practice: Practice, county: SmallCounty, system: Actor):
    order = SetShift(practitioner_id=practitioner(county.experts[0]), duty="duty_doctor", weekdays=(0, 1), start_minute=480, end_minute=900)
    await practice.execute(system, order)
    await practice.execute(system, order.model_copy(update={"weekdays": (1, 2), "end_minute": 1020}))
    rows = await Shift.filter(duty="duty_doctor", practitioner_id=order.practitioner_id).order_by("weekday")
    assert [(row.weekday, row.end_minute) for row in rows] == [(0, 900), (1, 1020), (2, 1020)]


async def test_bad_shifts_change_nothing(practice: Practice, county: SmallCounty, system: Actor):
    before = await Shift.all().count()
    with pytest.raises(ShiftInvalid):
        await practice.execute(
            system, SetShift(practitioner_id=practitioner(county.experts[0]), duty="expert", weekdays=(9,), start_minute=0, end_minute=60)
        )
    with pytest.raises(PractitionerUnknown):
        await practice.execute(system, SetShift(practitioner_id=county.clinic, duty="expert", weekdays=(1,), start_minute=0, end_minute=60))
    assert await Shift.all().count() == before


async def test_an_absence_closes_free_slots(practice: Practice, county: SmallCounty):
    now = practice.clock.now()
    await practice.execute(
        county.scheduler,
        SetAbsence(practitioner_id=practitioner(county.experts[2]), starts_at=now, ends_at=now.replace(hour=2, minute=0) + timedelta(days=1)),
    )
    view = await practice.ask(county.stranger, FreeSlots(department_code="03.01"))
    assert [slot.slot_id for slot in view.slots] == list(county.slots[2:])


async def test_a_scheduler_rosters_his_county_only(practice: Practice, county: SmallCounty):
    now = practice.clock.now()
    in_county, elsewhere = practitioner(county.experts[2]), practitioner(county.experts[0])
    shift = SetShift(practitioner_id=in_county, duty="expert", weekdays=(0,), start_minute=60, end_minute=90)
    await practice.execute(county.scheduler, shift)
    for actor, order in (
        (county.scheduler, shift.model_copy(update={"practitioner_id": elsewhere})),
        (county.experts[2], shift),
        (county.woman_account, shift),
        (county.experts[0], SetAbsence(practitioner_id=in_county, starts_at=now, ends_at=now + timedelta(hours=1))),
    ):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, order)
