"""Allergies, what was handed out, the emergency dose and the call of a case, in its bundle."""

from __future__ import annotations

import pytest

from core.calls.commands import EnterCall, LeaveCall, RequestSeat
from core.fhir.checks import faults, missing_bindings
from core.fhir.validation import BundleFaulty, validate
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.prescriptions.commands import Release, ReturnPrescription, Revise, Withdraw
from core.prescriptions.commands_doses import EmergencyDoses, OrderDose
from tests.core.dispatch.ward import open_ward
from tests.core.fhir.test_everything import Json, of, read
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def bundle_for(pharmacy: Pharmacy, actor: Actor) -> Json:
    bundle = await read(pharmacy.ward, actor, pharmacy.consultation_id)
    assert faults(bundle) == ()
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert not missing_bindings(kinds - {"Practitioner", "Organization"})
    return bundle


async def test_allergies_by_list_and_in_words_and_that_there_is_none(pharmacy: Pharmacy) -> None:
    assert not of(await bundle_for(pharmacy, pharmacy.expert), "AllergyIntolerance")
    await pharmacy.facts()
    (none,) = of(await bundle_for(pharmacy, pharmacy.expert), "AllergyIntolerance")
    assert none["code"]["coding"][0]["code"] == "409137002"
    await pharmacy.facts(allergies=("penicillin",), allergy_words="海鲜")
    listed, worded = of(await bundle_for(pharmacy, pharmacy.doctor), "AllergyIntolerance")
    assert listed["code"]["coding"] == [{"system": "urn:huizhen:allergen", "code": "penicillin"}]
    assert (worded["code"], listed["category"], "category" in worded) == ({"text": "海鲜"}, ["medication"], False)
    assert listed["clinicalStatus"]["coding"][0]["code"] == "active"
    assert not of(await bundle_for(pharmacy, pharmacy.ward.county.woman_account), "AllergyIntolerance")


async def test_what_was_handed_out_refers_to_what_was_ordered_and_every_signature_stands(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5"), item("metformin", "500", 2)))
    assert not of(await bundle_for(pharmacy, pharmacy.doctor), "MedicationDispense")
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))
    await pharmacy.dispense(view)
    patient = pharmacy.ward.county.woman_account
    for actor in (pharmacy.doctor, patient):
        bundle = await bundle_for(pharmacy, actor)
        requests, given = of(bundle, "MedicationRequest"), of(bundle, "MedicationDispense")
        assert [one["status"] for one in (*requests, *given)] == ["completed"] * 4
        assert [one["authorizingPrescription"][0]["reference"] for one in given] == [f"MedicationRequest/{one['id']}" for one in requests]
        assert [one["quantity"] for one in given] == [one["dispenseRequest"]["quantity"] for one in requests]
        assert requests[0]["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["code"] == "mg"
        signed = [one for one in of(bundle, "Provenance") if one["target"][0]["type"] == "MedicationRequest"]
        assert [len(one["target"]) for one in signed] == [2, 2]
        assert len({one["agent"][0]["who"]["reference"] for one in signed}) == 2


async def test_what_is_taken_back_after_its_release_is_held_and_what_is_withdrawn_cancelled(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    given_back = ReturnPrescription(prescription_id=view.prescription_id, revision=1, reason="请核对剂量")
    for released, status in ((False, "draft"), (True, "on-hold")):
        if released:
            await pharmacy.sign(await pharmacy.give(
                pharmacy.expert, Revise(prescription_id=view.prescription_id, diagnosis="高血压", items=(item("amlodipine", "5"),))
            ))
            await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=2, confirm=True))
            given_back = given_back.model_copy(update={"revision": 2})
        await pharmacy.give(pharmacy.pharmacist, given_back)
        assert [one["status"] for one in of(await bundle_for(pharmacy, pharmacy.doctor), "MedicationRequest")] == [status]
        assert not of(await bundle_for(pharmacy, pharmacy.ward.county.woman_account), "MedicationRequest")
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=view.prescription_id, reason="改用别的"))
    assert [one["status"] for one in of(await bundle_for(pharmacy, pharmacy.doctor), "MedicationRequest")] == ["cancelled"]


async def test_an_emergency_dose_is_an_order_of_its_own(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    await pharmacy.decide()
    shown = await pharmacy.ask(pharmacy.doctor, EmergencyDoses())
    dose = next(one for one in shown.doses if one.code == "aspirin_chewed")
    ruled_out = tuple(dose.contraindications)
    await pharmacy.give(pharmacy.doctor, OrderDose(consultation_id=pharmacy.consultation_id, dose=dose.code, ruled_out=ruled_out, confirm=True))
    bundle = await bundle_for(pharmacy, pharmacy.expert)
    (request,) = of(bundle, "MedicationRequest")
    assert (request["status"], request["intent"], request["priority"]) == ("active", "order", "stat")
    assert request["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"] == {
        "value": 300.0, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg",
    }
    assert request["supportingInformation"][0]["reference"] == f"Task/{of(bundle, 'Task')[0]['id']}"
    assert "主动脉夹层" in request["note"][0]["text"]
    assert f"MedicationRequest/{request['id']}" in [one["target"][0]["reference"] for one in of(bundle, "Provenance")]
    assert not of(await bundle_for(pharmacy, pharmacy.ward.county.woman_account), "MedicationRequest")


async def test_a_call_is_a_part_of_the_encounter_with_who_was_in_it(pharmacy: Pharmacy) -> None:
    practice, clock = pharmacy.ward.practice, pharmacy.ward.clock
    entered = {}
    for seat, actor in (("patient", pharmacy.ward.county.woman_account), ("expert", pharmacy.expert)):
        ticket = await practice.execute(actor, RequestSeat(consultation_id=pharmacy.consultation_id))
        entered[seat] = await practice.execute(actor, EnterCall(ticket=ticket.ticket))
    clock.advance(minutes=12)
    await practice.execute(pharmacy.expert, LeaveCall(attendance_id=entered["expert"].attendance_id))
    bundle = await bundle_for(pharmacy, pharmacy.doctor)
    main, call = of(bundle, "Encounter")
    assert (main["id"], call["partOf"]["reference"]) == (pharmacy.consultation_id, f"Encounter/{pharmacy.consultation_id}")
    assert [(entry["resource"]["id"], entry["search"]["mode"]) for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Encounter"] == [
        (main["id"], "match"), (call["id"], "include"),
    ]
    assert (call["status"], main["status"]) == ("in-progress", "in-progress")
    patient, expert = call["participant"]
    assert ("individual" in patient, "end" in patient["period"]) == (False, False)
    assert expert["individual"]["type"] == "Practitioner"
    assert expert["period"]["end"] > expert["period"]["start"]


async def test_codes_in_lists_are_held_to_their_list_too(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    for spoil in ({"category": ["medication", "weather"]}, {"clinicalStatus": {"coding": [{"system": "s", "code": "bogus"}]}}):
        bundle = await bundle_for(pharmacy, pharmacy.doctor)
        of(bundle, "AllergyIntolerance")[0].update(spoil)
        with pytest.raises(BundleFaulty) as found:
            validate(bundle)
        assert "not a code of its list" in "; ".join(found.value.places)
