"""The queues of pharmacist and signing doctor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.consultations.commands_opinions import GiveOpinion
from core.foundation.actor import Role
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.prescriptions import waiting
from core.prescriptions.commands import Release, ReturnPrescription
from core.prescriptions.commands_doses import AcknowledgeDose, EmergencyDoses, OrderDose
from core.prescriptions.commands_waiting import Waiting
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, add_staff, item, open_pharmacy
from tests.support.county import NUMBER_WITHOUT_WECHAT

pytestmark = pytest.mark.storage

AMLODIPINE, WARFARIN = item("amlodipine", "5"), item("warfarin", "2.5")


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    opened = await open_pharmacy(await open_ward(practice, hearts=3))
    await opened.facts()
    return opened


async def in_danger(pharmacy: Pharmacy) -> Pharmacy:
    """Another case, of the highest urgency."""
    asked = await pharmacy.ward.request("胸痛2小时 出冷汗 血压90/60 危急", number=NUMBER_WITHOUT_WECHAT)
    offer = (await pharmacy.ward.offers(asked.consultation_id))[0]
    await pharmacy.ward.accept(offer)
    pressing = replace(pharmacy, consultation_id=asked.consultation_id, expert=pharmacy.ward.who(offer))
    await pressing.give(pressing.expert, GiveOpinion(consultation_id=asked.consultation_id, advice="先稳定血压", confirm=True))
    await pressing.facts()
    return pressing


async def test_the_pharmacist_s_queue_goes_from_review_to_dispensing_to_done(pharmacy: Pharmacy) -> None:
    first = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    pharmacy.ward.clock.advance(minutes=10)
    second = await pharmacy.sign(await pharmacy.propose(item("metformin", "500")))
    await pharmacy.propose(item("loratadine", "10"))
    queue = await pharmacy.ask(pharmacy.pharmacist, Waiting())
    assert [one.code for one in queue.to_review] == [first.code, second.code]
    assert [int((queue.now - one.waiting_since).total_seconds()) // 60 for one in queue.to_review] == [10, 0]
    line = queue.to_review[0]
    assert (line.drugs, line.urgency_label, line.sex, line.age, line.signer is not None) == (("氨氯地平",), "急重", "female", "51 岁", True)

    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=first.prescription_id, revision=first.revision, confirm=True))
    giving_back = ReturnPrescription(prescription_id=second.prescription_id, revision=second.revision, reason="请核对剂量")
    await pharmacy.give(pharmacy.pharmacist, giving_back)
    other = await add_staff(pharmacy.ward, pharmacy.ward.county.county_hospital, Role.PHARMACIST, "药师", 9)
    queue = await pharmacy.ask(other, Waiting())
    assert queue.to_review == ()
    assert [one.code for one in queue.to_dispense] == [first.code]
    assert {one.code: one.state for one in queue.done_today} == {first.code: "RELEASED", second.code: "RETURNED"}
    assert all(one.pharmacist for one in queue.done_today)
    await pharmacy.dispense(first)
    pharmacy.ward.clock.advance(minutes=1)
    queue = await pharmacy.ask(other, Waiting())
    assert queue.to_dispense == ()
    assert {one.code: one.state for one in queue.done_today} == {first.code: "DISPENSED", second.code: "RETURNED"}
    pharmacy.ward.clock.advance(hours=24)
    assert (await pharmacy.ask(other, Waiting())).done_today == ()


async def test_who_has_waited_longer_stands_behind_who_is_in_danger(pharmacy: Pharmacy) -> None:
    calm = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    pharmacy.ward.clock.advance(minutes=5)
    pressing = await in_danger(pharmacy)
    urgent = await pressing.sign(await pressing.propose(AMLODIPINE))
    assert [one.code for one in (await pharmacy.ask(pharmacy.pharmacist, Waiting())).to_review] == [urgent.code, calm.code]


async def test_who_is_in_danger_stands_on_the_list_however_many_came_before(pharmacy: Pharmacy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST", 1)
    for drug, dose in (("amlodipine", "5"), ("metformin", "500"), ("loratadine", "10")):
        await pharmacy.sign(await pharmacy.propose(item(drug, dose)))
    pressing = await in_danger(pharmacy)
    urgent = await pressing.sign(await pressing.propose(AMLODIPINE))
    assert [one.code for one in (await pharmacy.ask(pharmacy.pharmacist, Waiting())).to_review] == [urgent.code]


async def test_a_dose_is_listed_until_it_has_been_looked_at(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    dose = next(one for one in (await pharmacy.ask(pharmacy.doctor, EmergencyDoses())).doses if one.code == "aspirin_chewed")
    given = await pharmacy.give(
        pharmacy.doctor, OrderDose(consultation_id=pharmacy.consultation_id, dose=dose.code, ruled_out=tuple(dose.contraindications), confirm=True)
    )
    (shown,) = (await pharmacy.ask(pharmacy.pharmacist, Waiting())).doses
    assert (shown.dose.dose_id, shown.patient, shown.age) == (given.dose_id, "李秀英(演示)", "51 岁")
    await pharmacy.give(pharmacy.pharmacist, AcknowledgeDose(dose_id=given.dose_id))
    assert (await pharmacy.ask(pharmacy.pharmacist, Waiting())).doses == ()


async def test_a_duty_doctor_sees_what_comes_from_the_clinics_below_his_house(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    near = await add_staff(ward, ward.county.township_centre, Role.DUTY_DOCTOR, "主治医师", 1)
    elsewhere = await add_staff(ward, ward.county.provincial_hospital, Role.DUTY_DOCTOR, "主任医师", 4)
    far = await add_staff(ward, ward.county.provincial_hospital, Role.PHARMACIST, "药师", 6)
    view = await pharmacy.propose(WARFARIN)
    await pharmacy.propose(AMLODIPINE)
    assert [one.code for one in (await pharmacy.ask(near, Waiting())).to_sign] == [view.code]
    assert (await pharmacy.ask(elsewhere, Waiting())).to_sign == ()
    await pharmacy.sign(view, near)
    queue = await pharmacy.ask(near, Waiting())
    assert (queue.to_sign, [one.code for one in queue.done_today]) == ((), [view.code])
    assert (await pharmacy.ask(far, Waiting())).to_review == ()
    for actor in (pharmacy.doctor, pharmacy.expert, ward.county.woman_account, ward.county.stranger, ward.county.scheduler):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(actor, Waiting())
