"""Who is asked, who is not and why: the rules of matching, one at a time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from core.matching.icd10 import parse
from core.matching.rules import Candidate, Wanted, rank
from core.matching.weights import WEIGHTS, rule_set
from nlp.interface.urgency import Urgency

TODAY = date(2026, 11, 20)
WANTED = Wanted(
    urgency=Urgency.CRITICAL, department_code="03.04", departments={"03.04": 1.0, "03.01": 0.4}, spans=(parse("I20-I25"), parse("I30-I52")),
    organisation_id="clinic", today=TODAY,
)
HEART = Candidate(
    practitioner_id="heart", organisation_id="hospital", department_code="03.04", expertise=(parse("I20-I25"),), title_name="主任医师",
    years_of_practice=20, licence_valid_until=date(2030, 1, 1),
)


def ranked(*candidates: Candidate, wanted: Wanted = WANTED, seed: int = 1) -> list[str]:
    return [one.practitioner_id for one in rank(wanted, candidates, random.Random(seed)) if one.excluded is None]


@pytest.mark.parametrize(
    ("differently", "reason"),
    [
        ({"asked_before": True}, "这次会诊已经问过"),
        ({"conflict": "knows_patient"}, "认识患者,回避"),
        ({"conflict": "other"}, "有利益冲突,回避"),
        ({"organisation_id": "clinic"}, "与邀请方同一机构,不算会诊"),
        ({"licence_valid_until": date(2026, 11, 19)}, "执业证书已于 2026-11-19 到期"),
        ({"department_code": "12", "expertise": (parse("K02"),)}, "专业不符(执业范围外)"),
        ({"department_code": None}, "专业不符(执业范围外)"),
        ({"absent": True}, "请假"),
        ({"on_duty": False}, "现在不在班"),
        ({"busy": True}, "正在另一个会诊中"),
    ],
)
def test_each_exclusion_says_why(differently: dict[str, object], reason: str) -> None:
    only = rank(WANTED, [replace(HEART, **differently)], random.Random(1))[0]  # type: ignore[arg-type]
    assert (only.excluded, only.score, only.reasons) == (reason, 0.0, ())


def test_a_licence_is_valid_on_its_last_day() -> None:
    assert ranked(replace(HEART, licence_valid_until=TODAY)) == ["heart"]


def test_the_reasons_are_those_of_the_card() -> None:
    one = rank(WANTED, [replace(HEART, answer_s=100.0)], random.Random(1))[0]
    assert one.reasons[:3] == ("I20–I25 专长", "科室对口", "平均 1 分 40 秒应答")
    assert one.reasons[-1] == "现在没有别的会诊"
    assert 0 < one.score <= 100


def test_the_department_itself_comes_before_a_probable_one_and_expertise_before_none() -> None:
    chest = replace(HEART, practitioner_id="chest", department_code="03.01")
    plain = replace(HEART, practitioner_id="plain", expertise=())
    assert ranked(chest, plain, HEART)[0] == "heart"
    assert set(ranked(chest, plain, HEART)) == {"heart", "chest", "plain"}


def test_the_emergency_department_may_help_in_an_emergency_only() -> None:
    emergency = replace(HEART, practitioner_id="er", department_code="20", expertise=())
    assert ranked(emergency) == ["er"]
    assert ranked(emergency, wanted=replace(WANTED, urgency=Urgency.ROUTINE)) == []


def test_urgency_changes_the_order_because_it_changes_what_speed_weighs() -> None:
    quick = replace(HEART, practitioner_id="quick", title_name="主治医师", years_of_practice=5, answer_s=20.0, taken_lately=3)
    senior = replace(HEART, practitioner_id="senior", answer_s=900.0)
    assert ranked(quick, senior)[0] == "quick"
    assert ranked(quick, senior, wanted=replace(WANTED, urgency=Urgency.ROUTINE))[0] == "senior"


def test_a_slow_answer_costs_at_most_its_weight() -> None:
    slow = rank(WANTED, [replace(HEART, answer_s=1e6)], random.Random(1))[0]
    unknown = rank(WANTED, [HEART], random.Random(1))[0]
    assert 0 < unknown.score - slow.score <= WEIGHTS[Urgency.CRITICAL].response / 2 + 0.01


def test_who_has_taken_less_lately_is_asked_first() -> None:
    rested = replace(HEART, practitioner_id="rested")
    tired = replace(HEART, practitioner_id="a-tired", taken_lately=4)
    assert ranked(tired, rested) == ["rested", "a-tired"]


def test_equals_are_ordered_by_the_given_random_and_not_by_who_came_first() -> None:
    equals = [replace(HEART, practitioner_id=f"e{number}") for number in range(6)]
    assert ranked(*equals, seed=3) == ranked(*reversed(equals), seed=3)
    assert len({tuple(ranked(*equals, seed=seed)) for seed in range(10)}) > 5


def test_the_weights_are_one_signed_set() -> None:
    for weights in WEIGHTS.values():
        assert weights.department + weights.disease + weights.response + weights.title + weights.years + weights.fairness == 100
    assert WEIGHTS[Urgency.CRITICAL].response > WEIGHTS[Urgency.ROUTINE].response
    assert len(rule_set().digest) == 64
    assert rule_set() == rule_set()
