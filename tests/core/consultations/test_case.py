"""A case on one screen: what stands on it, who may read it, and what each reader is spared."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.consultations.commands_case import Case, CaseView
from core.consultations.picture import Mark, marks_of, question_of
from core.followups.commands import RecordReading
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.prescriptions.commands_facts import RecordFacts
from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Span, Status
from tests.core.dispatch.test_with_intake import says_danger
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward
from tests.core.prescriptions.pharmacy import item, open_pharmacy
from tests.support.county import NUMBER_WITH_WECHAT


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=4)


async def taken(ward: Ward, line: str = CRITICAL) -> tuple[str, Actor]:
    asked = await ward.request(line, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    return asked.consultation_id, ward.who(offer)


@pytest.mark.storage
async def test_everything_of_a_case_is_there(ward: Ward) -> None:
    await says_danger(ward)
    consultation_id, expert = await taken(ward, CRITICAL + "。请问要不要溶栓?")
    doctor = ward.county.village_doctor
    await ward.practice.execute(doctor, RecordFacts(
        consultation_id=consultation_id, allergies_asked=True, allergies=("penicillin",), current=("amlodipine",), pregnancy="no",
        creatinine=Decimal("88"), potassium=Decimal("4.10"),
    ))
    view: CaseView = await ward.practice.ask(expert, Case(consultation_id=consultation_id))
    assert (view.patient.name, view.patient.sex_label, view.patient.age, view.patient.number) == ("李秀英(演示)", "女", "51 岁", None)
    assert [(view.complaint[one.start : one.end], one.term, one.status) for one in view.findings] == [
        ("胸痛", "胸痛", "present"), ("出冷汗", "出冷汗", "present"),
    ]
    assert view.question == "请问要不要溶栓?"
    assert ("血压", "90/60") in view.vitals
    assert view.reasons == ("胸痛加出冷汗",)
    assert view.safety_facts[:2] == (("过敏", "青霉素类"), ("正在用的药", "氨氯地平"))
    assert dict(view.labs).keys() == {"肌酐", "eGFR", "血钾"}
    assert dict(view.labs)["血钾"] == "4.1 mmol/L"
    (intake,) = view.history
    assert intake.kind == "intake"
    assert "患者:我半拉身子不听使唤" in intake.lines
    assert view.opinion is None
    assert view.expert is not None
    assert view.timeline[0].kind == "requested"
    assert await AuditEntry.filter(action="consultations.case", subject_id=ward.county.woman).exists()

    hers: CaseView = await ward.practice.ask(doctor, Case(consultation_id=consultation_id))
    assert hers.patient.number == NUMBER_WITH_WECHAT
    assert [one.lines for one in hers.history] == [()]


@pytest.mark.storage
async def test_what_was_before_comes_with_its_opinion_and_its_measures(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    await pharmacy.decide()
    ward.clock.advance(minutes=5)
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    view: CaseView = await ward.practice.ask(ward.county.village_doctor, Case(consultation_id=asked.consultation_id))
    (before,) = view.history
    assert before.kind == "consultation"
    assert before.lines == ("头晕", "调整降压药", "村医决定:同意")
    assert view.earlier_vitals == ()
    await ward.practice.execute(ward.county.woman_account, RecordReading(patient_id=ward.county.woman, systolic=150, diastolic=96))
    await ward.practice.execute(ward.county.woman_account, RecordReading(patient_id=ward.county.woman, glucose=Decimal("7.20")))
    ward.clock.advance(minutes=5)
    later = await ward.request("胸痛2小时 出冷汗 血压150/95", number=NUMBER_WITH_WECHAT)
    view = await ward.practice.ask(ward.county.village_doctor, Case(consultation_id=later.consultation_id))
    assert [(one.name, one.value) for one in view.earlier_vitals] == [("血压", "90/60"), ("血压", "150/96"), ("空腹血糖", "7.2 mmol/L")]
    assert [one.at for one in view.earlier_vitals] == sorted(one.at for one in view.earlier_vitals)
    assert ("血压", "150/95") in view.vitals
    assert view.safety_facts == (("过敏", "还没有问"), ("正在用的药", "还没有问"))


@pytest.mark.storage
async def test_who_may_read_a_case(ward: Ward) -> None:
    pharmacy = await open_pharmacy(ward)
    county, order = ward.county, Case(consultation_id=pharmacy.consultation_id)
    other = next(one for one in ward.hearts if one.practitioner_id != pharmacy.expert.practitioner_id)
    for actor in (other, county.woman_account, county.stranger, county.scheduler, county.administrator, county.auditor, county.pharmacist):
        with pytest.raises(NotAllowed):
            await ward.practice.ask(actor, order)
    for actor in (pharmacy.expert, county.village_doctor, county.duty_doctor):
        assert (await ward.practice.ask(actor, order)).opinion.signature_valid
    # A pharmacist has a part in it once there is something to review.
    await pharmacy.facts()
    proposed = await pharmacy.propose(item("amlodipine", "5"))
    with pytest.raises(NotAllowed):
        await ward.practice.ask(county.pharmacist, order)
    await pharmacy.sign(proposed)
    assert (await ward.practice.ask(county.pharmacist, order)).opinion.advice == "调整降压药"


def finding(text: str, words: str, term: str, status: Status = Status.PRESENT, subject: str = "patient") -> Finding:
    start = text.index(words)
    return Finding(code=term, term=term, status=status, span=Span(start=start, end=start + len(words), text=words), subject=subject)


def test_marks_stand_where_it_was_said_and_never_overlap() -> None:
    text = "𠮷大爷胸口痛,没有发烧,他妈咳嗽"
    facts = Facts(findings=(
        finding(text, "发烧", "发热", Status.ABSENT), finding(text, "胸口痛", "胸痛"), finding(text, "口痛", "口腔痛"),
        finding(text, "咳嗽", "咳嗽", subject="mother"),
    ))
    assert marks_of(facts, text) == (
        Mark(start=3, end=6, term="胸痛", status=Status.PRESENT), Mark(start=9, end=11, term="发热", status=Status.ABSENT),
    )
    assert marks_of(facts, "别的话") == ()


@pytest.mark.parametrize(("text", "question"), [
    ("胸痛2小时 出冷汗", ""),
    ("胸痛2小时。请问要不要转院? 危急", "请问要不要转院?"),
    ("发烧三天,咳嗽,能不能用左氧氟沙星", "能不能用左氧氟沙星"),
    ("想问降压药怎么调。另外要不要查肾功能?谢谢", "想问降压药怎么调;要不要查肾功能?"),
    ("", ""),
])
def test_what_she_asks_is_found_in_her_line(text: str, question: str) -> None:
    assert question_of(text).replace("另外", "") == question


SAID = st.text(st.sampled_from("胸痛咳嗽2天小时请问要不要转院能不能是否怎么办吗另外,,。;;!!??\n \t𠮷é\u200b"), max_size=60)


@given(SAID | st.text(max_size=60))
def test_whatever_she_writes_her_question_is_of_her_own_words(text: str) -> None:
    asked = question_of(text)
    assert asked == asked.strip()
    assert "\n" not in asked
    for one in filter(None, asked.split(";")):
        assert one.replace(",", ",") in text.replace(",", ",")
    assert question_of(f"{text}。要不要转院?").endswith("要不要转院?")
    if not any(mark in text for mark in "??请想问求要能可是怎该需"):
        assert asked == ""


@given(st.data())
def test_whatever_was_read_the_marks_stand_in_the_text_and_apart(data: st.DataObject) -> None:
    text = data.draw(SAID)
    place = st.integers(0, len(text) + 2)
    findings = []
    for start, end in data.draw(st.lists(st.tuples(place, place), max_size=8)):
        words = data.draw(st.sampled_from([text[start:end], "别的"]))
        span = Span.model_construct(start=start, end=end, text=words)
        subject = data.draw(st.sampled_from(["patient", "mother"]))
        findings.append(Finding.model_construct(code="x", term="痛", status=Status.PRESENT, span=span, subject=subject))
    marks = marks_of(Facts.model_construct(findings=tuple(findings)), text)
    ends = [place for mark in marks for place in (mark.start, mark.end)]
    assert ends == sorted(ends)
    assert all(0 <= mark.start < mark.end <= len(text) for mark in marks)
    for mark in marks:
        assert any((one.span.start, one.span.end, one.span.text, one.subject) == (mark.start, mark.end, text[mark.start : mark.end], "patient")
                   for one in findings)
