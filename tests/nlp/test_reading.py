"""Utterances and what must be read in them (readings.csv), answers to questions, and merging."""

import csv
from pathlib import Path

import pytest

from nlp.clinical import asked, inquiry
from nlp.clinical.case import Case
from nlp.engine import Engine
from nlp.interface.assessment import Facts, Question
from nlp.interface.reading import Reading, Status

ROWS = list(csv.DictReader(Path(__file__).with_name("readings.csv").open(encoding="utf-8")))


def codes(reading: Reading, *statuses: Status) -> set[str]:
    return {f.code for f in (*reading.findings, *reading.conditions) if f.status in statuses and f.subject == "patient"}


def fact(reading: Reading, name: str) -> str:
    measured = {m.code: f"{m.value:g}" for m in reading.measurements}
    person = reading.person
    told = {"relation": person.relation, "age": person.age_days, "sex": person.sex, "pregnant": person.pregnant, "weeks": person.pregnancy_weeks}
    told["said"] = reading.urgency_said
    return measured[name] if name in measured else str(told[name])


@pytest.mark.parametrize("row", ROWS, ids=[row["text"] for row in ROWS])
def test_reading(engine: Engine, row: dict[str, str]) -> None:
    reading = engine.read(row["text"])
    assert set(row["present"].split()) <= codes(reading, Status.PRESENT, Status.UNCERTAIN)
    assert not set(row["absent"].split()) & codes(reading, Status.PRESENT, Status.UNCERTAIN)
    for item in row["facts"].split():
        if ">=" in item:
            code, _, hours = item.partition(">=")
            found = next(f for f in reading.findings if f.code == code)
            assert found.duration_hours is not None
            assert found.duration_hours >= float(hours)
        else:
            name, _, value = item.partition("=")
            assert fact(reading, name) == value


def ask(code: str) -> Question:
    return inquiry.as_question(asked.questions()[code], Case(Facts()))


def test_a_bare_number_answers_the_age(engine: Engine) -> None:
    reading = engine.read("58 有糖尿病", answering=ask("age_chronic"))
    assert reading.person.age_years == pytest.approx(58, abs=0.1)
    assert codes(reading, Status.PRESENT) == {"diabetes"}
    assert engine.read("八个月", answering=ask("child_age")).person.age_days == 244


def test_two_facts_in_one_answer(engine: Engine) -> None:
    reading = engine.read("四天了 黄痰", answering=ask("cough_detail"))
    found = {f.code: f for f in reading.findings}
    assert found["cough"].duration_hours == 96
    assert found["yellow_phlegm"].status is Status.PRESENT


@pytest.mark.parametrize("said", ["没有", "都没有", "没有 就是闷", "没得", "无", "没有啊", "没有的,就是闷", "不是"])
def test_no_denies_what_was_asked(engine: Engine, said: str) -> None:
    assert codes(engine.read(said, answering=ask("chest_danger")), Status.ABSENT) >= {"dyspnoea", "radiating_pain", "sweating"}


@pytest.mark.parametrize("said", ["不清楚", "不知道", "不晓得", "说不清"])
def test_unknown_says_nothing(engine: Engine, said: str) -> None:
    reading = engine.read(said, answering=ask("chest_danger"))
    assert (reading.findings, reading.not_understood) == ((), False)


def test_a_bare_yes_leaves_open_which(engine: Engine) -> None:
    reading = engine.read("有", answering=ask("chest_danger"))
    assert reading.findings == ()
    assert set(reading.one_of) == {"dyspnoea", "radiating_pain", "sweating"}


def test_partial_answer_keeps_words_over_the_no(engine: Engine) -> None:
    reading = engine.read("没有,就是有点喘不上气", answering=ask("chest_danger"))
    assert "dyspnoea" in codes(reading, Status.PRESENT)
    assert "sweating" in codes(reading, Status.ABSENT)


def test_tapped_choice(engine: Engine) -> None:
    reading = engine.read("喘不上气", answering=ask("chest_danger"), choice="dyspnoea")
    assert codes(reading, Status.PRESENT) == {"dyspnoea"}
    tapped = engine.read("65 岁以上", answering=ask("age"), choice="old")
    assert tapped.person.age_words == "65 岁以上"


def test_later_words_replace_earlier_ones(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("发烧三天,咳嗽"))
    facts = engine.merge(facts, engine.read("不发烧了"))
    assert {f.code: f.status.value for f in facts.findings} == {"fever": "absent", "cough": "present"}
    facts = engine.merge(facts, engine.read("体温39度"))
    facts = engine.merge(facts, engine.read("体温38.2度"))
    assert [m.value for m in facts.measurements] == [38.2]


def test_another_person_later_does_not_mix_in(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("我头晕三天"))
    facts = engine.merge(facts, engine.read("我妈有糖尿病"))
    assert [(f.code, f.subject) for f in facts.conditions] == [("diabetes", "mother")]
    assert facts.person.relation == "self"


def test_what_is_not_understood_says_so(engine: Engine) -> None:
    assert engine.read("今天的天空好蓝呀").not_understood
    assert not engine.read("你好").not_understood
    assert not engine.read("").not_understood
