"""Each red flag fires on one sentence and stays silent on another (red_flag_sentences.csv, readable by a clinician)."""

import csv
from pathlib import Path

import pytest

from nlp.clinical import knowledge, triage
from nlp.clinical.case import Case
from nlp.engine import Engine
from nlp.interface.assessment import Facts

ROWS = list(csv.DictReader(Path(__file__).with_name("red_flag_sentences.csv").open(encoding="utf-8")))


def fired(engine: Engine, sentence: str) -> set[str]:
    facts = engine.merge(Facts(), engine.read(sentence))
    return {rule.id for rule, _ in triage.judge(Case(facts)).fired}


def test_every_red_flag_has_sentences() -> None:
    assert {row["rule"] for row in ROWS} == {row["id"] for row in knowledge.table("red_flags.toml")["rule"]}


@pytest.mark.parametrize("row", ROWS, ids=[row["rule"] for row in ROWS])
def test_red_flag(engine: Engine, row: dict[str, str]) -> None:
    assert row["rule"] in fired(engine, row["fires"])
    assert row["rule"] not in fired(engine, row["stays_silent"])


@pytest.mark.parametrize("row", ROWS, ids=[row["rule"] for row in ROWS])
def test_level_is_at_least_that_of_the_rule(engine: Engine, row: dict[str, str]) -> None:
    rule = next(rule for rule in knowledge.rules() if rule.id == row["rule"])
    assessment = engine.assess(engine.merge(Facts(), engine.read(row["fires"])))
    assert assessment.level is not None
    assert assessment.level.severity >= rule.level.severity
    assert assessment.reasons
    if rule.level == "critical":
        assert assessment.emergency is not None
        assert assessment.emergency.do_now
        assert assessment.complete


def test_who_tells_of_an_assault_is_advised_and_nobody_else_is_told(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("我被人强奸了"))
    assessment = engine.assess(facts)
    assert assessment.level == "emergent"
    assert assessment.red_flag == ""
    assert "这不是您的错" in "".join(assessment.advice)
    assert engine.assess(engine.merge(Facts(), engine.read("我吐血"))).red_flag == "alone.haematemesis"


@pytest.mark.parametrize("column", ["fires", "stays_silent"])
def test_the_alarm_is_what_the_assessment_says_of_danger(engine: Engine, column: str) -> None:
    """The shorter way, which every text of a patient goes first, never hears less (or more) than the whole assessment."""
    dangers = 0
    for row in ROWS:
        facts = engine.merge(Facts(), engine.read(row[column]))
        alarm = engine.alarm(facts)
        assert alarm == engine.assess(facts.model_copy()).alarm, row[column]
        dangers += alarm.critical or bool(alarm.red_flag)
    assert dangers > (len(ROWS) / 2 if column == "fires" else 0)
