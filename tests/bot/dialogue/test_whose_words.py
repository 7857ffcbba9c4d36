"""Whom the talk is about, said back: as many years as were told."""

from __future__ import annotations

import pytest

from bot.dialogue.danger import spoken_subject
from nlp.interface.reading import Person


@pytest.mark.parametrize("years", range(3, 14))
def test_a_child_is_as_old_as_was_said(years: int) -> None:
    for days in (years * 365, round(years * 365.25), years * 365 + 100):
        assert spoken_subject("child", Person(relation="son", age_days=days)) == f"{years} 岁的孩子"


@pytest.mark.parametrize(("days", "words"), [(12, "出生 12 天的宝宝"), (243, "8 个月的宝宝"), (730, "24 个月的宝宝")])
def test_a_baby_in_days_and_months(days: int, words: str) -> None:
    assert spoken_subject("child", Person(age_days=days)) == words
