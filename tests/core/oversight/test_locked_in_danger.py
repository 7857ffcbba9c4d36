"""A locked record stands in nobody's way where somebody is in danger: he is alerted, his alert is taken over, an emergency's case goes to its end."""

from __future__ import annotations

import asyncio

import pytest

from core.consultations.commands import CancelConsultation, CompleteConsultation
from core.consultations.commands_case import PatientConsultations
from core.consultations.commands_opinions import Decide, GiveOpinion
from core.consultations.models import Consultation
from core.dispatch.commands import AcceptOffer, AcknowledgeAlert, Alert, MyOffers, RequestConsultation
from core.dispatch.errors import LockedButTold
from core.dispatch.models import AlertReceiver, DangerAlert
from core.followups.commands import StartPlan
from core.foundation.encryption.erasure import set_lock
from core.foundation.keys import SubjectLocked
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.intake.commands import CurrentIntake, IntakeRecord, Say
from core.intake.errors import IntakeUnknown
from core.intake.models import Intake
from core.oversight.commands import BreakTheGlass
from core.people.commands_views import MyPatientList
from core.practice_rooms import load_rooms
from core.prescriptions.commands import Release
from tests.core.dispatch.test_alerts import township_doctor
from tests.core.dispatch.ward import CRITICAL, EMERGENT, ROUTINE, Ward, open_ward
from tests.core.intake.small_engine import SmallEngine
from tests.core.prescriptions.pharmacy import item, open_pharmacy
from tests.support.county import NUMBER_WITH_WECHAT

load_rooms()
pytestmark = pytest.mark.storage
WORDS = "病人送来时昏迷,家属不在,急查用药史"


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    ward = await open_ward(practice)
    await set_lock(practice, [f"patient:{ward.county.woman}"], locked=True)
    return ward


async def test_who_is_alerted_of_a_locked_patients_words_reads_them_and_takes_over(ward: Ward) -> None:
    practice, county = ward.practice, ward.county
    doctor = await township_doctor(ward)
    practice.engines.clinical = SmallEngine()
    said = await practice.execute(county.woman_account, Say(text="我半拉身子不听使唤"))
    assert said.alert is not None
    assert await ward.told(doctor) == ["alert.card"]
    alert_id = said.alert.alert_id
    assert "半拉身子" in (await practice.ask(doctor, Alert(alert_id=alert_id))).said
    assert (await practice.execute(doctor, AcknowledgeAlert(alert_id=alert_id))).state == "acknowledged"
    assert (await practice.ask(doctor, IntakeRecord(intake_id=said.intake_id))).lines
    with pytest.raises(SubjectLocked):
        await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))


@pytest.mark.parametrize("text", [CRITICAL, EMERGENT])
async def test_a_village_doctors_words_of_danger_reach_the_duty_doctor_though_no_case_is_made(ward: Ward, text: str) -> None:
    practice, county = ward.practice, ward.county
    doctor = await township_doctor(ward)
    order = RequestConsultation(number=NUMBER_WITH_WECHAT, text=text)
    with pytest.raises(LockedButTold) as told:
        await practice.execute(county.village_doctor, order)
    assert "杨医生" in told.value.message
    assert not await Consultation.all().exists()
    alert = await DangerAlert.get()
    seen = await practice.ask(doctor, Alert(alert_id=alert.id))
    assert text in seen.said
    assert "锁定" in seen.said
    assert "吴" in seen.where or "医生" in seen.where
    entry = await AuditEntry.get(action="dispatch.request_consultation")
    assert (entry.outcome, entry.subject_id) == (LockedButTold.code, county.woman)
    assert (await AlertReceiver.filter(alert_id=alert.id).count(), await ward.told(doctor)) == (1, ["alert.card"])
    with pytest.raises(IntakeUnknown):
        await practice.ask(county.village_doctor, CurrentIntake())  # it is no talk of her own

    with pytest.raises(LockedButTold):
        await practice.execute(county.village_doctor, order)
    assert await DangerAlert.all().count() == 1, "the same words again are the same danger"
    assert await ward.told(doctor) == ["alert.card"]
    with pytest.raises(LockedButTold):
        await practice.execute(county.village_doctor, order.model_copy(update={"text": f"{text} 昏过去了"}))
    assert await DangerAlert.all().count() == 1
    assert await ward.told(doctor) == ["alert.card"] * 2, "what is new is told"
    await ward.pass_time(seconds=61 if text == CRITICAL else 301)
    assert await ward.told(county.duty_doctor) == ["alert.card"], "and goes on by itself"


