"""A consultation that waits for patient, consent or material does not hang silently."""

from __future__ import annotations

import pytest

from core.consultations.commands import AttachConsent, CancelConsultation, ConfirmPatient, WaiveMaterial
from core.foundation.models import DueWork
from core.people.models import RoleHeld
from tests.core.dispatch.ward import CRITICAL, ROUTINE, URGENT, Ward

pytestmark = pytest.mark.storage


async def pending(consultation_id: str) -> int:
    return await DueWork.filter(kind="consultations.waiting", ref=consultation_id, state="pending").count()


async def reminders(ward: Ward) -> int:
    """How often the village doctor was shown what is missing, after the first time."""
    return (await ward.told(ward.county.village_doctor)).count("consultation.todo") - 1


async def test_an_urgent_one_is_reminded_three_times_and_then_the_desk_is_told_once(ward: Ward) -> None:
    answer = await ward.request(URGENT)
    await ward.pass_time(minutes=9)
    assert await reminders(ward) == 0
    for count in (1, 2, 3):
        await ward.pass_time(minutes=1 if count == 1 else 10)
        assert await reminders(ward) == count
        assert await ward.told(ward.county.scheduler) == []
    await ward.pass_time(minutes=10)
    assert await ward.told(ward.county.scheduler) == ["desk.called"]
    await ward.pass_time(days=2)
    assert await reminders(ward) == 3
    assert await ward.told(ward.county.scheduler) == ["desk.called"]
    assert await ward.timeline(answer.consultation_id) == ["requested", *["requirements.reminded"] * 3, "desk.told_of_waiting"]
    assert (await ward.row(answer.consultation_id)).state == "DRAFT"


async def test_a_routine_one_is_reminded_after_four_hours_of_working_time(ward: Ward) -> None:
    ward.clock.advance(hours=6)  # 16:00: two hours are left of this day.
    await ward.request(ROUTINE)
    await ward.pass_time(hours=15, minutes=59)
    assert await reminders(ward) == 0
    await ward.pass_time(hours=2, minutes=2)  # 10:01 the next day
    assert await reminders(ward) == 1
    await ward.pass_time(hours=4)
    assert await reminders(ward) == 2


@pytest.mark.parametrize("how", ["complete", "cancelled"])
async def test_nobody_is_reminded_of_what_is_complete_or_cancelled(ward: Ward, how: str) -> None:
    answer = await ward.request(URGENT)
    doctor, row = ward.county.village_doctor, await ward.row(answer.consultation_id)
    await ward.pass_time(minutes=11)
    assert await pending(row.id) == 1
    if how == "cancelled":
        await ward.practice.execute(doctor, CancelConsultation(consultation_id=row.id, reason="好多了"))
    else:
        blob = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", row.patient_id, b"\xff\xd8 paper")
        await ward.practice.execute(doctor, ConfirmPatient(consultation_id=row.id))
        await ward.practice.execute(
            doctor, AttachConsent(consultation_id=row.id, blob_id=blob.id, media_type="image/jpeg", size=blob.size, sha256=blob.sha256)
        )
        assert await pending(row.id) == 1
        await ward.practice.execute(doctor, WaiveMaterial(consultation_id=row.id))
    assert await pending(row.id) == 0
    await ward.pass_time(hours=2)
    assert await reminders(ward) == 1
    assert "desk.told_of_waiting" not in await ward.timeline(row.id)


async def test_an_emergency_does_not_wait(ward: Ward) -> None:
    assert await pending((await ward.request(CRITICAL)).consultation_id) == 0


async def test_without_a_desk_the_administrator_is_told_and_without_anybody_it_is_tried_again(ward: Ward) -> None:
    answer = await ward.request(URGENT)
    await RoleHeld.filter(role__in=("scheduler", "administrator")).update(ended_at=ward.clock.now())
    await ward.pass_time(minutes=10)
    for _ in range(4):
        await ward.pass_time(minutes=10)
    assert await pending(answer.consultation_id) == 1
    assert (await ward.timeline(answer.consultation_id)).count("requirements.reminded") == 3
    await RoleHeld.filter(role="administrator").update(ended_at=None)
    await ward.pass_time(minutes=10)
    assert await ward.told(ward.county.administrator) == ["desk.called"]
    assert (await ward.timeline(answer.consultation_id))[-1] == "desk.told_of_waiting"
    assert await pending(answer.consultation_id) == 0
