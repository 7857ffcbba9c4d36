"""The pure decisions: levels only rise, two people are never mixed, one question in danger; and the words for what was understood."""

from __future__ import annotations

from datetime import date

import pytest

from core.intake.rules import (
    DETAIL_CODE,
    PLACE,
    PLACE_OF_ONE_IN_DESPAIR,
    SAID_CRITICAL,
    danger_stands,
    emergency_question,
    must_alert,
    names_place,
    onset_told,
    patient_meant,
    place_missed,
    place_unknown,
    standing_assessment,
    talks_of_another,
    with_record,
)
from core.intake.wording import age, duration, understood_words
from nlp.interface.assessment import Assessment, Choice, Emergency, Facts, Question
from nlp.interface.reading import Finding, Measurement, Person, Reading, Span, Status
from nlp.interface.urgency import Urgency

SPAN = Span(start=0, end=1, text="x")
STROKE = Emergency(rule="stroke", suspected="中风", do_now=("请马上打 120。",), do_not=(), ask_next="是什么时候开始的?")


def assessed(level: Urgency | None, emergency: Emergency | None = None) -> Assessment:
    return Assessment(level=level, complete=True, emergency=emergency)


def finding(code: str, term: str, status: Status = Status.PRESENT, start: int = 0, **more: object) -> Finding:
    values = {"code": code, "term": term, "status": status, "span": Span(start=start, end=start + 1, text="x"), **more}
    return Finding.model_validate(values)


@pytest.mark.parametrize("before", [None, *Urgency])
@pytest.mark.parametrize("computed", [None, *Urgency])
def test_the_level_never_falls(before: Urgency | None, computed: Urgency | None):
    standing = standing_assessment(None if before is None else assessed(before), assessed(computed), None)
    known = [level for level in (before, computed) if level is not None]
    assert standing.level == (max(known, key=lambda level: level.severity) if known else None)


def test_in_danger_there_is_always_something_to_do():
    assert standing_assessment(None, assessed(Urgency.CRITICAL), None).emergency == SAID_CRITICAL
    assert standing_assessment(assessed(Urgency.CRITICAL, STROKE), assessed(Urgency.CRITICAL), None).emergency == STROKE
    assert standing_assessment(assessed(Urgency.CRITICAL, STROKE), assessed(Urgency.ROUTINE), None).emergency == STROKE


@pytest.mark.parametrize(
    ("said", "computed", "level"),
    [
        ("emergent", Urgency.ROUTINE, Urgency.EMERGENT),
        ("routine", Urgency.EMERGENT, Urgency.EMERGENT),
        ("emergent", None, None),
        ("critical", None, Urgency.CRITICAL),
        (None, Urgency.URGENT, Urgency.URGENT),
    ],
)
def test_typed_and_computed_combine_by_the_worse(said: str | None, computed: Urgency | None, level: Urgency | None):
    standing = standing_assessment(None, assessed(computed), said)
    assert standing.level == level
    if level is not computed:
        assert standing.reasons[-1].text.startswith("您说情况是「")


def test_in_despair_he_is_asked_first_whether_he_is_alone_then_where_he_is():
    alone = Question(code="safe_now", text="您现在身边有人吗?", choices=(Choice(code="alone", label="一个人"),), rules_out_danger=True)
    despair = Emergency(rule="suicidal", suspected="", first="谢谢您告诉我。", do_now=("打 12356",), do_not=(), question=alone)
    danger = assessed(Urgency.CRITICAL, despair)
    assert emergency_question(danger, Facts(), place_known=False) == alone
    asked_before = Facts(asked=("safe_now",))
    assert emergency_question(danger, asked_before, place_known=False) == PLACE_OF_ONE_IN_DESPAIR
    assert emergency_question(danger, Facts(asked=("safe_now", PLACE.code)), place_known=False) is None
    assert emergency_question(assessed(Urgency.EMERGENT, despair), asked_before, place_known=False) is None


