"""Time-critical conditions of primary care in plain words, and texts that only sound like them (lists of general knowledge, 2026-11-21)."""

import csv
from pathlib import Path

import pytest

from nlp.clinical import triage
from nlp.clinical.case import Case
from nlp.engine import Engine
from nlp.evaluate import utterances
from nlp.evaluate.patient import UNKNOWN
from nlp.interface.assessment import Facts
from nlp.interface.urgency import Urgency

HERE = Path(__file__).parent
EMERGENCY = (Urgency.CRITICAL, Urgency.EMERGENT)
MOST_FALSE = 0.03
"""Left are a hypothetical fit after a vaccine and a poison that somebody asks for: that is rather taken for meant."""


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((HERE / name).read_text("utf-8").splitlines()))


TOLD = rows("time_critical.csv")


@pytest.mark.parametrize("row", TOLD, ids=[row["condition"] for row in TOLD])
def test_an_emergency_is_heard_in_the_first_words(engine: Engine, row: dict[str, str]) -> None:
    assert triage.level(Case(engine.merge(Facts(), engine.read(row["said"])))) in EMERGENCY


@pytest.mark.parametrize("answer", [UNKNOWN, "没有"], ids=["who does not know", "who denies the rest"])
def test_no_answer_talks_it_away(engine: Engine, answer: str) -> None:
    for row in TOLD[::3]:
        known = engine.merge(Facts(), engine.read(row["said"]))
        for _ in range(10):
            question = engine.next_question(known)
            if question is None:
                break
            choice = "unknown" if answer == UNKNOWN else None
            known = engine.merge(known, engine.read(answer, answering=question, choice=choice), answered=question)
        assert engine.assess(known).level in (*EMERGENCY, Urgency.URGENT), row


def test_what_only_sounds_dangerous_stays_calm(engine: Engine) -> None:
    near = rows("near_misses.csv")
    false = [row["said"] for row in near if utterances.level(engine, engine.read(row["said"])) in EMERGENCY]
    assert len(false) <= MOST_FALSE * len(near) + 1, false
