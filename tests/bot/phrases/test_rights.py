"""Gone, put right, copied, complained about, looked at: in the words in which people ask, and not where they tell of something else."""

from __future__ import annotations

import pytest

from bot.phrases.rights import answer, overview, right_asked
from core.foundation.lifecycle import Terms, set_terms


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("删除我的资料", "erasure"), ("我要注销", "erasure"), ("注销账号", "erasure"), ("删除我的病历", "erasure"), ("把我的记录都删了", "erasure"),
        ("聊天记录能清空吗", "erasure"), ("我要投诉", "complaint"), ("怎么投诉医生?", "complaint"), ("谁看过我的记录", "looked"),
        ("谁看过?", "looked"),
        ("哪些人查过我的病历", "looked"), ("复印病历", "copy"), ("我要一份复印件", "copy"), ("病历能打印吗", "copy"), ("更正资料", "correction"),
        ("身份证号登错了", "correction"), ("我名字写错了", "correction"), ("病历写错了", "correction"),
    ],
)  # fmt: skip
def test_a_wish_is_heard(text: str, right: str) -> None:
    assert right_asked(text) == right


@pytest.mark.parametrize(
    "text", ["没有", "头痛三天", "取消预约", "谁能看病", "我看错了药", "医生说没事", "处方在哪里", "报告出来了吗", "删", "登记家人"]
)
def test_other_sentences_are_none(text: str) -> None:
    assert right_asked(text) is None


def test_the_answer_says_how_long_is_kept_and_why() -> None:
    try:
        set_terms(Terms(record=20))
        assert "20 年" in answer("erasure")
    finally:
        set_terms(Terms())
    told = answer("erasure")
    for word in ("15 年", "3 年", "第二十九条", "撤回授权", "12345"):
        assert word in told
    assert "12345" in answer("complaint")
    assert all("身份证" in answer(right) for right in ("copy", "correction"))
    assert all(word in overview() for word in ("谁看过", "更正", "复印", "投诉", "注销"))
