"""What calls a question off and what is a reason in so many words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases.reasons import called_off, marked_reason


@pytest.mark.parametrize("text", ["算了", "不了", "取消", "算了,先不退", "算了,先不退。", "先不签了", "不退了", "算了吧", "取消,先不要"])
def test_what_calls_it_off(text: str) -> None:
    assert called_off(text)


@pytest.mark.parametrize("text", ["算了一下剂量不对", "取消会诊", "不了解病史", "取消这味药改成缬沙坦", "先不退烧再看", "病人说不打针了", ""])
def test_what_is_said_about_the_matter(text: str) -> None:
    assert not called_off(text)


@pytest.mark.parametrize(("text", "reason"), [
    ("理由:病人拒绝", "病人拒绝"), ("理由: 胸痛,就近送", "胸痛,就近送"), ("理由:", None), ("理由不充分", None), ("病人拒绝", None),
])
def test_a_marked_reason(text: str, reason: str | None) -> None:
    assert marked_reason(text) == reason


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    called_off(text)
    marked_reason(text)
