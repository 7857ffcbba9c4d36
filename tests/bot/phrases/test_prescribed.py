"""Drugs in an expert's words: read exactly, or named as not understood; never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases.prescribed import read_prescribed


@pytest.mark.parametrize(("text", "drug", "dose", "times", "days", "directions"), [
    ("高血压:氨氯地平 5mg 每日一次 7天", "amlodipine", "5", 1, 7, ""),
    ("高血压:氨氯地平片 1片 每天1次 早上服 两周", "amlodipine", "5", 1, 14, "早上服"),
    ("高血压:氨氯地平 每次半片 每天一次 七天 早饭后", "amlodipine", "2.5", 1, 7, "早饭后"),
    ("感染:克拉霉素0.25g 一日两次 共7天", "clarithromycin", "250", 2, 7, ""),
    ("血脂高:阿托伐他汀 20mg qn 28天", "atorvastatin", "20", 1, 28, ""),
    ("血脂高:辛伐他汀 20mg 每晚一次 7天", "simvastatin", "20", 1, 7, "晚上"),
])
def test_what_is_read(text: str, drug: str, dose: str, times: int, days: int, directions: str) -> None:
    written = read_prescribed(text)
    assert written.unread == ()
    (item,) = written.items
    assert (item.drug, str(item.dose), item.times_per_day, item.days, item.directions) == (drug, dose, times, days, directions)


@pytest.mark.parametrize("part", [
    "魔法药 5mg 每日一次 7天", "氨氯地平 5mg 每日一次", "氨氯地平 每日一次 7天", "氨氯地平 5mg 7天", "氨氯地平 5mg 每日一次 10mg 7天",
    "硝苯地平 10mg 每日两次 7天", "氨氯地平 5000000000000mg 每日一次 7天", "氨氯地平 0mg 每日一次 7天", "平 5mg 每日一次 7天",
])
def test_what_is_named_as_not_understood(part: str) -> None:
    written = read_prescribed(f"高血压:氯沙坦 50mg 每日一次 7天;{part}")
    assert written.diagnosis == "高血压"
    assert [item.drug for item in written.items] == ["losartan"]
    assert written.unread == (part,)


@given(st.text(alphabet="氨氯地平辛伐他汀:;每日天一次两周片半0123456789.mg ", max_size=50) | st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    read_prescribed(text)