def test_a_length_is_shown_as_it_was_said_and_despair_is_not_read_back():
    dizzy = finding("dizziness", "头晕", duration_hours=14, duration_words="从早上起")
    assert understood_words(Reading(findings=(dizzy,))) == ("头晕 从早上起",)
    assert understood_words(Reading(findings=(finding("suicidal", "想自杀"), finding("means_at_hand", "手边有能伤害自己的东西")))) == ()


def test_somebody_is_called_where_a_red_flag_stands_and_again_when_it_becomes_critical():
    bleeding = assessed(Urgency.EMERGENT).model_copy(update={"red_flag": "alone.haematemesis"})
    critical = assessed(Urgency.CRITICAL)
    assert must_alert(False, None, bleeding)
    assert not must_alert(True, "emergent", bleeding)
    assert must_alert(True, "emergent", critical)
    assert not must_alert(True, "critical", critical)
    assert must_alert(False, "critical", critical), "nobody could be called before"
    assert not must_alert(False, None, assessed(Urgency.EMERGENT)), "a danger that was merely not ruled out alarms nobody"
    assert not must_alert(False, None, assessed(None))


def test_a_red_flag_that_was_told_stays():
    bleeding = assessed(Urgency.EMERGENT).model_copy(update={"red_flag": "alone.haematemesis"})
    for later in (assessed(Urgency.URGENT), assessed(Urgency.EMERGENT), assessed(None)):
        assert danger_stands(standing_assessment(bleeding, later, None))


def test_two_people_are_not_mixed():
    child = Reading(person=Person(relation="child"), findings=(finding("fever", "发烧"),))
    assert talks_of_another("self", child)
    assert not talks_of_another("child", child)
    assert not talks_of_another(None, child)
    assert not talks_of_another("self", Reading(person=Person(relation="child")))
    history = Reading(person=Person(relation="father"), findings=(finding("diabetes", "糖尿病", subject="father"),))
    assert not talks_of_another("self", history)


def test_a_patient_is_meant_only_when_it_is_clear():
    known = [("self", "1"), ("child", "2"), ("child", "3"), ("father", "4")]
    assert patient_meant("father", known) == "4"
    assert patient_meant("child", known) is None
    assert patient_meant("mother", known) is None
    assert patient_meant(None, known) is None


def test_what_is_on_record_is_not_asked_but_what_was_said_stands():
    facts = with_record(Facts(), sex="male", birth=date(2026, 11, 10), today=date(2026, 11, 20))
    assert (facts.person.age_days, facts.person.sex) == (10, "male")
    said = Facts(person=Person(age_days=3, sex="female"))
    assert with_record(said, sex="male", birth=date(1968, 3, 9), today=date(2026, 11, 20)) == said


def test_in_danger_first_the_place_then_the_time_each_once():
    danger = assessed(Urgency.CRITICAL, STROKE)
    assert emergency_question(danger, Facts(), place_known=False) == PLACE
    time = emergency_question(danger, Facts(asked=(PLACE.code,)), place_known=False)
    assert time is not None
    assert (time.code, time.text) == (DETAIL_CODE, "是什么时候开始的?")
    assert emergency_question(danger, Facts(), place_known=True) == time
    assert emergency_question(danger, Facts(asked=(PLACE.code, DETAIL_CODE)), place_known=False) is None
    assert emergency_question(assessed(Urgency.ROUTINE), Facts(), place_known=False) is None


@pytest.mark.parametrize("said", ["塘边镇新塘村三组", "三道沟", "在家里", "村口的大路边", "在田里,脚肿了", "不在村里,在工地", "新塘", "老半天坡"])
def test_a_place_is_taken_for_one(said: str):
    swollen = Reading(findings=(finding("oedema", "浮肿"),)) if "肿" in said else Reading()
    assert names_place(said, swollen)


@pytest.mark.parametrize("said", ["半个小时前", "刚刚", "两小时", "昨天开始", "昨晚十点多", "没有", "是", "好的", "没人管我", "嗯", "打了"])
def test_a_time_and_an_answer_are_no_place(said: str):
    assert not names_place(said, Reading())
    assert not place_unknown(said)


