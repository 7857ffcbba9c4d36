"""取药码: what the patient shows so that the drugs are handed out to him, once."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.actor import Role
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.prescriptions.commands import Dispense, PrescriptionView, Release, ReturnPrescription, Revise, View
from core.prescriptions.errors import DispenseCodeWrong, SignatureBroken
from core.prescriptions.items import Body, Item
from core.prescriptions.models import Prescription
from core.prescriptions.workflow import IllegalStep
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, add_staff, item, open_pharmacy

pytestmark = pytest.mark.storage

AMLODIPINE = item("amlodipine", "5")


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    opened = await open_pharmacy(await open_ward(practice, hearts=3))
    await opened.facts()
    return opened


async def released(pharmacy: Pharmacy, *items: Item) -> PrescriptionView:
    view = await pharmacy.sign(await pharmacy.propose(*(items or (AMLODIPINE,))))
    order = Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True)
    done: PrescriptionView = await pharmacy.give(pharmacy.pharmacist, order)
    return done


async def test_the_code_is_for_the_patient_s_side_between_release_and_dispensing(pharmacy: Pharmacy) -> None:
    signed = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    order, patient = View(prescription_id=signed.prescription_id), pharmacy.ward.county.woman_account
    assert (await pharmacy.ask(pharmacy.doctor, order)).dispense_code is None
    given = await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=signed.revision, confirm=True))
    assert given.dispense_code is None
    code = (await pharmacy.ask(patient, order)).dispense_code
    assert code
    assert (await pharmacy.ask(pharmacy.doctor, order)).dispense_code == code
    for actor in (pharmacy.pharmacist, pharmacy.expert):
        assert (await pharmacy.ask(actor, order)).dispense_code is None
    stored = await Prescription.filter(id=signed.prescription_id).values()
    assert code not in str(stored)
    assert code.replace("-", "") not in str(stored)
    await pharmacy.dispense(signed)
    assert (await pharmacy.ask(patient, order)).dispense_code is None


async def test_a_wrong_code_hands_out_nothing_a_carelessly_typed_one_does_once(pharmacy: Pharmacy) -> None:
    view = await released(pharmacy)
    code = await pharmacy.code_of(view)
    for wrong in ("0000-0000", code[:-1], f"{code}0", "取药码取药码"):
        with pytest.raises(DispenseCodeWrong):
            await pharmacy.give(pharmacy.pharmacist, Dispense(prescription_id=view.prescription_id, dispense_code=wrong))
    assert (await Prescription.get(id=view.prescription_id)).state == "RELEASED"
    typed = f" {code.lower().replace('0', 'o').replace('1', 'l')} ".replace("-", "")
    order = Dispense(prescription_id=view.prescription_id, dispense_code=typed)
    assert (await pharmacy.give(pharmacy.pharmacist, order)).state == "DISPENSED"
    with pytest.raises(IllegalStep) as refused:
        await pharmacy.give(pharmacy.pharmacist, order)
    assert "已发药" in refused.value.message
    assert code not in repr(order)
    assert code not in str(await AuditEntry.all().values())


async def test_who_handed_it_out_stands_on_it_for_patient_and_doctor(pharmacy: Pharmacy) -> None:
    view = await released(pharmacy)
    assert view.dispensed_by is None
    counter = await add_staff(pharmacy.ward, pharmacy.ward.county.county_hospital, Role.PHARMACIST, "药师", 94)
    await pharmacy.give(counter, Dispense(prescription_id=view.prescription_id, dispense_code=await pharmacy.code_of(view)))
    name = (await pharmacy.ask(counter, View(prescription_id=view.prescription_id))).dispensed_by
    assert name
    for actor in (pharmacy.ward.county.woman_account, pharmacy.doctor, pharmacy.expert):
        seen = await pharmacy.ask(actor, View(prescription_id=view.prescription_id))
        assert (seen.dispensed_by, seen.dispensed_by != seen.pharmacist) == (name, True)


async def test_each_signature_has_a_code_of_its_own(pharmacy: Pharmacy) -> None:
    first = await released(pharmacy)
    second = await released(pharmacy, item("metformin", "500"))
    other = await pharmacy.code_of(second)
    assert await pharmacy.code_of(first) != other
    with pytest.raises(DispenseCodeWrong):
        await pharmacy.give(pharmacy.pharmacist, Dispense(prescription_id=first.prescription_id, dispense_code=other))
    view = await pharmacy.sign(await pharmacy.propose(item("omeprazole", "20")))
    before = (await Prescription.get(id=view.prescription_id)).step
    await pharmacy.give(pharmacy.pharmacist, ReturnPrescription(prescription_id=view.prescription_id, revision=view.revision, reason="请核对剂量"))
    better = Revise(prescription_id=view.prescription_id, diagnosis="胃痛", items=(item("omeprazole", "20"),))
    await pharmacy.sign(await pharmacy.give(pharmacy.expert, better))
    assert (await Prescription.get(id=view.prescription_id)).step != before


async def test_what_was_altered_after_the_release_is_not_handed_out(pharmacy: Pharmacy) -> None:
    view = await released(pharmacy)
    code, row = await pharmacy.code_of(view), await Prescription.get(id=view.prescription_id)
    sealer = await pharmacy.ward.practice.keys.sealer("patient", row.patient_id)
    body = Body.model_validate_json(sealer.open("prescription", "body", row.id, bytes(row.body)))
    altered = body.model_copy(update={"items": (item("amlodipine", "10"),)})
    await Prescription.filter(id=row.id).update(body=sealer.seal("prescription", "body", row.id, altered.model_dump_json()))
    with pytest.raises(SignatureBroken):
        await pharmacy.give(pharmacy.pharmacist, Dispense(prescription_id=row.id, dispense_code=code))


async def test_two_at_once_one_hands_it_out(pharmacy: Pharmacy) -> None:
    other = await add_staff(pharmacy.ward, pharmacy.ward.county.county_hospital, Role.PHARMACIST, "药师", 7)
    view = await released(pharmacy)
    order = Dispense(prescription_id=view.prescription_id, dispense_code=await pharmacy.code_of(view))
    outcomes = await asyncio.gather(*(pharmacy.give(actor, order) for actor in (pharmacy.pharmacist, other) * 2), return_exceptions=True)
    assert sum(isinstance(one, PrescriptionView) for one in outcomes) == 1
    assert all(isinstance(one, PrescriptionView | IllegalStep) for one in outcomes), outcomes
    assert (await pharmacy.ward.timeline(pharmacy.consultation_id)).count("prescription.dispensed") == 1


async def test_two_pharmacists_at_once_what_one_returns_stays_returned(pharmacy: Pharmacy) -> None:
    """The one who objects is heard, whether the other has let it go a moment ago or not."""
    other = await add_staff(pharmacy.ward, pharmacy.ward.county.county_hospital, Role.PHARMACIST, "药师", 8)
    view = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    letting_go = Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True)
    giving_back = ReturnPrescription(prescription_id=view.prescription_id, revision=view.revision, reason="请核对剂量")
    outcomes = await asyncio.gather(
        *(pharmacy.give(actor, order) for actor, order in ((pharmacy.pharmacist, letting_go), (other, giving_back)) * 2), return_exceptions=True
    )
    held = sorted(one.state for one in outcomes if isinstance(one, PrescriptionView))
    assert all(isinstance(one, PrescriptionView | IllegalStep) for one in outcomes), outcomes
    assert held in (["RETURNED"], ["RELEASED", "RETURNED"])
    assert (await Prescription.get(id=view.prescription_id)).state == "RETURNED"
