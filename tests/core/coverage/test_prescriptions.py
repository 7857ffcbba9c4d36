"""From a released prescription to what the patient pays: the quote, the claim when the drugs are handed out, and the case in FHIR."""

from __future__ import annotations

from datetime import date

import pytest

from core.coverage.commands import Claims, EnrolMember, QuotePrescription, QuoteView, RecordMembership
from core.fhir.checks import faults
from core.fhir.commands import Everything
from core.foundation.errors import NotAllowed
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.prescriptions.commands import PrescriptionView, Release
from core.prescriptions.errors import PrescriptionUnknown
from core.prescriptions.items import Item
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage

LONG = (item("valsartan", "80", days=84), item("gliclazide", "30", days=84), item("acarbose", "50", times=3, days=84))
"""6, 3 and 9 packs: 112.80, 67.50 and 130.50."""


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def insure(pharmacy: Pharmacy) -> None:
    patient = pharmacy.ward.county.woman
    await pharmacy.give(
        SYSTEM, EnrolMember(scheme="residents", member_number="GZ520000112233", valid_from=date(2026, 1, 1), valid_until=date(2027, 12, 31))
    )
    await pharmacy.give(SYSTEM, RecordMembership(patient_id=patient, scheme="residents", member_number="GZ520000112233"))


async def released(pharmacy: Pharmacy, *items: Item) -> PrescriptionView:
    await pharmacy.facts()
    view = await pharmacy.propose(*items)
    reasons = {one.key: "病情稳定,交通不便,经评估" for one in view.findings if one.action == "W"}
    signed = await pharmacy.sign(view, **reasons)
    order = Release(prescription_id=signed.prescription_id, revision=signed.revision, overrides_seen=True, confirm=True)
    told: PrescriptionView = await pharmacy.give(pharmacy.pharmacist, order)
    return told


async def quoted(pharmacy: Pharmacy, view: PrescriptionView) -> QuoteView:
    told: QuoteView = await pharmacy.ask(pharmacy.ward.county.woman_account, QuotePrescription(prescription_id=view.prescription_id))
    return told


async def work_off(pharmacy: Pharmacy) -> None:
    pharmacy.ward.clock.advance(seconds=61)
    worker = OutboxWorker(pharmacy.ward.practice, "send", "test")
    while await worker.work_once():
        pass


async def test_the_patient_is_told_what_is_paid_and_why_one_drug_is_not(pharmacy: Pharmacy) -> None:
    await insure(pharmacy)
    view = await released(pharmacy, item("amlodipine", "5"), item("liquorice", "300", times=3, days=3))
    told = await quoted(pharmacy, view)
    assert [(line.name, line.fee_fen, line.pays_fen) for line in told.lines] == [("氨氯地平", 1260, 882), ("甘草片", 580, 0)]
    assert told.lines[1].reason == "这个药不在医保目录内,由您自付。"
    assert told.reason == "按城乡居民医保(演示)计算:共 18.40 元,医保报 8.82 元,您付 9.58 元。"
    assert told.fee_fen == view.fee_fen


async def test_many_drugs_meet_the_cap_and_are_claimed_once_when_handed_out(pharmacy: Pharmacy) -> None:
    await insure(pharmacy)
    view = await released(pharmacy, *LONG)
    told = await quoted(pharmacy, view)
    assert (told.fee_fen, told.pays_fen, told.own_fen) == (310_80, 200_00, 110_80)
    await work_off(pharmacy)
    patient = pharmacy.ward.county.woman
    assert not (await pharmacy.ask(pharmacy.ward.county.woman_account, Claims(patient_id=patient))).claims
    await pharmacy.dispense(view)
    for _ in range(3):
        await work_off(pharmacy)
    (claim,) = (await pharmacy.ask(pharmacy.ward.county.woman_account, Claims(patient_id=patient))).claims
    assert (claim.state, claim.ref, claim.pays_fen, claim.consultation_id) == ("settled", view.prescription_id, 200_00, pharmacy.consultation_id)


async def test_without_insurance_nothing_is_claimed_and_the_quote_says_why(pharmacy: Pharmacy) -> None:
    view = await released(pharmacy, item("amlodipine", "5"))
    told = await quoted(pharmacy, view)
    assert (told.pays_fen, told.own_fen) == (0, 1260)
    assert "没有登记医保" in told.reason
    await pharmacy.dispense(view)
    await work_off(pharmacy)
    assert not (await pharmacy.ask(pharmacy.ward.county.woman_account, Claims(patient_id=pharmacy.ward.county.woman))).claims


async def test_the_patient_asks_once_it_is_released_and_a_stranger_never(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.propose(item("amlodipine", "5"))
    with pytest.raises(PrescriptionUnknown):
        await quoted(pharmacy, view)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(pharmacy.ward.county.stranger, QuotePrescription(prescription_id=view.prescription_id))
    assert (await pharmacy.ask(pharmacy.doctor, QuotePrescription(prescription_id=view.prescription_id))).fee_fen == 1260


async def test_the_prescription_stands_in_the_case(pharmacy: Pharmacy) -> None:
    await insure(pharmacy)
    proposed = await pharmacy.propose(item("amlodipine", "5", days=7))
    county = pharmacy.ward.county

    async def requests(actor):  # type: ignore[no-untyped-def]
        bundle = (await pharmacy.ask(actor, Everything(consultation_id=pharmacy.consultation_id))).bundle
        assert faults(bundle) == ()
        return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "MedicationRequest"]

    (draft,) = await requests(pharmacy.doctor)
    assert (draft["status"], draft["intent"]) == ("draft", "proposal")
    assert await requests(county.woman_account) == []
    await pharmacy.facts()
    signed = await pharmacy.sign(proposed)
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=signed.revision, confirm=True))
    (active,) = await requests(county.woman_account)
    assert (active["status"], active["intent"], active["groupIdentifier"]["value"]) == ("active", "order", signed.code)
    dose = active["dosageInstruction"][0]
    assert dose["doseAndRate"][0]["doseQuantity"] == {"value": 5.0, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    assert dose["timing"]["repeat"]["frequency"] == 1
