"""取消, 返回, 重来, however they are said, and nothing else for them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrases.stopping import Stop, stop_said


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("取消", Stop.CANCEL), ("@会诊助手 取消", Stop.CANCEL), ("取消吧", Stop.CANCEL), ("算了", Stop.CANCEL), ("算了,不弄了", Stop.CANCEL),
        ("不弄了", Stop.CANCEL),
        ("我不想说了", Stop.CANCEL),
        ("先不办了", Stop.CANCEL), ("返回", Stop.BACK), ("上一步", Stop.BACK), ("退回去", Stop.BACK), ("回到上一步", Stop.BACK), ("返回上一题",
        Stop.BACK),
        ("重来", Stop.AGAIN), ("从头来", Stop.AGAIN), ("重新来一遍", Stop.AGAIN), ("从头开始", Stop.AGAIN),
    ],
)  # fmt: skip
def test_said_alone(text: str, stop: Stop) -> None:
    assert stop_said(text) is stop


@pytest.mark.parametrize(
    "text",
    ["", "不用", "不要", "不是", "没有", "取消预约", "取消会诊 C-7K2M", "退回 剂量不对", "退回处方", "不吃饭了", "我想放弃", "算了一下有三天",
    "疼得不想动了", "不同意",
     "返回的片子", "重来没有疼过", "停止提醒"],
)  # fmt: skip
def test_other_words(text: str) -> None:
    assert stop_said(text) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["取消", "算了", "返回", "重来", "不", "了", "吧", "疼", "先", "回去", ",", "C-7K2M"]), max_size=6).map("".join))
def test_never_fails_and_never_hides_a_symptom(text: str) -> None:
    assert stop_said(text) is None or ("疼" not in text and "C-7K2M" not in text)
