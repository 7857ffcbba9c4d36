"""From the proposal to the drugs in hand: blocked, warned, referred, returned, released; two at once; who may see what."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from core.foundation.actor import HeldRole, Role
from core.foundation.errors import Conflict, NotAllowed, RoleWithheld
from core.foundation.models import AuditEntry, DueWork, Signature
from core.foundation.practice import Practice
from core.foundation.rule_signing import SignRules
from core.foundation.signing_keys import SignatureNotConfirmed
from core.intake.errors import RulesUnsigned
from core.notifications.commands import StopReminders
from core.notifications.models import Notification
from core.prescriptions.commands import Check, Dispense, PrescriptionView, Propose, Refer, Release, ReturnPrescription, Revise, Sign, View, Withdraw
from core.prescriptions.commands_drugs import Drugs
from core.prescriptions.commands_facts import ReadFacts
from core.prescriptions.commands_lists import Mine
from core.prescriptions.errors import (
    AlreadyProposed,
    FactUnknown,
    FourEyes,
    OutsideLicence,
    OverridesNotSeen,
    PrescriptionBlocked,
    PrescriptionUnknown,
    ReasonMissing,
    SignatureBroken,
)
from core.prescriptions.items import Body, Facts
from core.prescriptions.models import Prescription, SafetyFacts
from core.prescriptions.service import items_of, rule_sets
from core.prescriptions.signing import RevisionReplaced
from core.prescriptions.workflow import IllegalStep, NotYourStep
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, add_staff, item, open_pharmacy
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage

AMLODIPINE = item("amlodipine", "5")


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def test_the_whole_way_to_the_drugs_in_hand(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.propose(AMLODIPINE, item("metformin", "500", times=2))
    ward, patient = pharmacy.ward, pharmacy.ward.county.woman_account
    assert (view.state, view.findings, view.signature_valid) == ("PROPOSED", (), None)
    assert [(one.packs, one.fee_fen, one.coverage) for one in view.items] == [(1, 1260, "甲"), (1, 780, "甲")]
    assert "prescription.to_sign" in await ward.told(pharmacy.doctor)
    with pytest.raises(SignatureNotConfirmed):
        await pharmacy.give(pharmacy.doctor, Sign(prescription_id=view.prescription_id, revision=1))

    signed = await pharmacy.sign(view)
    assert (signed.state, signed.signature_valid) == ("SIGNED", True)
    assert "prescription.to_review" in await ward.told(pharmacy.pharmacist)
    with pytest.raises(PrescriptionUnknown):
        await pharmacy.ask(patient, View(prescription_id=view.prescription_id))
    with pytest.raises(IllegalStep):
        await pharmacy.give(pharmacy.pharmacist, Dispense(prescription_id=view.prescription_id, dispense_code="0000-0000"))

    released = await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))
    assert released.state == "RELEASED"
    assert "prescription.ready" in await ward.told(patient)
    assert "prescription.released" in await ward.told(pharmacy.doctor)
    seen = await pharmacy.ask(patient, View(prescription_id=view.prescription_id))
    assert seen.signature_valid
    assert seen.fee_fen == 2040
    assert [one.prescription_id for one in (await pharmacy.ask(patient, Mine())).prescriptions] == [view.prescription_id]
    done = await pharmacy.dispense(view)
    assert done.state == "DISPENSED"
    kinds = [kind for kind in await ward.timeline(pharmacy.consultation_id) if kind.startswith("prescription.")]
    assert kinds == ["prescription.proposed", "prescription.signed", "prescription.released", "prescription.dispensed"]
    assert await AuditEntry.filter(action="prescriptions.sign", outcome="done", subject_id=ward.county.woman).count() == 1
    assert {one.kind for one in await Signature.filter(subject_id=view.prescription_id)} == {"prescription", "review"}
    await ward.pass_time(days=4)
    assert (await Prescription.get(id=view.prescription_id)).state == "DISPENSED"


async def test_the_same_drugs_proposed_twice_at_once_are_one_prescription(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    order = Propose(
        consultation_id=pharmacy.consultation_id, diagnosis="高血压", items=(AMLODIPINE, item("metformin", "500", times=2)), note="两周后复诊",
    )
    swapped = order.model_copy(update={"items": order.items[::-1], "note": ""})
    outcomes = await asyncio.gather(*(pharmacy.give(pharmacy.expert, one) for one in (order, swapped) * 2), return_exceptions=True)
    (made,) = [one for one in outcomes if isinstance(one, PrescriptionView)]
    assert [type(one) for one in outcomes].count(AlreadyProposed) == 3, outcomes
    for again in (order, swapped):
        with pytest.raises(AlreadyProposed) as refused:
            await pharmacy.give(pharmacy.expert, again)
        assert (refused.value.fields["code"], refused.value.fields["prescription_id"]) == (made.code, made.prescription_id)
        assert made.code in refused.value.message
    assert await Prescription.all().count() == 1
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=made.prescription_id, reason="改用别的"))
    assert (await pharmacy.give(pharmacy.expert, order)).code != made.code


async def test_simvastatin_with_clarithromycin_cannot_be_signed_by_anybody(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.propose(item("simvastatin", "20"), item("clarithromycin", "250", times=2))
    blocked = next(one for one in view.findings if one.action == "B")
    assert (blocked.key, blocked.source) == ("statin_3a4_strong:clarithromycin+simvastatin", "S50")
    for reasons in ({}, {one.key: "我知道风险" for one in view.findings}):
        with pytest.raises(PrescriptionBlocked) as refused:
            await pharmacy.sign(view, **reasons)
        assert "横纹肌溶解" in refused.value.message
        assert blocked in refused.value.fields["findings"]
    await pharmacy.give(pharmacy.doctor, Refer(prescription_id=view.prescription_id))
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.sign(view, pharmacy.ward.county.duty_doctor)
    assert await Signature.filter(kind="prescription").count() == 0
    assert (await Prescription.get(id=view.prescription_id)).state == "REFERRED"


async def test_the_block_also_holds_for_what_the_patient_takes_already(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(current=("simvastatin",))
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.sign(await pharmacy.propose(item("clarithromycin", "250", times=2)))


async def test_a_soft_warning_is_signed_with_its_reason_and_the_pharmacist_reads_it(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(systolic=96)
    view = await pharmacy.propose(AMLODIPINE)
    key = "low_pressure_warn:amlodipine"
    assert [(one.key, one.action) for one in view.findings] == [(key, "W")]
    with pytest.raises(ReasonMissing) as refused:
        await pharmacy.sign(view, other="不相干")
    assert refused.value.fields["keys"] == [key]
    signed = await pharmacy.sign(view, **{key: "今早刚服过药,平时 150 以上,先减半观察"})
    assert [one.reason for one in signed.overrides] == ["今早刚服过药,平时 150 以上,先减半观察"]
    with pytest.raises(OverridesNotSeen):
        await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))
    order = Release(prescription_id=view.prescription_id, revision=view.revision, overrides_seen=True, confirm=True)
    released = await pharmacy.give(pharmacy.pharmacist, order)
    assert released.state == "RELEASED"
    patients = await pharmacy.ask(pharmacy.ward.county.woman_account, View(prescription_id=view.prescription_id))
    assert (patients.findings, patients.overrides) == ((), ())


async def test_what_becomes_known_after_the_signature_stops_the_release(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(item("amoxicillin", "500", times=3)))
    await pharmacy.facts(allergies=("penicillin",))
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))


async def test_returned_with_a_reason_revised_and_signed_again(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    giving_back = ReturnPrescription(prescription_id=view.prescription_id, revision=view.revision, reason="已在用同类药,请核对")
    returned = await pharmacy.give(pharmacy.pharmacist, giving_back)
    assert (returned.state, returned.return_reason) == ("RETURNED", "已在用同类药,请核对")
    assert "prescription.returned" in await pharmacy.ward.told(pharmacy.expert)
    assert "同类药".encode() not in bytes((await Prescription.get(id=view.prescription_id)).return_reason or b"")
    with pytest.raises(IllegalStep):
        await pharmacy.sign(view)
    order = Revise(prescription_id=view.prescription_id, diagnosis="高血压", items=(item("losartan", "50"),))
    revised = await pharmacy.give(pharmacy.expert, order)
    assert (revised.state, revised.revision, revised.signer, revised.return_reason) == ("PROPOSED", 2, None, None)
    with pytest.raises(RevisionReplaced):
        await pharmacy.give(pharmacy.doctor, Sign(prescription_id=view.prescription_id, revision=1, confirm=True))
    again = await pharmacy.sign(revised)
    assert again.signature_valid
    assert await Signature.filter(kind="prescription").count() == 2


async def test_what_was_read_before_a_revision_is_neither_released_nor_returned(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    read = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    await pharmacy.give(pharmacy.pharmacist, ReturnPrescription(prescription_id=read.prescription_id, revision=1, reason="剂量请再核对"))
    order = Revise(prescription_id=read.prescription_id, diagnosis="高血压", items=(item("losartan", "50"),))
    await pharmacy.sign(await pharmacy.give(pharmacy.expert, order))
    for late in (
        Release(prescription_id=read.prescription_id, revision=read.revision, confirm=True),
        ReturnPrescription(prescription_id=read.prescription_id, revision=read.revision, reason="请核对"),
    ):
        with pytest.raises(RevisionReplaced) as refused:
            await pharmacy.give(pharmacy.pharmacist, late)
        assert "第 2 版" in refused.value.message
    assert (await Prescription.get(id=read.prescription_id)).state == "SIGNED"
    released = await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=read.prescription_id, revision=2, confirm=True))
    assert released.state == "RELEASED"


async def test_beyond_the_village_list_the_township_duty_doctor_is_asked(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    near = await add_staff(ward, ward.county.township_centre, Role.DUTY_DOCTOR, "主治医师", 1)
    await pharmacy.facts()
    view = await pharmacy.propose(item("warfarin", "2.5"))
    assert view.state == "REFERRED"
    assert view.beyond_village == ("华法林钠不在村医可开目录",)
    assert "prescription.referred" in await ward.told(pharmacy.doctor)
    assert "prescription.to_sign" in await ward.told(near)
    assert "prescription.to_sign" not in await ward.told(ward.county.duty_doctor)
    with pytest.raises(NotYourStep):
        await pharmacy.sign(view)
    assert [one.code for one in (await pharmacy.ask(near, Mine())).prescriptions] == [view.code]
    assert (await pharmacy.sign(view, near)).state == "SIGNED"


async def test_licences_are_looked_at(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    expired = await add_staff(ward, ward.county.township_centre, Role.DUTY_DOCTOR, "主治医师", 2, licence_valid_until=date(2026, 11, 19))
    junior = await add_staff(ward, ward.county.township_centre, Role.DUTY_DOCTOR, "住院医师", 3)
    elsewhere = await add_staff(ward, ward.county.provincial_hospital, Role.DUTY_DOCTOR, "主任医师", 4)
    await pharmacy.facts()
    view = await pharmacy.propose(item("moxifloxacin", "400", days=5))
    with pytest.raises(RoleWithheld) as refused:
        await pharmacy.sign(view, expired)
    assert refused.value.message == "执业证书已过期,请联系管理员。"
    with pytest.raises(OutsideLicence):
        await pharmacy.sign(view, junior)
    with pytest.raises(NotAllowed):
        await pharmacy.sign(view, elsewhere)


async def test_an_altered_dose_fails_the_signature(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    row = await Prescription.get(id=view.prescription_id)
    sealer = await pharmacy.ward.practice.keys.sealer("patient", row.patient_id)
    body = Body.model_validate_json(sealer.open("prescription", "body", row.id, bytes(row.body)))
    altered = body.model_copy(update={"items": (item("amlodipine", "10"),)})
    await Prescription.filter(id=row.id).update(body=sealer.seal("prescription", "body", row.id, altered.model_dump_json()))
    assert (await pharmacy.ask(pharmacy.pharmacist, View(prescription_id=row.id))).signature_valid is False
    with pytest.raises(SignatureBroken):
        await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=row.id, revision=1, confirm=True))


async def test_two_pharmacists_at_once_one_releases(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    other = await add_staff(ward, ward.county.county_hospital, Role.PHARMACIST, "主管药师", 5)
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    order = Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True)
    outcomes = await asyncio.gather(*(pharmacy.give(actor, order) for actor in (pharmacy.pharmacist, other) * 2), return_exceptions=True)
    assert sum(isinstance(one, PrescriptionView) for one in outcomes) == 1
    assert all(isinstance(one, PrescriptionView | IllegalStep) for one in outcomes), outcomes
    assert await Signature.filter(kind="review").count() == 1
    assert (await ward.timeline(pharmacy.consultation_id)).count("prescription.released") == 1


async def test_release_and_return_at_once_end_with_the_return(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    orders = (
        Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True),
        ReturnPrescription(prescription_id=view.prescription_id, revision=view.revision, reason="请核对"),
    )
    outcomes = await asyncio.gather(*(pharmacy.give(pharmacy.pharmacist, one) for one in orders), return_exceptions=True)
    assert isinstance(outcomes[1], PrescriptionView)
    assert isinstance(outcomes[0], PrescriptionView | IllegalStep)
    assert (await Prescription.get(id=view.prescription_id)).state == "RETURNED"


async def test_signed_twice_at_once_it_has_one_signature(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.propose(AMLODIPINE)
    outcomes = await asyncio.gather(*(pharmacy.sign(view) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, PrescriptionView) for one in outcomes) == 1
    assert all(isinstance(one, PrescriptionView | Conflict) for one in outcomes), outcomes
    assert await Signature.filter(kind="prescription").count() == 1
    assert await DueWork.filter(kind="prescription.expire", state="pending").count() == 1


async def test_three_days_after_the_signature_it_is_worth_nothing(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    await pharmacy.ward.pass_time(days=2, hours=23)
    assert (await Prescription.get(id=view.prescription_id)).state == "SIGNED"
    await pharmacy.ward.pass_time(hours=2)
    assert (await Prescription.get(id=view.prescription_id)).state == "EXPIRED"
    with pytest.raises(IllegalStep):
        await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))


async def test_clinical_columns_lie_sealed(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(conditions=("asthma",), allergy_words="花生")
    view = await pharmacy.propose(AMLODIPINE)
    row, facts = await Prescription.get(id=view.prescription_id), await SafetyFacts.get(patient_id=pharmacy.ward.county.woman)
    for words in (b"amlodipine", "高血压".encode()):
        assert words not in bytes(row.body)
    for words in (b"asthma", "花生".encode()):
        assert words not in bytes(facts.body)


async def test_facts_are_replaced_checked_and_completed_from_the_consultation(pharmacy: Pharmacy) -> None:
    with pytest.raises(FactUnknown):
        await pharmacy.facts(allergies=("dragons",))
    with pytest.raises(FactUnknown):
        await pharmacy.facts(current=("snake_oil",))
    await pharmacy.facts(conditions=("asthma",))
    await pharmacy.facts(heart_rate=72)
    view = await pharmacy.ask(pharmacy.expert, ReadFacts(consultation_id=pharmacy.consultation_id))
    assert view.facts == Facts(allergies_asked=True, pregnancy="no", systolic=130, heart_rate=72)
    assert await SafetyFacts.all().count() == 1


async def test_metformin_is_stopped_by_a_creatinine(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(creatinine=250)
    view = await pharmacy.propose(item("metformin", "500"))
    assert [one.key for one in view.findings if one.action == "B"] == ["metformin_kidney_block:metformin"]


async def test_nothing_asked_nothing_signed(pharmacy: Pharmacy) -> None:
    with pytest.raises(PrescriptionBlocked) as refused:
        await pharmacy.sign(await pharmacy.propose(item("metformin", "500")))
    assert "过敏史" in refused.value.message


async def test_who_may(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.propose(AMLODIPINE)
    county, one = pharmacy.ward.county, view.prescription_id
    other = next(actor for actor in pharmacy.ward.hearts if actor.practitioner_id != pharmacy.expert.practitioner_id)
    for actor in (other, county.stranger, county.scheduler, county.experts[2], county.auditor, county.duty_doctor):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(actor, View(prescription_id=one))
    for actor in (pharmacy.expert, county.pharmacist, county.woman_account, county.duty_doctor):
        with pytest.raises((NotAllowed, NotYourStep)):
            await pharmacy.sign(view, actor)
    for actor in (other, pharmacy.doctor, county.pharmacist):
        with pytest.raises(NotAllowed):
            await pharmacy.give(actor, Revise(prescription_id=one, diagnosis="高血压", items=(AMLODIPINE,)))
    for actor in (pharmacy.doctor, pharmacy.expert, county.duty_doctor, county.woman_account):
        with pytest.raises(NotAllowed):
            await pharmacy.give(actor, Release(prescription_id=one, revision=1, confirm=True))
    far = await add_staff(pharmacy.ward, county.provincial_hospital, Role.PHARMACIST, "药师", 6)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(far, View(prescription_id=one))
    assert (await pharmacy.ask(SYSTEM, View(prescription_id=one))).patient is None
    withdrawn = await pharmacy.give(pharmacy.doctor, Withdraw(prescription_id=one, reason="病人已转院"))
    assert withdrawn.state == "WITHDRAWN"
    assert "prescription.withdrawn" in await pharmacy.ward.told(pharmacy.expert)


async def test_who_proposed_it_neither_signs_nor_reviews_it_whatever_he_is_besides(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    await pharmacy.facts()
    view = await pharmacy.propose(item("warfarin", "2.5"))
    roles = (*pharmacy.expert.roles, *(HeldRole(role, ward.county.county_hospital) for role in (Role.DUTY_DOCTOR, Role.PHARMACIST)))
    himself = replace(pharmacy.expert, roles=roles)
    with pytest.raises(FourEyes):
        await pharmacy.sign(view, himself)
    await pharmacy.sign(view, ward.county.duty_doctor)
    with pytest.raises(FourEyes):
        await pharmacy.give(himself, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))


async def test_who_is_on_duty_is_told_at_night_and_whatever_he_stopped(pharmacy: Pharmacy) -> None:
    await pharmacy.give(pharmacy.pharmacist, StopReminders())
    pharmacy.ward.clock.advance(hours=13)
    await pharmacy.facts()
    await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    rows = await Notification.filter(kind__in=("prescription.to_sign", "prescription.to_review"))
    assert [row.state for row in rows] == ["queued", "queued"]


async def test_unsigned_rules_run_in_the_demonstration_only(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    order = Check(consultation_id=pharmacy.consultation_id, items=(AMLODIPINE,))
    assert not (await pharmacy.ask(pharmacy.expert, order)).rules_signed
    pharmacy.ward.practice.demo = False
    with pytest.raises(RulesUnsigned):
        await pharmacy.ask(pharmacy.expert, order)
    with pytest.raises(RulesUnsigned):
        await pharmacy.propose(AMLODIPINE)
    for rules in rule_sets():
        await pharmacy.give(SYSTEM, SignRules(rule_set=rules.name, digest=rules.digest, signed_by="韦主任", licence="110520000000001"))
    assert (await pharmacy.propose(AMLODIPINE)).rules_signed


async def test_the_list_is_found_by_name_and_items_carry_their_price(pharmacy: Pharmacy) -> None:
    found = await pharmacy.ask(pharmacy.expert, Drugs(text="他汀"))
    assert {one.code for one in found.drugs} == {"simvastatin", "atorvastatin", "rosuvastatin"}
    await pharmacy.facts()
    view = await pharmacy.propose(AMLODIPINE)
    from core.foundation.work import Work

    work = Work(pharmacy.ward.practice, SYSTEM, View(prescription_id=view.prescription_id))
    assert await items_of(work, await Prescription.get(id=view.prescription_id)) == view.items


async def test_no_prescription_without_an_opinion(practice: Practice) -> None:
    ward: Ward = await open_ward(practice, hearts=3)
    from core.prescriptions.commands import Propose
    from core.prescriptions.errors import NothingToPrescribeFor

    asked = await ward.request("头晕 紧急", number=5)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    with pytest.raises(NothingToPrescribeFor):
        await practice.execute(ward.who(offer), Propose(consultation_id=asked.consultation_id, diagnosis="高血压", items=(AMLODIPINE,)))


async def test_one_with_a_code_and_those_in_a_state_are_found_however_many_newer_ones_there_are(
    pharmacy: Pharmacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pharmacy.facts()
    older = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    newer = await pharmacy.propose(item("omeprazole", "20"))
    monkeypatch.setattr("core.prescriptions.reading.SHOWN", 1)
    for actor in (pharmacy.pharmacist, pharmacy.expert, pharmacy.doctor):
        newest = older if actor is pharmacy.pharmacist else newer
        assert [one.code for one in (await pharmacy.ask(actor, Mine())).prescriptions] == [newest.code]
        assert [one.code for one in (await pharmacy.ask(actor, Mine(states=("SIGNED",)))).prescriptions] == [older.code]
        assert [one.code for one in (await pharmacy.ask(actor, Mine(code=older.code))).prescriptions] == [older.code]
    assert (await pharmacy.ask(pharmacy.ward.county.duty_doctor, Mine(code=older.code))).prescriptions == ()
