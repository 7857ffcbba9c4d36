"""What is wanted of a booking, and sentences about something else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrases.wanted import read_wanted


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("呼吸内科 明天下午", "03.01"), ("下周三上午王主任", None), ("明天下午", None), ("心内科王主任的号", "03.04"), ("王主任", None),
        ("明天心内科有号吗", "03.04"),
        ("周三三点呼吸内科", "03.01"),
    ],
)  # fmt: skip
def test_a_wish(text: str, department: str | None) -> None:
    wanted = read_wanted(text)
    assert wanted is not None
    assert wanted.department == department
    assert wanted.words == text


@pytest.mark.parametrize("text", ["明天去看看孩子", "我咳嗽", "腰疼", "内科", "", "咳嗽三天了", "好了明天见"])
def test_another_sentence(text: str) -> None:
    assert read_wanted(text) is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=45))
def test_never_fails(text: str) -> None:
    wanted = read_wanted(text)
    assert wanted is None or wanted.words
