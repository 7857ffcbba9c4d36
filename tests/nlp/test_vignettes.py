"""Told cases (vignettes.jsonl): an automatic patient talks with the engine; no emergency may be missed, and the share of right levels may not fall.

The cases were written from medicine before the engine was asked, those whose id begins with rv later and by somebody who knew neither rules nor
lexicon; a clinician can read them line by line. ``source`` names the guideline or textbook on which the level rests; editions are cited from memory
and were not opened for this purpose: open them before relying on one. The rules and the lexicon were mended after these cases had been tried, so the
figures here say that nothing got worse; they are no measure on cases never seen.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nlp.clinical.department_labels import codes_of
from nlp.engine import Engine
from nlp.evaluate import vignettes
from nlp.evaluate.patient import Interviewer, Talk
from nlp.interface.assessment import Facts

FILE = Path(__file__).with_name("vignettes.jsonl")
ROWS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
EMERGENCIES = [row["id"] for row in ROWS if row["urgency_level"] in ("critical", "emergent")]
RIGHT_LEVEL_FLOOR, RIGHT_OF_THREE_FLOOR = 0.645, 0.82
"""Measured are 105 of 159 on five levels and 133 on three: asked in the open people tell more, and what they add only raises. Two cases or so are
left for honest changes elsewhere (docs/vignettes.md)."""
MOST_BELOW = 2
"""Pimples at 17 years and a bald patch on a child's head, both routine by the file and self-care by the rules. Nobody else may be sent home."""
MOST_OVER, MOST_FALSE_EMERGENCIES = 0.345, 0.21
"""Measured are 53 of 159, and 19 of 101 that are no emergency."""


@cache
def _engine() -> Engine:
    built = Engine()
    built.warm()
    return built


@cache
def _talks(knows_person: bool) -> dict[str, Talk]:
    interviewer = Interviewer(_engine(), knows_person=knows_person)
    return {vignette.id: interviewer.talk(vignette) for vignette in vignettes.read(FILE)}


def test_the_cases_are_many_balanced_and_complete() -> None:
    assert len(ROWS) >= 150
    assert len({row["id"] for row in ROWS}) == len({row["opening_zh"] for row in ROWS}) == len(ROWS)
    levels = Counter(row["urgency_level"] for row in ROWS)
    assert set(levels) == set(vignettes.FIVE)
    assert min(levels.values()) >= 25
    assert min(Counter(row["sex"] for row in ROWS).values()) >= 70
    years = [row["age"] * {"y": 1, "m": 1 / 12, "d": 1 / 365}[row["age_unit"]] for row in ROWS]
    assert min(years) < 0.05
    assert max(years) >= 90
    assert sum(age < 15 for age in years) >= 35
    assert sum(age >= 65 for age in years) >= 25
    assert len({row["speaker"] for row in ROWS}) >= 15
    assert len({row["region"] for row in ROWS}) >= 12
    assert sum(row["region"] != "普通话" for row in ROWS) >= len(ROWS) / 2
    for row in ROWS:
        assert row["source"]
        assert any(year in row["source"] for year in ("19", "20")), row["id"]
        assert 4 <= len(row["facts_zh"].split("；")) <= 10, row["id"]
        assert all(codes_of(name) for name in row["departments_ok"]), row["id"]


@pytest.mark.parametrize("knows_person", [True, False], ids=["age and sex on record", "age and sex asked for"])
@pytest.mark.parametrize("name", EMERGENCIES)
def test_no_emergency_is_missed(name: str, knows_person: bool) -> None:
    level = _talks(knows_person)[name].assessment.level
    assert level is not None
    assert level.value in ("critical", "emergent")


def test_levels_are_right_as_often_as_they_were() -> None:
    talks = list(_talks(True).values())
    for three, floor in ((False, RIGHT_LEVEL_FLOOR), (True, RIGHT_OF_THREE_FLOOR)):
        found = vignettes.judged(talks, three=three)
        assert sum(one.difference == 0 for one in found) >= floor * len(found)


@pytest.mark.parametrize("knows_person", [True, False], ids=["age and sex on record", "age and sex asked for"])
@pytest.mark.parametrize("three", [False, True], ids=["five levels", "three levels"])
def test_nobody_else_is_judged_less_urgent_than_he_is(knows_person: bool, three: bool) -> None:
    talks = list(_talks(knows_person).values())
    below = [talk.vignette.id for talk, one in zip(talks, vignettes.judged(talks, three=three), strict=True) if one.difference < 0]
    assert len(below) <= MOST_BELOW, below


