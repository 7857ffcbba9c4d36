"""A prescription that was signed, or lies ready, is stopped: by the pharmacist who takes the release back, by who prescribed or signed it."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.actor import Role
from core.foundation.due import tick
from core.foundation.errors import NotAllowed
from core.foundation.models import DueWork
from core.foundation.practice import Practice
from core.prescriptions.commands import Dispense, PrescriptionView, Release, ReturnPrescription, Revise, View, Withdraw
from core.prescriptions.commands_lists import Stages
from core.prescriptions.errors import NotProposerOrSigner, PrescriptionUnknown
from core.prescriptions.models import Prescription
from core.prescriptions.workflow import IllegalStep
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, add_staff, item, open_pharmacy

pytestmark = pytest.mark.storage

AMLODIPINE, WARFARIN = item("amlodipine", "5"), item("warfarin", "2.5")


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    opened = await open_pharmacy(await open_ward(practice, hearts=3))
    await opened.facts()
    return opened


async def ready(pharmacy: Pharmacy, signed: PrescriptionView | None = None) -> PrescriptionView:
    signed = signed or await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    order = Release(prescription_id=signed.prescription_id, revision=signed.revision, overrides_seen=True, confirm=True)
    view: PrescriptionView = await pharmacy.give(pharmacy.pharmacist, order)
    return view


async def stages(pharmacy: Pharmacy) -> list[tuple[str, bool]]:
    found = await pharmacy.ask(pharmacy.ward.county.woman_account, Stages())
    return [(one.stage_label, one.readable) for one in found.prescriptions]


async def test_the_pharmacist_takes_the_release_back_and_it_is_changed_signed_and_released_anew(pharmacy: Pharmacy) -> None:
    ward, patient = pharmacy.ward, pharmacy.ward.county.woman_account
    view = await ready(pharmacy)
    code = await pharmacy.code_of(view)
    back = ReturnPrescription(prescription_id=view.prescription_id, revision=1, reason="患者说对它过敏")
    returned = await pharmacy.give(pharmacy.pharmacist, back)
    assert (returned.state, returned.return_reason) == ("RETURNED", "患者说对它过敏")
    assert "prescription.stopped" in await ward.told(patient)
    for told in (pharmacy.expert, pharmacy.doctor):
        assert "prescription.returned" in await ward.told(told)
    assert await stages(pharmacy) == [("医生在改", False)]
    with pytest.raises(PrescriptionUnknown):
        await pharmacy.ask(patient, View(prescription_id=view.prescription_id))
    with pytest.raises(IllegalStep):
        await pharmacy.give(pharmacy.pharmacist, Dispense(prescription_id=view.prescription_id, dispense_code=code))
    assert not await DueWork.filter(kind="prescription.expire", ref=view.prescription_id, state="pending").exists()

    order = Revise(prescription_id=view.prescription_id, diagnosis="高血压", items=(item("losartan", "50"),))
    again = await ready(pharmacy, await pharmacy.sign(await pharmacy.give(pharmacy.expert, order)))
    assert await pharmacy.code_of(again) != code
    assert (await pharmacy.dispense(again)).state == "DISPENSED"


async def test_what_was_never_released_says_nothing_to_the_patient(pharmacy: Pharmacy) -> None:
    signed = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    await pharmacy.give(pharmacy.pharmacist, ReturnPrescription(prescription_id=signed.prescription_id, revision=1, reason="请核对剂量"))
    other = await pharmacy.sign(await pharmacy.propose(item("metformin", "500")))
    await pharmacy.give(pharmacy.doctor, Withdraw(prescription_id=other.prescription_id, reason="病人已转院"))
    assert "prescription.stopped" not in await pharmacy.ward.told(pharmacy.ward.county.woman_account)
    assert await stages(pharmacy) == [("医生在改", False)]


@pytest.mark.parametrize("who", ["expert", "doctor"])
async def test_who_prescribed_and_who_signed_withdraw_what_lies_ready(pharmacy: Pharmacy, who: str) -> None:
    ward, patient = pharmacy.ward, pharmacy.ward.county.woman_account
    view = await ready(pharmacy)
    code, actor = await pharmacy.code_of(view), getattr(pharmacy, who)
    assert (await pharmacy.ask(actor, View(prescription_id=view.prescription_id))).withdrawable
    withdrawn = await pharmacy.give(actor, Withdraw(prescription_id=view.prescription_id, reason="血压突然很低"))
    assert (withdrawn.state, withdrawn.withdrawable) == ("WITHDRAWN", False)
    assert "prescription.stopped" in await ward.told(patient)
    assert "prescription.withdrawn" in await ward.told(pharmacy.pharmacist)
    assert "prescription.withdrawn" in await ward.told(pharmacy.doctor if who == "expert" else pharmacy.expert)
    assert await stages(pharmacy) == [("已撤回", False)]
    with pytest.raises(IllegalStep):
        await pharmacy.give(pharmacy.pharmacist, Dispense(prescription_id=view.prescription_id, dispense_code=code))
    ward.clock.advance(days=4)
    while (await tick(ward.practice)).more:
        pass
    assert (await Prescription.get(id=view.prescription_id)).state == "WITHDRAWN"


async def test_what_waits_for_the_pharmacist_is_withdrawn_and_leaves_his_list(pharmacy: Pharmacy) -> None:
    signed = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    assert "prescription.closed" not in await pharmacy.ward.told(pharmacy.pharmacist)
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=signed.prescription_id, reason="改用别的"))
    assert "prescription.closed" in await pharmacy.ward.told(pharmacy.pharmacist)


async def test_only_who_prescribed_or_signed_withdraws_after_the_signature(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    near = await add_staff(ward, ward.county.township_centre, Role.DUTY_DOCTOR, "主治医师", 1)
    colleague = await add_staff(ward, ward.county.township_centre, Role.DUTY_DOCTOR, "主治医师", 2)
    view = await ready(pharmacy, await pharmacy.sign(await pharmacy.propose(WARFARIN), near))
    order = Withdraw(prescription_id=view.prescription_id, reason="凝血没有查")
    for actor in (pharmacy.doctor, colleague):
        assert not (await pharmacy.ask(actor, View(prescription_id=view.prescription_id))).withdrawable
        with pytest.raises(NotProposerOrSigner):
            await pharmacy.give(actor, order)
    for actor in (pharmacy.pharmacist, ward.county.woman_account):
        with pytest.raises(NotAllowed):
            await pharmacy.give(actor, order)
    assert (await pharmacy.give(near, order)).state == "WITHDRAWN"
    for told in (pharmacy.expert, pharmacy.doctor, pharmacy.pharmacist):
        assert "prescription.withdrawn" in await ward.told(told)


async def test_handed_out_taken_back_and_withdrawn_at_once_one_holds(pharmacy: Pharmacy) -> None:
    view = await ready(pharmacy)
    orders = (
        (pharmacy.pharmacist, Dispense(prescription_id=view.prescription_id, dispense_code=await pharmacy.code_of(view))),
        (pharmacy.pharmacist, ReturnPrescription(prescription_id=view.prescription_id, revision=1, reason="请核对剂量")),
        (pharmacy.expert, Withdraw(prescription_id=view.prescription_id, reason="改用别的")),
        (pharmacy.doctor, Withdraw(prescription_id=view.prescription_id, reason="病人已转院")),
    )
    outcomes = await asyncio.gather(*(pharmacy.give(actor, order) for actor, order in orders), return_exceptions=True)
    held = [one for one in outcomes if isinstance(one, PrescriptionView)]
    assert all(isinstance(one, PrescriptionView | IllegalStep) for one in outcomes), outcomes
    # What was returned may still be withdrawn; whatever was handed out stays so.
    assert [one.state for one in held] in (["DISPENSED"], ["WITHDRAWN"], ["RETURNED"], ["RETURNED", "WITHDRAWN"])
    final = (await Prescription.get(id=view.prescription_id)).state
    assert final in {one.state for one in held}
    assert (final == "DISPENSED") == any(one.state == "DISPENSED" for one in held)
