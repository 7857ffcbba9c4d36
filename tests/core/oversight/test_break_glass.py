"""紧急调阅: what it opens and for how long, who is told, who looks at it afterwards, and that nobody does it out of habit."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from bot.sending.notice import Notice
from bot.sending.notices import render
from core.consultations.commands_case import Case, CaseView, PatientConsultations, Timeline
from core.consultations.commands_opinions import GiveOpinion, ReadOpinion
from core.foundation.actor import Actor, Role
from core.foundation.errors import Conflict, DomainError, NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight.commands import (
    BreakGlassesOfPatient,
    BreakGlassesToReview,
    BreakGlassView,
    BreakTheGlass,
    MyBreakGlasses,
    ReadBreakGlass,
    ReviewBreakGlass,
    ReviewView,
)
from core.oversight.errors import AlreadyReviewed, PatientNotNamed, PatientUnknown, TooManyUnreviewed, WordsEmpty
from core.oversight.models import BreakGlass
from core.oversight.rules import REVIEW_WITHIN, check_words
from core.people.commands import EnlistPatient
from core.people.commands_staff import RegisterOrganisation
from core.people.commands_views import WhoLookedAtMyRecord
from core.prescriptions.commands_facts import EmergencyHead
from core.prescriptions.commands_lists import PatientPrescriptions
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, add_staff, open_pharmacy
from tests.support.county import SYSTEM, id_number

pytestmark = pytest.mark.storage
WORDS = "病人送来时昏迷,家属不在,急查用药史"


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def stranger_to_it(pharmacy: Pharmacy) -> Actor:
    return next(one for one in pharmacy.ward.hearts if one.practitioner_id != pharmacy.expert.practitioner_id)


async def open_for(pharmacy: Pharmacy, actor: Actor, **differently: Any) -> BreakGlassView:
    fields: dict[str, Any] = {"patient_id": pharmacy.ward.county.woman, "reason": "unconscious", "words": WORDS} | differently
    view: BreakGlassView = await pharmacy.give(actor, BreakTheGlass.model_validate({key: value for key, value in fields.items() if value}))
    return view


async def more_patients(ward: Ward, count: int) -> list[str]:
    made = []
    for number in range(count):
        order = EnlistPatient(
            practitioner_id=ward.county.village_doctor.practitioner_id or "", number=50 + number, full_name="陆小明",
            id_number=id_number(date(1980, 1, 1), 100 + number),
        )
        made.append((await ward.practice.execute(SYSTEM, order)).patient_id)
    return made


async def test_it_opens_the_record_for_reading_and_for_four_hours(pharmacy: Pharmacy) -> None:
    doctor, ward = await stranger_to_it(pharmacy), pharmacy.ward
    case = Case(consultation_id=pharmacy.consultation_id)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(doctor, case)

    opened = await open_for(pharmacy, doctor)

    assert opened.live
    assert opened.until - opened.opened_at == timedelta(hours=4)
    assert [one.consultation_id for one in opened.cases] == [pharmacy.consultation_id]
    view: CaseView = await pharmacy.ask(doctor, case)
    assert (view.patient.name, view.patient.number) == ("李秀英(演示)", None)
    assert (await pharmacy.ask(doctor, ReadOpinion(consultation_id=pharmacy.consultation_id))).advice == "调整降压药"
    assert (await pharmacy.ask(doctor, Timeline(consultation_id=pharmacy.consultation_id))).complaint
    assert await pharmacy.ask(doctor, PatientConsultations(patient_id=ward.county.woman))
    assert await pharmacy.ask(doctor, PatientPrescriptions(patient_id=ward.county.woman))
    with pytest.raises(NotAllowed):
        await pharmacy.give(doctor, GiveOpinion(consultation_id=pharmacy.consultation_id, advice="随便写写", confirm=True))
    with pytest.raises(NotAllowed):
        await pharmacy.ask(doctor, PatientConsultations(patient_id=ward.county.old_man))
    entry = await AuditEntry.filter(action="consultations.case", outcome="done", account_id=doctor.account_id).get()
    assert (entry.relation, entry.subject_id) == ("break_glass", ward.county.woman)

    ward.clock.advance(hours=4)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(doctor, case)
    assert not (await pharmacy.ask(doctor, MyBreakGlasses())).openings[0].live


async def test_whoever_has_a_part_in_it_reads_by_that_part(pharmacy: Pharmacy) -> None:
    await open_for(pharmacy, pharmacy.expert)
    await pharmacy.ask(pharmacy.expert, Case(consultation_id=pharmacy.consultation_id))
    assert (await AuditEntry.get(action="consultations.case", outcome="done")).relation == "assigned_consultation"


async def test_the_patient_is_told_at_once_and_sees_it_in_the_list_of_who_looked(pharmacy: Pharmacy) -> None:
    doctor, county = await stranger_to_it(pharmacy), pharmacy.ward.county
    pharmacy.ward.clock.advance(hours=13)  # eleven at night: it does not wait for the morning
    opened = await open_for(pharmacy, doctor)
    row = await Notification.get(account_id=county.woman_account.account_id, kind="break_glass.patient")
    assert (row.state, row.urgent) == ("queued", True)
    told = await render(pharmacy.ward.practice, row)
    assert isinstance(told, Notice)
    assert "昏迷或说不清病史" in told.shapes[0].text  # type: ignore[union-attr]
    assert WORDS not in told.shapes[0].text  # type: ignore[union-attr]
    assert told.template is not None
    await pharmacy.ask(doctor, Case(consultation_id=pharmacy.consultation_id))
    (seen,) = (await pharmacy.ask(county.woman_account, BreakGlassesOfPatient(patient_id=county.woman))).openings
    assert (seen.at, seen.verdict_label) == (opened.opened_at, "待审查")
    looked = (await pharmacy.ask(county.woman_account, WhoLookedAtMyRecord(patient_id=county.woman))).entries
    assert "会诊病例(紧急调阅)" in [one.action for one in looked]
    for actor in (county.stranger, county.village_doctor, doctor):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(actor, BreakGlassesOfPatient(patient_id=county.woman))


async def test_for_a_patient_without_wechat_her_village_doctor_is_told(pharmacy: Pharmacy) -> None:
    doctor, county = await stranger_to_it(pharmacy), pharmacy.ward.county
    await open_for(pharmacy, doctor, patient_id=county.old_man)
    row = await Notification.get(kind="break_glass.tell_patient")
    assert row.account_id == county.village_doctor.account_id
    told = await render(pharmacy.ward.practice, row)
    assert isinstance(told, Notice)
    assert "3 号病人" in told.shapes[0].text  # type: ignore[union-attr]


async def test_who_may_and_whom_he_must_name(pharmacy: Pharmacy) -> None:
    ward, county = pharmacy.ward, pharmacy.ward.county
    code = (await ward.row(pharmacy.consultation_id)).code
    elsewhere = await ward.practice.execute(SYSTEM, RegisterOrganisation(full_name="外县人民医院", kind="county_hospital", region_code="520402"))
    other_township = await ward.practice.execute(SYSTEM, RegisterOrganisation(
        full_name="甲茶卫生室", kind="village_clinic", region_code="522727103201", parent_id=county.county_hospital
    ))
    far = await add_staff(ward, elsewhere.organisation_id, Role.DUTY_DOCTOR, "主治医师", 71)
    next_township = await add_staff(ward, other_township.organisation_id, Role.VILLAGE_DOCTOR, "乡村医生", 72)
    colleague = await add_staff(ward, county.clinic, Role.VILLAGE_DOCTOR, "乡村医生", 73)
    for actor in (far, next_township, county.pharmacist, county.scheduler, county.administrator, county.auditor, county.woman_account):
        with pytest.raises(NotAllowed):
            await open_for(pharmacy, actor)
    expert = await stranger_to_it(pharmacy)
    by_code = await open_for(pharmacy, colleague, patient_id=None, consultation_code=code.lower())
    by_number = await open_for(pharmacy, county.duty_doctor, patient_id=None, id_number=id_number(date(1975, 7, 1), 22))
    assert by_code.patient_id == by_number.patient_id == county.woman
    with pytest.raises(PatientUnknown):
        await open_for(pharmacy, expert, patient_id=None, consultation_code="C-ZZZZ")
    with pytest.raises(NotAllowed):
        await open_for(pharmacy, colleague, patient_id=None, consultation_code="C-ZZZZ")
    for both in ({"consultation_code": code}, {"patient_id": None}):
        with pytest.raises(PatientNotNamed):
            await open_for(pharmacy, expert, **both)
    with pytest.raises(WordsEmpty):
        await open_for(pharmacy, expert, words="看一下")


@pytest.mark.parametrize("words", ["", "看看", "        看看      ", "啊啊啊啊啊啊啊啊啊啊啊", "12121212121212"])
def test_words_that_say_nothing_are_no_reason(words: str) -> None:
    with pytest.raises(WordsEmpty):
        check_words(words)


async def test_once_more_while_it_is_open_is_the_same_opening(pharmacy: Pharmacy) -> None:
    doctor = await stranger_to_it(pharmacy)
    first, again = await open_for(pharmacy, doctor), await open_for(pharmacy, doctor, reason="rescue")
    assert first.break_glass_id == again.break_glass_id
    pharmacy.ward.clock.advance(hours=5)
    assert (await open_for(pharmacy, doctor)).break_glass_id != first.break_glass_id
    assert await Notification.filter(kind="break_glass.patient").count() == 2


async def test_after_three_that_nobody_reviewed_no_further_one_opens(pharmacy: Pharmacy) -> None:
    doctor, county = await stranger_to_it(pharmacy), pharmacy.ward.county
    patients = await more_patients(pharmacy.ward, 4)
    opened = [await open_for(pharmacy, doctor, patient_id=one) for one in patients[:3]]
    with pytest.raises(TooManyUnreviewed):
        await open_for(pharmacy, doctor, patient_id=patients[3])
    await pharmacy.give(county.auditor, ReviewBreakGlass(break_glass_id=opened[0].break_glass_id, verdict="justified", words="急诊记录对得上"))
    await open_for(pharmacy, doctor, patient_id=patients[3])


async def test_many_at_once_open_three_and_no_more(pharmacy: Pharmacy) -> None:
    doctor, ward = await stranger_to_it(pharmacy), pharmacy.ward
    patients = await more_patients(ward, 6)
    answers = await asyncio.gather(*[open_for(pharmacy, doctor, patient_id=one) for one in patients], return_exceptions=True)
    assert sum(isinstance(one, BreakGlassView) for one in answers) == 3
    assert all(isinstance(one, BreakGlassView | TooManyUnreviewed | Conflict) for one in answers)
    assert await BreakGlass.filter(slot__isnull=False).count() == 3


async def test_one_patient_at_once_opens_one(pharmacy: Pharmacy) -> None:
    doctor = await stranger_to_it(pharmacy)
    answers = await asyncio.gather(*[open_for(pharmacy, doctor) for _ in range(4)], return_exceptions=True)
    assert {one.break_glass_id for one in answers if isinstance(one, BreakGlassView)} == {(await BreakGlass.get()).id}
    assert not [one for one in answers if not isinstance(one, BreakGlassView | Conflict)]


async def test_the_reviewer_sees_who_and_why_and_which_things_were_read_but_nothing_of_them(pharmacy: Pharmacy) -> None:
    doctor, county = await stranger_to_it(pharmacy), pharmacy.ward.county
    opened = await open_for(pharmacy, doctor)
    await pharmacy.ask(doctor, Case(consultation_id=pharmacy.consultation_id))
    await pharmacy.ask(doctor, ReadOpinion(consultation_id=pharmacy.consultation_id))
    listed = await pharmacy.ask(county.auditor, BreakGlassesToReview())
    assert (listed.unreviewed, listed.openings[0].code, listed.openings[0].reads) == (1, opened.code, ())
    view: ReviewView = await pharmacy.ask(county.auditor, ReadBreakGlass(break_glass_id=opened.break_glass_id))
    assert [one.title for one in view.reads] == ["会诊病例", "专家意见"]
    assert (view.patient, view.words, view.reason_label) == ("李某 女 51 岁", WORDS, "昏迷或说不清病史")
    said = view.model_dump_json()
    assert not [one for one in ("李秀英", "调整降压药", "头晕") if one in said]
    with pytest.raises(NotAllowed):
        await pharmacy.ask(county.auditor, Case(consultation_id=pharmacy.consultation_id))
    for actor in (county.scheduler, county.pharmacist, doctor, county.woman_account):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(actor, BreakGlassesToReview()) if actor is not doctor else await pharmacy.ask(
                actor, ReadBreakGlass(break_glass_id=opened.break_glass_id)
            )


async def test_a_verdict_is_given_once_and_an_unjustified_one_closes_the_record(pharmacy: Pharmacy) -> None:
    doctor, ward, county = await stranger_to_it(pharmacy), pharmacy.ward, pharmacy.ward.county
    opened = await open_for(pharmacy, doctor)
    order = ReviewBreakGlass(break_glass_id=opened.break_glass_id, verdict="unjustified", words="当天没有这位急诊病人")
    answers = await asyncio.gather(
        pharmacy.give(county.auditor, order), pharmacy.give(county.administrator, order), return_exceptions=True
    )
    assert sorted(type(one) is ReviewView for one in answers) == [False, True]
    assert [one for one in answers if isinstance(one, AlreadyReviewed | Conflict)]
    with pytest.raises(NotAllowed):
        await pharmacy.ask(doctor, Case(consultation_id=pharmacy.consultation_id))
    assert "break_glass.reviewed" in await ward.told(doctor)
    assert "break_glass.unjustified" in await ward.told(county.woman_account)
    for kind in ("break_glass.reviewed", "break_glass.unjustified", "break_glass.to_review"):
        told = await render(ward.practice, await Notification.filter(kind=kind).first())  # type: ignore[arg-type]
        assert isinstance(told, Notice)


async def test_nobody_reviews_himself_and_no_other_county_does(pharmacy: Pharmacy) -> None:
    ward, county = pharmacy.ward, pharmacy.ward.county
    both = await add_staff(ward, county.county_hospital, Role.DUTY_DOCTOR, "主治医师", 81, roles=(Role.DUTY_DOCTOR, Role.AUDITOR))
    house = await ward.practice.execute(SYSTEM, RegisterOrganisation(full_name="外县人民医院", kind="county_hospital", region_code="520402"))
    far = await add_staff(ward, house.organisation_id, Role.AUDITOR, "", 82, licence_number="")
    opened = await open_for(pharmacy, both)
    for actor in (both, far):
        with pytest.raises(NotAllowed):
            await pharmacy.give(actor, ReviewBreakGlass(break_glass_id=opened.break_glass_id, verdict="justified", words="没有问题"))
        assert (await pharmacy.ask(actor, BreakGlassesToReview())).openings == ()


async def test_what_nobody_reviews_is_asked_for_again_every_day(pharmacy: Pharmacy) -> None:
    doctor, ward, county = await stranger_to_it(pharmacy), pharmacy.ward, pharmacy.ward.county
    opened = await open_for(pharmacy, doctor)
    assert "break_glass.to_review" in await ward.told(county.auditor)
    await ward.pass_time(seconds=REVIEW_WITHIN.total_seconds() - 1)
    assert "break_glass.overdue" not in await ward.told(county.administrator)
    await ward.pass_time(seconds=2)
    for actor in (county.auditor, county.administrator):
        assert (await ward.told(actor)).count("break_glass.overdue") == 1
    await ward.pass_time(hours=24)
    assert (await ward.told(county.administrator)).count("break_glass.overdue") == 2
    assert (await pharmacy.ask(county.auditor, BreakGlassesToReview())).openings[0].overdue
    await pharmacy.give(county.administrator, ReviewBreakGlass(break_glass_id=opened.break_glass_id, verdict="justified", words="急诊记录对得上"))
    await ward.pass_time(hours=48)
    assert (await ward.told(county.administrator)).count("break_glass.overdue") == 2


async def test_words_lie_sealed_and_a_refusal_leaves_its_entry(pharmacy: Pharmacy) -> None:
    await open_for(pharmacy, await stranger_to_it(pharmacy))
    assert WORDS.encode() not in bytes((await BreakGlass.get()).words)
    with pytest.raises(DomainError):
        await open_for(pharmacy, pharmacy.pharmacist)
    assert await AuditEntry.filter(action="oversight.break_glass", outcome=NotAllowed.code).exists()


async def test_a_page_that_renews_itself_looks_once_an_hour(pharmacy: Pharmacy) -> None:
    doctor, ward = await stranger_to_it(pharmacy), pharmacy.ward
    opened = await open_for(pharmacy, doctor)
    case = Case(consultation_id=pharmacy.consultation_id)
    for _ in range(20):
        await pharmacy.ask(doctor, case)
        await pharmacy.ask(doctor, PatientPrescriptions(patient_id=ward.county.woman))
        ward.clock.advance(seconds=15)
    view: ReviewView = await pharmacy.ask(ward.county.auditor, ReadBreakGlass(break_glass_id=opened.break_glass_id))
    assert view.read_count == len(view.reads) == 2
    ward.clock.advance(hours=1)
    await pharmacy.ask(doctor, case)
    view = await pharmacy.ask(ward.county.auditor, ReadBreakGlass(break_glass_id=opened.break_glass_id))
    assert (view.read_count, len(view.reads)) == (3, 2)


async def test_whose_record_it_is_stands_at_its_head(pharmacy: Pharmacy) -> None:
    doctor, ward = await stranger_to_it(pharmacy), pharmacy.ward
    head = EmergencyHead(patient_id=ward.county.woman)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(doctor, head)
    opened = await open_for(pharmacy, doctor)
    assert opened.patient.startswith("李某 女 ")
    told = await pharmacy.ask(doctor, head)
    assert (told.patient, told.sex_label) == ("李某", "女")
    assert "过敏" in dict(told.safety)
    (mine,) = (await pharmacy.ask(doctor, MyBreakGlasses())).openings
    assert mine.patient == opened.patient
    other = await open_for(pharmacy, doctor, patient_id=ward.county.old_man)
    assert other.patient.startswith("罗某 男")
    unasked = await pharmacy.ask(doctor, EmergencyHead(patient_id=ward.county.old_man))
    assert dict(unasked.safety)["过敏"] == "还没有问"


async def test_who_gets_the_short_notice_reads_who_it_was_and_that_he_may_complain(pharmacy: Pharmacy) -> None:
    doctor, ward = await stranger_to_it(pharmacy), pharmacy.ward
    opened = await open_for(pharmacy, doctor)
    order = ReviewBreakGlass(break_glass_id=opened.break_glass_id, verdict="unjustified", words="当天没有这位急诊病人")
    view: ReviewView = await pharmacy.give(ward.county.auditor, order)
    words = []
    for kind in ("break_glass.patient", "break_glass.unjustified"):
        told = await render(ward.practice, await Notification.get(account_id=ward.county.woman_account.account_id, kind=kind))
        assert isinstance(told, Notice)
        assert told.template is not None
        words.append(told.template[1]["text"])
        assert words[-1].startswith(view.doctor[:4])
        assert len(words[-1]) <= 20
    assert "昏迷" in words[0]
    assert "投诉" in words[1]