def test_what_hurts_and_an_age_are_no_place():
    assert not names_place("脚肿得老高", Reading(findings=(finding("oedema", "浮肿"),)))
    assert not names_place("2岁", Reading(person=Person(age_days=730)))
    assert all(place_unknown(said) for said in ("不清楚", "我不知道", "不晓得"))


def test_the_place_is_asked_again_when_something_else_was_said():
    danger = assessed(Urgency.CRITICAL, STROKE)
    said = place_missed(Facts(asked=(PLACE.code,)), danger)
    assert emergency_question(danger, said, place_known=False) == PLACE
    told = onset_told(said, "半个小时前", danger)
    assert DETAIL_CODE in told.asked
    assert onset_told(said, "是", danger) == said
    despair = assessed(Urgency.CRITICAL, Emergency(rule="suicidal", suspected="", first="谢谢您告诉我。", do_now=("打 12356",), do_not=()))
    once = place_missed(Facts(asked=(PLACE.code,)), despair)
    assert emergency_question(despair, once, place_known=False) == PLACE_OF_ONE_IN_DESPAIR
    again = place_missed(once.model_copy(update={"asked": (*once.asked, PLACE.code)}), despair)
    assert emergency_question(despair, again, place_known=False) is None


def test_a_disease_that_was_only_asked_about_is_not_read_back():
    cough = finding("cough", "咳嗽", start=9)
    asked_about = finding("cancer", "癌症", Status.UNCERTAIN, start=3)
    assert understood_words(Reading(findings=(cough,), conditions=(asked_about,))) == ("咳嗽",)
    known = finding("hypertension", "高血压", start=3)
    assert understood_words(Reading(findings=(cough,), conditions=(known,))) == ("高血压", "咳嗽")


def test_words_for_what_was_understood():
    reading = Reading(
        findings=(
            finding("cough", "咳嗽", start=5, duration_hours=96),
            finding("fever", "发烧", start=8),
            finding("dyspnea", "喘不上气", Status.ABSENT, start=20),
            finding("chest_tightness", "胸口闷", Status.UNCERTAIN, start=15),
            finding("fever", "发烧", subject="mother"),
        ),
        measurements=(
            Measurement(code="temperature", value=38.5, unit="Cel", span=SPAN),
            Measurement(code="systolic", value=90, unit="mm[Hg]", span=Span(start=30, end=31, text="x")),
            Measurement(code="diastolic", value=60, unit="mm[Hg]", span=Span(start=31, end=32, text="x")),
            Measurement(code="heart_rate", value=112, unit="/min", span=Span(start=40, end=41, text="x")),
        ),
        conditions=(finding("diabetes", "糖尿病", start=50),),
    )
    assert understood_words(reading) == (
        "咳嗽 4 天", "发烧 38.5℃", "胸口闷(不确定)", "没有喘不上气", "血压 90/60", "心率 112 次/分", "糖尿病",
    )
    assert understood_words(Reading()) == ()
    child = Reading(person=Person(relation="child", age_days=243), findings=(finding("fever", "发烧"),))
    assert understood_words(child) == ("8 个月大", "发烧")


@pytest.mark.parametrize(("days", "words"), [(0, "0 天大"), (12, "12 天大"), (243, "8 个月大"), (21185, "58 岁"), (731, "2 岁")])
def test_ages(days: int, words: str):
    assert age(days) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.5, "30 分钟"), (0.0, "1 分钟"), (2, "2 小时"), (30, "1.2 天"), (96, "4 天"), (168, "7 天"), (504, "3 周"), (1461, "2 个月"), (17532, "2 年")],
)
def test_durations(hours: float, words: str):
    assert duration(hours) == words


def test_an_age_in_years_is_the_one_that_was_said():
    assert [age(int(years * 365.25)) for years in range(2, 111)] == [f"{years} 岁" for years in range(2, 111)]