def test_over_triage_does_not_grow() -> None:
    found = vignettes.judged(list(_talks(True).values()), three=False)
    assert sum(one.difference > 0 for one in found) <= MOST_OVER * len(found)
    others = [one for one in vignettes.judged(list(_talks(True).values()), three=True) if one.expected != "em"]
    assert sum(one.given == "em" for one in others) <= MOST_FALSE_EMERGENCIES * len(others)


def test_few_questions_and_none_twice() -> None:
    talks = _talks(True).values()
    assert sorted(talk.questions for talk in talks)[len(ROWS) // 2] <= 8
    for talk in talks:
        asked = [question.code for question, _ in talk.turns]
        assert len(asked) == len(set(asked)), talk.vignette.id


@pytest.mark.parametrize(
    ("said", "denied", "near_miss"),
    [
        ("嘴皮不乌", "cyanosis", "嘴皮有点乌"),
        ("人清醒", "confusion", "人不清醒"),
        ("人还明白", "confusion", "人一会儿清醒一会儿糊涂"),
        ("神志清楚", "unconscious", "神志不清楚"),
        ("说话能说整句", "cannot_speak_sentence", "说话说不完整句"),
        ("喘气还行", "dyspnoea", "喘气不行"),
        ("出气蛮匀", "dyspnoea", "出气好困难"),
        ("手脚都有劲", "one_side_weak", "手脚没劲"),
        ("血已经不流了", "heavy_bleeding", "血一直流,止不住"),
        ("看东西清楚", "vision_loss", "看东西不清楚"),
        ("说话清楚", "speech_trouble", "说话不清楚"),
        ("小便正常", "urine_less", "小便不正常"),
        ("胸口没有凹进去", "chest_indrawing", "胸口往里凹"),
        ("肚子不硬", "rigid_abdomen", "肚子硬邦邦的"),
    ],
)
def test_a_denied_danger_sign_is_heard_and_a_doubtful_one_is_not_denied(engine: Engine, said: str, denied: str, near_miss: str) -> None:
    def denies(text: str) -> bool:
        facts = engine.merge(Facts(), engine.read(text))
        return any(finding.code == denied and finding.status.value == "absent" for finding in facts.findings)

    assert denies(said)
    assert not denies(near_miss)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("宝宝才四十天,摸着烫", 40),
        ("娃40天,发烧", 40),
        ("我孙子满30天", 30),
        ("宝宝5天大", 5),
        ("孩子三天没拉屎", None),
        ("娃三天,一直拉", None),
        ("儿子20天没回家", None),
    ],
)
def test_the_age_of_a_newborn_in_days_is_no_length_of_illness(engine: Engine, said: str, days: int | None) -> None:
    assert engine.read(said).person.age_days == days


@pytest.mark.parametrize(("said", "days"), [("40天", 40), ("才五天", 5), ("6周", 42), ("出生20天", 20), ("烧了三天", None)])
def test_an_age_in_days_answers_the_question_for_the_age(engine: Engine, said: str, days: int | None) -> None:
    question = engine.next_question(engine.merge(Facts(), engine.read("孩子发烧")))
    assert question is not None
    assert question.code == "child_age"
    assert engine.read(said, answering=question).person.age_days == days


@pytest.mark.parametrize(
    ("said", "relation"),
    [("右边奶奶痛", None), ("我奶奶痛得很", "grandmother"), ("怀孕36周,今天孩子动得比平时少", None), ("孩子今天动得少,不吃奶", "child")],
)
def test_a_breast_is_no_grandmother_and_an_unborn_child_no_patient(engine: Engine, said: str, relation: str | None) -> None:
    assert engine.read(said).person.relation == relation


@pytest.mark.parametrize("words", ["呼吸" + "还是都也" * 1200, "宝宝" + "刚刚满" * 1600, "人" + "也都还是" * 1200, "怀孕" * 2500, "人清醒" * 1600])
def test_a_long_run_of_small_words_is_read_to_its_end(engine: Engine, words: str) -> None:
    assert engine.read(words).person.age_days is None