async def test_without_danger_nobody_is_alarmed(ward: Ward) -> None:
    with pytest.raises(SubjectLocked) as refused:
        await ward.request(ROUTINE, number=NUMBER_WITH_WECHAT)
    assert not isinstance(refused.value, LockedButTold)
    assert not await DangerAlert.all().exists()
    assert not await Intake.all().exists()


async def test_said_many_times_at_once_it_is_one_alert(ward: Ward) -> None:
    await asyncio.gather(*(ward.request(CRITICAL, number=NUMBER_WITH_WECHAT) for _ in range(5)), return_exceptions=True)
    assert await DangerAlert.all().count() == 1


async def test_a_case_that_began_with_an_emergency_opening_is_carried_to_its_end(ward: Ward) -> None:
    practice, county = ward.practice, ward.county
    opening = BreakTheGlass(patient_id=county.woman, reason="unconscious", words=WORDS)
    await practice.execute(county.village_doctor, opening)
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    expert = ward.who(offer)
    assert [one.offer_id for one in (await practice.ask(expert, MyOffers())).offers] == [offer.id]
    await practice.execute(expert, AcceptOffer(offer_id=offer.id))
    ward.clock.advance(hours=5)
    given = await practice.execute(expert, GiveOpinion(consultation_id=asked.consultation_id, advice="溶栓后转院", confirm=True))
    order = Decide(consultation_id=asked.consultation_id, opinion_id=given.opinion_id, choice="agree", reason="", confirm=True)
    await practice.execute(county.village_doctor, order)
    await practice.execute(county.village_doctor, CompleteConsultation(consultation_id=asked.consultation_id, without="抢救,已转县医院"))
    with pytest.raises(SubjectLocked):
        await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))
    assert county.woman not in {one.patient_id for one in (await practice.ask(county.village_doctor, MyPatientList())).patients}
    with pytest.raises(SubjectLocked):
        await practice.ask(county.village_doctor, PatientConsultations(patient_id=county.woman))


async def test_an_emergencys_case_is_called_off_after_its_opening_too(ward: Ward) -> None:
    practice, county = ward.practice, ward.county
    await practice.execute(county.village_doctor, BreakTheGlass(patient_id=county.woman, reason="unconscious", words=WORDS))
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    ward.clock.advance(hours=5)
    await practice.execute(county.village_doctor, CancelConsultation(consultation_id=asked.consultation_id, reason="已转院"))
    assert (await ward.row(asked.consultation_id)).state == "CANCELLED"


async def test_the_medicine_of_an_emergency_is_handed_out_though_its_case_is_closed_and_the_opening_over(ward: Ward) -> None:
    practice, county = ward.practice, ward.county
    await practice.execute(county.village_doctor, BreakTheGlass(patient_id=county.woman, reason="unconscious", words=WORDS))
    pharmacy = await open_pharmacy(ward)
    await pharmacy.facts()
    view = await pharmacy.propose(item("amlodipine", "5"))
    await pharmacy.decide()
    signed = await pharmacy.sign(view)
    ward.clock.advance(hours=5)
    await practice.execute(county.village_doctor, CompleteConsultation(consultation_id=pharmacy.consultation_id, without="抢救,已转县医院"))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=signed.revision, confirm=True))
    handed_out = await pharmacy.dispense(signed)
    assert handed_out.state == "DISPENSED"
    with pytest.raises(SubjectLocked):
        await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))
