"""A consultation that an expert took does not hang silently: both sides are reminded to begin, then the desk is told."""

from __future__ import annotations

import pytest

from core.consultations.commands import BeginConsultation, CancelConsultation
from core.foundation.models import DueWork
from tests.core.dispatch.ward import CRITICAL, Ward

pytestmark = pytest.mark.storage


async def pending(consultation_id: str) -> int:
    return await DueWork.filter(kind="consultations.beginning", ref=consultation_id, state="pending").count()


async def test_both_sides_are_reminded_once_and_then_the_desk_is_told_once(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    expert, doctor = ward.who(offer), ward.county.village_doctor
    desk_before = len(await ward.told(ward.county.scheduler))

    await ward.pass_time(minutes=9)
    assert "consultation.progress/not_begun" not in await ward.told(doctor)
    await ward.pass_time(minutes=2)
    for person in (doctor, expert):
        assert (await ward.told(person)).count("consultation.progress/not_begun") == 1
    assert len(await ward.told(ward.county.scheduler)) == desk_before
    await ward.pass_time(minutes=10)
    assert len(await ward.told(ward.county.scheduler)) == desk_before + 1
    await ward.pass_time(hours=5)
    assert (await ward.told(doctor)).count("consultation.progress/not_begun") == 1
    assert len(await ward.told(ward.county.scheduler)) == desk_before + 1
    assert [kind for kind in await ward.timeline(asked.consultation_id) if kind in ("begin.reminded", "desk.told_not_begun")] == [
        "begin.reminded", "desk.told_not_begun",
    ]


@pytest.mark.parametrize("how", ["begun", "cancelled"])
async def test_nobody_is_reminded_of_what_has_begun_or_is_over(ward: Ward, how: str) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    assert await pending(asked.consultation_id) == 1
    if how == "begun":
        await ward.practice.execute(ward.who(offer), BeginConsultation(consultation_id=asked.consultation_id, manner="phone"))
    else:
        order = CancelConsultation(consultation_id=asked.consultation_id, reason="已经送走")
        await ward.practice.execute(ward.county.village_doctor, order)
    assert await pending(asked.consultation_id) == 0
    await ward.pass_time(hours=1)
    assert "consultation.progress/not_begun" not in await ward.told(ward.county.village_doctor)
