"""A single emergency dose on the strength of the decision alone."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from core.consultations.commands import CompleteConsultation
from core.consultations.commands_case import Case
from core.consultations.models import TimelineEntry
from core.foundation.errors import Invalid, NotAllowed
from core.foundation.practice import Practice
from core.foundation.signing_keys import SignatureNotConfirmed
from core.people.commands import EnlistPatient
from core.prescriptions.commands import Release
from core.prescriptions.commands_doses import AcknowledgeDose, CheckDose, DeclineDose, DoseView, EmergencyDoses, OrderDose, ReadDoseNotGiven, ViewDose
from core.prescriptions.errors import ContraindicationsOpen, DecisionMissing, DoseGiven, DoseNotNow, DoseRefused, DoseUnknown
from core.prescriptions.models import EmergencyDose
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy
from tests.support.county import SYSTEM, id_number

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def order_for(pharmacy: Pharmacy, code: str = "aspirin_chewed", *, confirm: bool = True) -> OrderDose:
    """With every contraindication that is shown ruled out."""
    shown = await pharmacy.ask(pharmacy.doctor, EmergencyDoses())
    dose = next(one for one in shown.doses if one.code == code)
    assert dose.contraindications
    return OrderDose(consultation_id=pharmacy.consultation_id, dose=code, ruled_out=tuple(dose.contraindications), confirm=confirm)


async def test_nothing_is_ordered_after_the_consultation_is_over(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    order = await order_for(pharmacy)
    await pharmacy.give(pharmacy.doctor, CompleteConsultation(consultation_id=pharmacy.consultation_id, without="急救在先"))
    pharmacy.ward.clock.advance(days=30)
    with pytest.raises(DoseNotNow) as refused:
        await pharmacy.give(pharmacy.doctor, order)
    assert "已完成" in refused.value.message
    assert not await EmergencyDose.all().exists()


async def test_ordered_by_the_decision_alone_and_the_pharmacist_is_told_afterwards(pharmacy: Pharmacy) -> None:
    order = await order_for(pharmacy)
    with pytest.raises(DecisionMissing):
        await pharmacy.give(pharmacy.doctor, order)
    await pharmacy.decide()
    with pytest.raises(SignatureNotConfirmed):
        await pharmacy.give(pharmacy.doctor, await order_for(pharmacy, confirm=False))
    with pytest.raises(ContraindicationsOpen) as refused:
        await pharmacy.give(pharmacy.doctor, order.model_copy(update={"ruled_out": ("bleeding",)}))
    assert "主动脉夹层" in refused.value.message

    given = await pharmacy.give(pharmacy.doctor, order)
    assert given.signature_valid
    assert given.amount == "300 mg"
    assert "emergency_dose.ordered" in await pharmacy.ward.told(pharmacy.pharmacist)
    assert "dose.ordered" in await pharmacy.ward.timeline(pharmacy.consultation_id)
    assert b"aspirin" not in bytes((await EmergencyDose.get(id=given.dose_id)).body)
    with pytest.raises(DoseGiven):
        await pharmacy.give(pharmacy.doctor, order)
    seen = await pharmacy.give(pharmacy.pharmacist, AcknowledgeDose(dose_id=given.dose_id))
    assert seen.seen_by
    await EmergencyDose.filter(id=given.dose_id).update(decision_id=given.dose_id)
    assert not (await pharmacy.ask(pharmacy.expert, ViewDose(dose_id=given.dose_id))).signature_valid


async def test_one_that_is_not_given_stands_on_the_timeline_and_the_expert_is_told_once(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    order = DeclineDose(consultation_id=pharmacy.consultation_id, dose="aspirin_chewed", why="contraindicated", contraindication="bleeding")
    for _ in range(2):
        told = await pharmacy.give(pharmacy.doctor, order)
    assert "阿司匹林" in told.words
    for wrong in ({"contraindication": "thirst"}, {"why": "on_record"}):
        with pytest.raises(Invalid):
            await pharmacy.give(pharmacy.doctor, order.model_copy(update=wrong))
    with pytest.raises(NotAllowed):
        await pharmacy.give(pharmacy.pharmacist, order)
    assert (await pharmacy.ward.told(pharmacy.expert)).count("emergency_dose.not_given") == 1
    case = await pharmacy.ask(pharmacy.expert, Case(consultation_id=pharmacy.consultation_id))
    assert [one.label for one in case.timeline if one.kind == "dose.not_given"] == [f"急用一剂没有用:{told.words}"]
    row = await TimelineEntry.get(consultation_id=pharmacy.consultation_id, kind="dose.not_given")
    assert "阿司匹林".encode() not in bytes(row.words or b"")

    await pharmacy.give(pharmacy.doctor, await order_for(pharmacy))
    with pytest.raises(DoseGiven):
        await pharmacy.give(pharmacy.doctor, order)
    assert (await pharmacy.ward.practice.ask(SYSTEM, ReadDoseNotGiven(consultation_id=pharmacy.consultation_id))).given_since
    entries = (await pharmacy.ask(pharmacy.expert, Case(consultation_id=pharmacy.consultation_id))).timeline
    assert "急用一剂已下医嘱:阿司匹林肠溶片 300 mg" in [one.label for one in entries]


async def test_what_is_known_refuses_it_whatever_was_ticked(pharmacy: Pharmacy) -> None:
    await pharmacy.decide("partly", "先用药再转")
    await pharmacy.facts(systolic=88)
    with pytest.raises(DoseRefused):
        await pharmacy.give(pharmacy.doctor, await order_for(pharmacy, "nitroglycerin_sublingual"))
    await pharmacy.facts(current=("sildenafil",))
    with pytest.raises(DoseRefused):
        await pharmacy.give(pharmacy.doctor, await order_for(pharmacy, "nitroglycerin_sublingual"))
    await pharmacy.facts(allergies=("nsaid_allergy",))
    with pytest.raises(DoseRefused):
        await pharmacy.give(pharmacy.doctor, await order_for(pharmacy))
    assert await EmergencyDose.all().count() == 0
    with pytest.raises(DoseUnknown):
        await pharmacy.give(pharmacy.doctor, OrderDose(consultation_id=pharmacy.consultation_id, dose="whisky", ruled_out=(), confirm=True))


async def test_what_is_to_be_weighed_is_read_before_and_kept_with_the_signature(pharmacy: Pharmacy) -> None:
    """Given warfarin on record, when aspirin is looked at and signed, then the warning stands before, in the answer and for the pharmacist."""
    await pharmacy.decide()
    await pharmacy.facts(current=("warfarin",))
    order = await order_for(pharmacy)
    assert "anticoagulant" in order.ruled_out
    known = await pharmacy.ask(pharmacy.doctor, CheckDose(consultation_id=pharmacy.consultation_id, dose="aspirin_chewed"))
    assert known.refused == ()
    assert len(known.warnings) == 1
    assert "华法林" in known.warnings[0]
    assert "出血" in known.warnings[0]
    given = await pharmacy.give(pharmacy.doctor, order)
    assert given.warnings == known.warnings
    assert given.signature_valid
    await pharmacy.facts()
    seen = await pharmacy.ask(pharmacy.pharmacist, ViewDose(dose_id=given.dose_id))
    assert (seen.warnings, seen.signature_valid) == (known.warnings, True)
    for actor in (pharmacy.expert, pharmacy.pharmacist, pharmacy.ward.county.woman_account):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(actor, CheckDose(consultation_id=pharmacy.consultation_id, dose="aspirin_chewed"))


async def test_a_pressure_that_is_only_just_enough_is_a_warning_and_less_refuses(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    check = CheckDose(consultation_id=pharmacy.consultation_id, dose="nitroglycerin_sublingual")
    await pharmacy.facts(systolic=95)
    known = await pharmacy.ask(pharmacy.doctor, check)
    assert (known.refused, ["收缩压低于 100" in one for one in known.warnings]) == ((), [True])
    await pharmacy.facts(systolic=88)
    known = await pharmacy.ask(pharmacy.doctor, check)
    assert known.refused[0] == "收缩压低于 90"
    await pharmacy.facts()
    assert (await pharmacy.ask(pharmacy.doctor, check)).warnings == ()
    with pytest.raises(DoseUnknown):
        await pharmacy.ask(pharmacy.doctor, check.model_copy(update={"dose": "whisky"}))


async def test_adrenaline_has_a_remark_that_nobody_is_asked_to_rule_out(pharmacy: Pharmacy) -> None:
    """Given a patient with coronary disease, then the remark is shown, and neither asked nor said to have been excluded."""
    await pharmacy.decide()
    await pharmacy.facts(conditions=("vascular_disease",))
    shown = await pharmacy.ask(pharmacy.doctor, EmergencyDoses())
    choice = next(one for one in shown.doses if one.code == "adrenaline_intramuscular")
    assert "冠心病" in choice.watch
    assert not any("冠心病" in words for words in choice.contraindications.values())
    assert not any(code.startswith("none") for one in shown.doses for code in one.contraindications)
    given = await pharmacy.give(pharmacy.doctor, await order_for(pharmacy, "adrenaline_intramuscular"))
    assert given.watch == choice.watch
    assert given.ruled_out == ("12 岁以下须按体重(0.01 mg/kg),不用这一剂",)
    assert given.warnings == ()


async def test_what_was_handed_out_to_him_refuses_it_too(pharmacy: Pharmacy) -> None:
    await pharmacy.decide("partly", "先用药再转")
    await pharmacy.facts()
    proposed = await pharmacy.propose(item("sildenafil", "50", days=2))
    signed = await pharmacy.sign(proposed, pharmacy.ward.county.duty_doctor)
    release = Release(prescription_id=signed.prescription_id, revision=signed.revision, confirm=True)
    await pharmacy.give(pharmacy.pharmacist, release)
    await pharmacy.dispense(signed)
    order = await order_for(pharmacy, "nitroglycerin_sublingual")
    with pytest.raises(DoseRefused) as refused:
        await pharmacy.give(pharmacy.doctor, order)
    assert "西地那非" in refused.value.message
    pharmacy.ward.clock.advance(days=2, minutes=1)
    assert (await pharmacy.give(pharmacy.doctor, order)).name == "硝酸甘油"


async def test_who_disagrees_orders_nothing_and_nobody_else_may(pharmacy: Pharmacy) -> None:
    await pharmacy.decide("disagree", "病人已经好转")
    order = await order_for(pharmacy)
    with pytest.raises(DecisionMissing):
        await pharmacy.give(pharmacy.doctor, order)
    for actor in (pharmacy.expert, pharmacy.pharmacist, pharmacy.ward.county.woman_account):
        with pytest.raises(NotAllowed):
            await pharmacy.give(actor, order)


async def test_two_taps_give_one_dose(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    order = await order_for(pharmacy)
    outcomes = await asyncio.gather(*(pharmacy.give(pharmacy.doctor, order) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, DoseView) for one in outcomes) == 1
    assert all(isinstance(one, DoseView | DoseGiven) for one in outcomes), outcomes
    other = next(one for one in pharmacy.ward.hearts if one.practitioner_id != pharmacy.expert.practitioner_id)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(other, ViewDose(dose_id=next(one.dose_id for one in outcomes if isinstance(one, DoseView))))


async def test_a_child_without_a_weight_gets_no_adults_dose(practice: Practice) -> None:
    ward = await open_ward(practice, hearts=3)
    child = await practice.execute(SYSTEM, EnlistPatient(
        practitioner_id=ward.county.village_doctor.practitioner_id or "", number=9, full_name="李小宝", id_number=id_number(date(2019, 5, 1), 33)
    ))
    pharmacy = await open_pharmacy(ward, number=9)
    await pharmacy.decide()
    with pytest.raises(DoseRefused):
        await pharmacy.give(pharmacy.doctor, await order_for(pharmacy, "adrenaline_intramuscular"))
    await pharmacy.facts(weight_kg=22)
    with pytest.raises(DoseRefused) as refused:
        await pharmacy.give(pharmacy.doctor, await order_for(pharmacy, "adrenaline_intramuscular"))
    assert "按体重不超过" in refused.value.message
    assert child.patient_id
