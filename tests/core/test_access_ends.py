"""Access ends with the part that somebody has in a case, and lasts as long as he has it, whatever is filed meanwhile."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.appointments.commands import SetAbsence
from core.consultations.commands import CompleteConsultation, Progress, ReturnConsultation
from core.consultations.commands_case import Case, CaseView, PatientConsultations, Timeline
from core.consultations.commands_opinions import ReadOpinion
from core.consultations.models import Consultation
from core.consultations.relations import READABLE_FOR
from core.dispatch.commands import AcknowledgeAlert, ExpertDesk
from core.dispatch.models import DangerAlert
from core.fhir.commands import Everything
from core.followups.commands import Readings
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.imaging.commands import Images, ShowFrame
from core.intake.commands import IntakeRecord
from core.people.commands import EnlistPatient
from core.people.commands_consents import Consents
from core.people.commands_staff import EndRole, GrantRole
from core.people.commands_views import MyPatientList
from core.people.finding import FindOnMyList
from core.people.service import actor_for
from core.prescriptions.commands import View
from core.prescriptions.commands_doses import AcknowledgeDose, EmergencyDoses, OrderDose, ViewDose
from core.prescriptions.commands_facts import ReadFacts, RecordFacts
from core.prescriptions.commands_lists import Mine, PatientPrescriptions
from media.imaging import build
from tests.core.dispatch.test_with_intake import says_danger
from tests.core.dispatch.ward import EMERGENT, Ward, open_ward
from tests.core.imaging.test_uploads import send
from tests.core.prescriptions.pharmacy import add_staff, item, open_pharmacy
from tests.media.test_check import small_ct
from tests.support.county import NUMBER_WITH_WECHAT, id_number

pytestmark = pytest.mark.storage


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    practice.engines.imaging = build()
    return await open_ward(practice, hearts=3)


async def reads(ward: Ward, actor: Actor, *orders: object) -> list[bool]:
    """For each order whether its door opens to ``actor``."""
    opened = []
    for order in orders:
        try:
            await ward.practice.ask(actor, order)  # type: ignore[arg-type]
        except NotAllowed:
            opened.append(False)
        else:
            opened.append(True)
    return opened


async def test_who_gave_it_back_reads_nothing_of_it_any_more(ward: Ward) -> None:
    await says_danger(ward)
    asked = await ward.request(EMERGENT, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    expert, row = ward.who(offer), await ward.row(asked.consultation_id)
    everything = (
        Case(consultation_id=row.id), Timeline(consultation_id=row.id), Images(consultation_id=row.id), Everything(consultation_id=row.id),
        ReadFacts(consultation_id=row.id), IntakeRecord(intake_id=row.intake_id or ""),
    )
    assert all(await reads(ward, expert, *everything))
    await ward.practice.execute(expert, ReturnConsultation(consultation_id=row.id, reason="临时有手术"))
    assert not any(await reads(ward, expert, *everything))
    assert not [one for one in (await ward.practice.ask(expert, Progress())).consultations if one.patient is not None]


async def test_who_was_replaced_by_the_desk_reads_nothing_of_it_any_more(ward: Ward) -> None:
    asked = await ward.request(EMERGENT, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    await ward.practice.execute(ward.county.scheduler, ReturnConsultation(consultation_id=asked.consultation_id, reason="联系不上"))
    assert await reads(ward, ward.who(offer), Case(consultation_id=asked.consultation_id), Images(consultation_id=asked.consultation_id)) == [
        False, False,
    ]


async def test_an_open_assignment_keeps_its_access_when_something_new_is_filed(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    expert, case = pharmacy.expert, Case(consultation_id=pharmacy.consultation_id)
    before: CaseView = await pharmacy.ask(expert, case)
    ward.clock.advance(days=45)  # longer than a closed one may be read
    view = await send(ward, pharmacy.consultation_id, small_ct())
    await pharmacy.give(pharmacy.doctor, RecordFacts(
        consultation_id=pharmacy.consultation_id, allergies_asked=True, allergies=("penicillin",), pregnancy="no"
    ))
    after: CaseView = await pharmacy.ask(expert, case)
    assert (before.images, after.images) == (0, 1)
    assert ("过敏", "青霉素类") in after.safety_facts
    assert view.instance_id is not None
    await pharmacy.give(expert, ShowFrame(image_id=view.instance_id, frame=1))
    # A new form for the same patient is another case: his assignment to this one does not open that one.
    again = await ward.request(EMERGENT, number=NUMBER_WITH_WECHAT)
    assert await reads(ward, expert, case, Case(consultation_id=again.consultation_id)) == [True, False]


async def test_what_is_completed_is_read_for_thirty_days_and_what_one_signed_always(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    image = await send(ward, pharmacy.consultation_id, small_ct())
    await pharmacy.decide()
    await pharmacy.give(pharmacy.doctor, CompleteConsultation(consultation_id=pharmacy.consultation_id, without="急救在先"))
    one, expert = pharmacy.consultation_id, pharmacy.expert
    orders = (Case(consultation_id=one), Timeline(consultation_id=one), Images(consultation_id=one), ReadFacts(consultation_id=one))
    ward.clock.advance(days=30, seconds=-1)
    assert all(await reads(ward, expert, *orders, ReadOpinion(consultation_id=one)))
    assert [case.consultation_id for case in (await pharmacy.ask(expert, ExpertDesk())).finished] == [one]
    ward.clock.advance(seconds=1)
    assert await reads(ward, expert, *orders, ReadOpinion(consultation_id=one)) == [False] * 4 + [True]
    assert (await pharmacy.ask(expert, ExpertDesk())).finished == ()
    assert (await pharmacy.ask(expert, Progress())).consultations == ()
    with pytest.raises(NotAllowed):
        await pharmacy.give(expert, ShowFrame(image_id=image.instance_id or "", frame=1))
    assert all(await reads(ward, pharmacy.doctor, *orders))
    assert all(await reads(ward, ward.county.woman_account, Timeline(consultation_id=one), ReadOpinion(consultation_id=one)))
    assert timedelta(days=30) == READABLE_FOR


async def test_a_village_doctor_who_left_the_clinic_reads_its_cases_no_more(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    doctor = pharmacy.doctor
    moved = Actor(doctor.account_id, (HeldRole(Role.VILLAGE_DOCTOR, ward.county.township_centre),), doctor.channel, doctor.practitioner_id)
    image = await send(ward, pharmacy.consultation_id, small_ct())
    order = Case(consultation_id=pharmacy.consultation_id)
    assert await reads(ward, doctor, order) == [True]
    assert await reads(ward, moved, order, Timeline(consultation_id=pharmacy.consultation_id)) == [False, False]
    assert (await pharmacy.ask(moved, Progress())).consultations == ()
    with pytest.raises(NotAllowed):
        await pharmacy.give(moved, ShowFrame(image_id=image.instance_id or "", frame=1))


async def test_a_duty_doctor_reads_an_open_case_below_his_house_while_he_is_on_duty(ward: Ward) -> None:
    asked = await ward.request(EMERGENT)
    duty, order = ward.county.duty_doctor, Case(consultation_id=asked.consultation_id)
    elsewhere = await add_staff(ward, ward.county.provincial_hospital, Role.DUTY_DOCTOR, "主治医师", 91)
    assert (await reads(ward, duty, order), await reads(ward, elsewhere, order)) == ([True], [False])
    now = ward.clock.now()
    await ward.practice.execute(ward.county.scheduler, SetAbsence(
        practitioner_id=duty.practitioner_id or "", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=3)
    ))
    ward.clock.advance(hours=2)
    assert await reads(ward, duty, order) == [False]
    ward.clock.advance(hours=2)
    assert await reads(ward, duty, order) == [True]
    await Consultation.filter(id=asked.consultation_id).update(state="COMPLETED", closed_at=ward.clock.now())
    assert await reads(ward, duty, order) == [False]


async def test_a_pharmacist_reads_what_is_under_way_and_a_month_of_what_is_done(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    await pharmacy.facts()
    signed = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    other = await add_staff(ward, ward.county.county_hospital, Role.PHARMACIST, "药师", 92)
    orders = (View(prescription_id=signed.prescription_id), Case(consultation_id=pharmacy.consultation_id))
    assert await reads(ward, other, *orders) == [True, True]
    await ward.pass_time(days=4)  # nobody reviewed it: it expired
    assert await reads(ward, other, *orders) == [True, False]
    ward.clock.advance(days=27)
    assert await reads(ward, other, *orders) == [False, False]


async def test_an_emergency_dose_is_read_until_a_pharmacist_has_seen_it(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    await pharmacy.decide()
    shown = next(one for one in (await pharmacy.ask(pharmacy.doctor, EmergencyDoses())).doses if one.code == "aspirin_chewed")
    dose = await pharmacy.give(pharmacy.doctor, OrderDose(
        consultation_id=pharmacy.consultation_id, dose=shown.code, ruled_out=tuple(shown.contraindications), confirm=True
    ))
    other, order = await add_staff(ward, ward.county.county_hospital, Role.PHARMACIST, "药师", 93), ViewDose(dose_id=dose.dose_id)
    assert (await reads(ward, pharmacy.pharmacist, order), await reads(ward, other, order)) == ([True], [True])
    await pharmacy.give(pharmacy.pharmacist, AcknowledgeDose(dose_id=dose.dose_id))
    assert await reads(ward, other, order) == [True]  # the card of today still says who has seen it
    ward.clock.advance(days=2)
    assert (await reads(ward, pharmacy.pharmacist, order), await reads(ward, other, order)) == ([True], [False])


async def test_the_words_of_an_alert_are_for_who_has_taken_it_over(ward: Ward) -> None:
    intake = await says_danger(ward)
    for _ in range(2):
        await ward.pass_time(seconds=61)
    county, order = ward.county, IntakeRecord(intake_id=intake.intake_id)
    assert (await reads(ward, county.duty_doctor, order), await reads(ward, county.scheduler, order)) == ([True], [True])
    alert = await DangerAlert.get(source_id=intake.intake_id)
    await ward.practice.execute(county.duty_doctor, AcknowledgeAlert(alert_id=alert.id))
    assert (await reads(ward, county.duty_doctor, order), await reads(ward, county.scheduler, order)) == ([True], [False])
    ward.clock.advance(days=30)
    assert await reads(ward, county.duty_doctor, order) == [False]


async def test_auditors_and_administrators_read_titles_and_never_what_was_said(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    await pharmacy.decide()
    one = pharmacy.consultation_id
    for actor in (ward.county.auditor, ward.county.administrator):
        view = await pharmacy.ask(actor, Timeline(consultation_id=one))
        assert (view.complaint, view.vitals, view.images, view.status.patient) == (None, (), (), None)
        said = view.model_dump_json()
        assert not [words for words in ("李秀英", "头晕", "调整降压药") if words in said]
        assert await reads(ward, actor, Case(consultation_id=one), ReadOpinion(consultation_id=one), Images(consultation_id=one)) == [False] * 3
    desk = await pharmacy.ask(ward.county.scheduler, Timeline(consultation_id=one))
    assert (bool(desk.complaint), desk.images) == (True, ())
    await pharmacy.give(pharmacy.doctor, CompleteConsultation(consultation_id=one, without="急救在先"))
    assert (await pharmacy.ask(ward.county.scheduler, Timeline(consultation_id=one))).complaint is None


async def test_a_role_that_ended_opens_nothing(ward: Ward) -> None:
    """The roles of a person are read anew for each sign-in and each message; what ended is not among them."""
    from core.people.models import RoleHeld

    pharmacy = await open_pharmacy(ward)
    await RoleHeld.filter(account_id=pharmacy.expert.account_id).update(ended_at=ward.clock.now())
    again = await actor_for(pharmacy.expert.account_id, "wecom_app", ward.clock.now())
    assert await reads(ward, again, Case(consultation_id=pharmacy.consultation_id)) == [False]


async def test_a_list_ends_with_the_work_at_its_clinic_and_comes_back_with_it(ward: Ward) -> None:
    """What she has on her list is the clinic's; the consultation that an expert has goes on, whoever works there."""
    pharmacy = await open_pharmacy(ward)
    county, expert = ward.county, pharmacy.expert
    doctor, one = pharmacy.doctor, county.woman
    of_list = (
        PatientConsultations(patient_id=one), PatientPrescriptions(patient_id=one), Readings(patient_id=one, task="blood_pressure"),
        Consents(patient_id=one),
    )
    assert all(await reads(ward, doctor, *of_list))
    assert [view.patient_id for view in (await pharmacy.ask(doctor, MyPatientList())).patients] == [county.old_man, one]
    ended = EndRole(practitioner_id=doctor.practitioner_id or "", organisation_id=county.clinic, role="village_doctor")
    await pharmacy.give(county.administrator, ended)
    await pharmacy.give(county.administrator, GrantRole(
        practitioner_id=doctor.practitioner_id or "", organisation_id=county.township_centre, role="village_doctor"
    ))
    moved = await actor_for(doctor.account_id, "wecom_app", ward.clock.now())
    assert not any(await reads(ward, moved, *of_list))
    assert (await pharmacy.ask(moved, MyPatientList())).patients == ()
    assert (await pharmacy.ask(moved, FindOnMyList(full_name="李秀英"))).patients == ()
    assert (await pharmacy.ask(moved, Mine())).prescriptions == ()
    # The open assignment of the expert is not hers: it stays.
    assert await reads(ward, expert, Case(consultation_id=pharmacy.consultation_id)) == [True]
    # At the new clinic she has him again once he is listed there, and not what the former clinic asked for.
    await pharmacy.give(moved, EnlistPatient(
        practitioner_id=doctor.practitioner_id or "", number=9, full_name="李秀英", id_number=id_number(date(1975, 7, 1), 22)
    ))
    assert all(await reads(ward, moved, *of_list))
    assert await reads(ward, moved, Case(consultation_id=pharmacy.consultation_id)) == [False]
