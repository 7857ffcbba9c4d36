"""The age of a child told by itself, beside what ails it, is its age; a length of the illness stays one."""

import pytest

from nlp.engine import Engine
from nlp.interface.assessment import Facts, Question

MONTH = 30.4375


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("孩子便血,八个月", 8 * MONTH),
        ("孩子拉肚子便血。八个月", 8 * MONTH),
        ("娃儿便血 8个月了", 8 * MONTH),
        ("八个月,孩子便血", 8 * MONTH),
        ("宝宝发烧,现在才三个月大", 3 * MONTH),
        ("宝宝咳嗽三天了,一个半月", 1.5 * MONTH),
        ("便血,八个月大", 8 * MONTH),
        ("娃发烧,40天大", 40),
        ("宝宝咳嗽,才四十天", 40),
        ("孩子发烧,满月了", 30),
        ("孙女流鼻涕,她快十个月了", 10 * MONTH),
    ],
)
def test_age_told_alone(engine: Engine, text: str, days: float) -> None:
    reading = engine.read(text)
    assert reading.person.age_days is not None
    assert abs(reading.person.age_days - days) <= 1
    assert {finding.duration_hours for finding in reading.findings} <= {None, 72.0}


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("孩子便血好几个月了", 4 * 730.0),
        ("孩子咳嗽,有三个月了", 3 * 730.0),
        ("孩子咳嗽,都三个月了", 3 * 730.0),
        ("孩子咳嗽三个月了", 3 * 730.0),
        ("孩子拉肚子三天", 72.0),
        ("孩子发烧,三天", 72.0),
        ("孩子发烧,才三天", 72.0),
        ("我妈咳嗽,三个月了,孩子没事", 3 * 730.0),
        ("我咳嗽,三个月了", 3 * 730.0),
        ("我儿子咳嗽,四十个月了", 40 * 730.0),
    ],
)
def test_length_of_the_illness(engine: Engine, text: str, hours: float) -> None:
    reading = engine.read(text)
    assert reading.person.age_days is None
    assert next(finding.duration_hours for finding in reading.findings if finding.status == "present") == hours


def test_hard_stools_of_three_months(engine: Engine) -> None:
    """大 belongs to the stool here."""
    assert engine.read("孩子便秘,三个月大便带血").person.age_days is None


@pytest.mark.parametrize("answer", ["八个月", "八个月了", "才八个月大", "还好,八个月"])
def test_answer_about_a_child_of_unknown_age(engine: Engine, answer: str) -> None:
    """Whatever was asked meanwhile: the talk is of a child and nobody said how old it is."""
    known = engine.merge(Facts(), engine.read("孩子抽风了"))
    after = engine.merge(known, engine.read(answer, known=known))
    assert after.person.age_days == 244
    grown_up = engine.merge(Facts(), engine.read("我妈抽风了"))
    assert engine.merge(grown_up, engine.read(answer, known=grown_up)).person.age_days is None or answer == "才八个月大"


def test_how_long_is_answered_with_a_length(engine: Engine) -> None:
    known = engine.merge(Facts(), engine.read("孩子咳嗽"))
    asked = Question(code="duration:cough", text="咳了多久了?", choices=())
    reading = engine.read("三个月", answering=asked, known=known)
    assert reading.person.age_days is None
    assert [finding.duration_hours for finding in reading.findings] == [3 * 730.0]
