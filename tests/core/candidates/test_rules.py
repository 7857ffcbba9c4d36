"""Intervals and indexes: known values, bounds, and what chance alone makes."""

from __future__ import annotations

import math
import random

import pytest

from core.candidates.rules import by_chance, counted, drift, stability, wilson


@pytest.mark.parametrize(("count", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (0, 0, 0.0, 1.0)])
def test_the_interval_is_wilson_s(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=1e-4)


def test_the_interval_holds_the_share_and_lies_between_nothing_and_all() -> None:
    for of in range(1, 40):
        for count in range(of + 1):
            low, high = wilson(count, of)
            assert 0 <= low <= count / of + 1e-12
            assert count / of - 1e-12 <= high <= 1


def test_the_stability_index_is_the_textbook_one() -> None:
    assert stability({"a": 50, "b": 50}, {"a": 5, "b": 5}) == pytest.approx(0)
    assert stability({"a": 50, "b": 50}, {"a": 80, "b": 20}) == pytest.approx(0.3 * math.log(1.6) - 0.3 * math.log(0.4))
    assert stability({}, {"a": 1}) == 0


def test_what_chance_makes_is_the_chi_squared_bound() -> None:
    before, after = {"a": 50, "b": 50}, {"a": 50, "b": 50}
    assert by_chance(before, after) == pytest.approx((1 / 100 + 1 / 100) * 10.83, rel=0.04)
    assert by_chance({"a": 3}, {"a": 5}) == 0


def test_two_samples_of_one_crowd_are_steady_and_another_crowd_has_moved() -> None:
    chance = random.Random(7)

    def crowd(count: int, elder: float) -> dict[str, dict[str, int]]:
        return counted({"age": "elder" if chance.random() < elder else "adult", "grade": chance.choice("abcd")} for _ in range(count))

    alarms = sum(drift(crowd(200, 0.3), crowd(60, 0.3))[0] != "steady" for _ in range(200))
    assert alarms <= 4
    state, indexes = drift(crowd(200, 0.2), crowd(100, 0.8))
    assert state == "moved"
    assert indexes["age"] > 0.25
