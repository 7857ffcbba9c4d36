"""A danger always finds somebody: where a county has no desk, whoever has one; where nobody is on record yet, the first who is."""

from __future__ import annotations

import pytest

from core.dispatch.commands import DeclineOffer
from core.dispatch.models import DangerAlert
from core.intake.commands import Say
from core.people.models import Organisation, RoleHeld
from tests.core.dispatch.ward import CRITICAL, Ward
from tests.core.intake.small_engine import SmallEngine

pytestmark = pytest.mark.storage
DESK = ("scheduler", "administrator", "duty_doctor")


async def move_desk_to_another_county(ward: Ward) -> None:
    """The county's own hospital has a clinic in another county as its desk; the village stays without one."""
    await Organisation.filter(id__in=[ward.county.clinic, ward.county.township_centre]).update(region_code="522728102201")


async def nobody_at_any_desk(ward: Ward) -> None:
    await RoleHeld.filter(role__in=DESK).update(ended_at=ward.clock.now())


async def test_a_county_without_a_desk_calls_the_next_one(ward: Ward) -> None:
    await move_desk_to_another_county(ward)
    asked = await ward.request(CRITICAL)
    assert asked.desk_called
    assert await ward.told(ward.county.scheduler) == ["desk.called"]
    for _ in range(3):
        await ward.pass_time(seconds=61)
    assert (await ward.told(ward.county.scheduler))[-1] == "desk.alarm"


async def test_a_danger_in_a_county_without_a_desk_calls_the_next_one(ward: Ward) -> None:
    await move_desk_to_another_county(ward)
    ward.practice.engines.clinical = SmallEngine()
    view = await ward.practice.execute(ward.county.woman_account, Say(text="我半拉身子不听使唤"))
    assert view.alert is not None
    assert await ward.told(ward.county.scheduler) == ["alert.card"]


async def test_nobody_is_promised_a_desk_that_does_not_exist_and_the_first_who_sits_down_is_called(ward: Ward) -> None:
    await nobody_at_any_desk(ward)
    asked = await ward.request(CRITICAL)
    assert not asked.desk_called
    for _ in range(3):
        await ward.pass_time(seconds=61)
    assert await DangerAlert.all().count() == 0

    await RoleHeld.filter(role="scheduler").update(ended_at=None)
    await ward.pass_time(seconds=61)

    assert await DangerAlert.filter(source_id=asked.consultation_id).count() == 1
    assert (await ward.told(ward.county.scheduler)) == ["desk.alarm"]


async def test_a_deferred_or_declined_wave_still_ends_at_a_desk(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    for _ in range(4):
        for offer in await ward.offers(asked.consultation_id):
            await ward.practice.execute(ward.who(offer), DeclineOffer(offer_id=offer.id))
    assert (await ward.row(asked.consultation_id)).alarmed_at is not None
    assert (await ward.told(ward.county.scheduler))[-1] == "desk.alarm"


async def test_who_gave_the_duty_up_is_not_called_though_the_roster_still_names_him(ward: Ward) -> None:
    await RoleHeld.filter(role="duty_doctor").update(ended_at=ward.clock.now())
    ward.practice.engines.clinical = SmallEngine()
    view = await ward.practice.execute(ward.county.stranger, Say(text="俺爹半拉身子不听使唤,嘴也歪了"))
    assert view.alert is not None
    assert await ward.told(ward.county.duty_doctor) == []
    assert await ward.told(ward.county.scheduler) == ["alert.card"]
