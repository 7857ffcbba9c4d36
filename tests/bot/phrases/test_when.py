"""Times in natural Chinese, read on a Wednesday morning; what is not clear is asked back, what is over or impossible is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrases.when import MOST_CHOICES, Ambiguous, When, read_when, take_when
from core.foundation.clock import SHANGHAI

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=SHANGHAI)
"""A Wednesday."""


def at(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("明天下午3点", at(11, 19, 15)), ("明天下午三点", at(11, 19, 15)), ("这周五晚上八点半", at(11, 20, 20, 30)), ("11月25号9点", at(11, 25, 9)),
        ("十一月二十五号上午九点", at(11, 25, 9)), ("半小时后", at(11, 18, 10, 30)), ("一个半小时后", at(11, 18, 11, 30)), ("再过十五分钟",
        at(11, 18, 10, 15)),
        ("三刻钟后", at(11, 18, 10, 45)), ("两点半", at(11, 18, 14, 30)), ("下午三点一刻", at(11, 18, 15, 15)), ("三点零五", at(11, 18, 15, 5)),
        ("三点", at(11, 18, 15)), ("早上八点", at(11, 19, 8)), ("明早八点", at(11, 19, 8)), ("今晚一点", at(11, 19, 1)), ("今晚12点", at(11, 19)),
        ("15:30", at(11, 18, 15, 30)), ("08:00", at(11, 19, 8)), ("2026-11-25 14:00", at(11, 25, 14)), ("再过两周下午两点", at(12, 2, 14)),
        ("改到明天下午3点吧", at(11, 19, 15)), ("11/25下午3点", at(11, 25, 15)), ("11月25号(周三)上午9点", at(11, 25, 9)),
    ],
)  # fmt: skip
def test_an_instant(text: str, start: datetime) -> None:
    read = read_when(text, NOW)
    assert isinstance(read, When)
    assert read.exact
    assert read.start == read.end == start
    assert read.spoken


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("后天", at(11, 20), at(11, 21)), ("下周三上午", at(11, 25, 6), at(11, 25, 12)), ("25号", at(11, 25), at(11, 26)), ("三天后", at(11, 21),
        at(11, 22)),
        ("今晚", at(11, 18, 18), at(11, 19)), ("周日", at(11, 22), at(11, 23)), ("星期天", at(11, 22), at(11, 23)), ("下个月1号", at(12, 1),
        at(12, 2)),
        ("礼拜二", at(11, 24), at(11, 25)), ("下周三", at(11, 25), at(11, 26)), ("下下周一", at(11, 30), at(12, 1)), ("周末", at(11, 21), at(11, 23)),
        ("下周", at(11, 23), at(11, 30)), ("1月5号", at(1, 5, year=2027), at(1, 6, year=2027)), ("半个月后", at(12, 3), at(12, 4)),
        ("周一8:00-12:00", at(11, 23, 8), at(11, 23, 12)), ("下午2点到4点", at(11, 18, 14), at(11, 18, 16)), ("大后天下午", at(11, 21, 12),
        at(11, 21, 18)),
    ],
)  # fmt: skip
def test_a_span(text: str, start: datetime, end: datetime) -> None:
    read = read_when(text, NOW)
    assert isinstance(read, When)
    assert not read.exact
    assert (read.start, read.end) == (start, end)
    assert read.holds(start)
    assert not read.holds(end)


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("周三", (at(11, 18), at(11, 25))), ("周三下午", (at(11, 18, 12), at(11, 25, 12))), ("3号", (at(12, 3),)), ("明天三点", (at(11, 19, 3),
        at(11, 19, 15))),
        ("11月1号", (at(11, 1, year=2027),)), ("周末上午", (at(11, 21, 6), at(11, 22, 6))), ("周三三点", (at(11, 18, 15), at(11, 25, 3),
        at(11, 25, 15))),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_asked_back(text: str, starts: tuple[datetime, ...]) -> None:
    read = read_when(text, NOW)
    assert isinstance(read, Ambiguous)
    assert tuple(choice.start for choice in read.choices) == starts


def test_an_hour_is_unclear_only_while_both_lie_ahead() -> None:
    assert isinstance(read_when("三点", at(11, 18, 1)), Ambiguous)
    afternoon = read_when("三点", at(11, 18, 12))
    assert isinstance(afternoon, When)
    assert afternoon.start == at(11, 18, 15)
    evening = read_when("三点", at(11, 18, 16))
    assert isinstance(evening, Ambiguous)
    assert [choice.start for choice in evening.choices] == [at(11, 19, 3), at(11, 19, 15)]


@pytest.mark.parametrize(
    "text",
    ["2月30号", "13月1号", "11月31号", "今天早上8点", "昨天", "上午15点", "11月25号周四", "25点", "99号", "0号", "三点五", "六点八", "头痛三天",
    "早一点", "明天见医生吗", "",
     "高血压", "3号病人", "第二个", "150/95", "38.5"],
)  # fmt: skip
def test_no_time(text: str) -> None:
    assert read_when(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("下周三上午王主任", "王主任"), ("呼吸内科 明天下午", "呼吸内科"), ("王主任 明天下午三点半", "王主任"), ("C-7K2M 明天下午3点", "C-7K2M"),
        ("明天早上8点 心内科", "心内科"),
    ],
)  # fmt: skip
def test_the_rest_is_given_back(text: str, rest: str) -> None:
    read, left = take_when(text, NOW)
    assert isinstance(read, When)
    assert left == rest


@pytest.mark.parametrize("text", ["早一点好", "好一点了", "咳嗽三天了", "今年72,头痛三天了", "3号病人 胸痛", "3床 胸痛", "有两点要说"])
def test_a_sentence_without_a_time_stays_whole(text: str) -> None:
    assert take_when(text, NOW) == (None, text)


def test_a_time_that_is_over_is_taken_out_and_none() -> None:
    assert take_when("今天早上8点 王主任", NOW) == (None, "王主任")


def test_leap_days_and_new_year() -> None:
    read = read_when("2月29号", datetime(2028, 1, 10, tzinfo=UTC))
    assert isinstance(read, When)
    assert read.start == at(2, 29, year=2028)
    assert read_when("2月29号", NOW) is None
    assert isinstance(read_when("31号", at(11, 2)), Ambiguous | None)
    tomorrow = read_when("明天", at(12, 31, 23))
    assert isinstance(tomorrow, When)
    assert tomorrow.start == at(1, 1, year=2027)
    assert tomorrow.spoken.startswith("2027年")


PIECES = st.sampled_from([
    *"今明后大天日号月年周下上这本个半点时分刻钟早晚午夜前一二三四五六七八九十两零百", *"0123456789:：/-.~到至 ,的再过末", "下周", "小时", "分钟",
    "之后", "星期", "礼拜", "下午", "上午", "晚上", "凌晨", "王主任",
])  # fmt: skip
MOMENTS = st.integers(0, 72_000 * 1440).map(lambda minutes: datetime(2000, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=14).map("".join), st.text(max_size=30)), MOMENTS)
def test_whatever_is_said_nothing_fails_and_nothing_is_over(text: str, now: datetime) -> None:
    for read in (read_when(text, now), take_when(text, now)[0]):
        choices = read.choices if isinstance(read, Ambiguous) else () if read is None else (read,)
        assert len(choices) <= MOST_CHOICES
        assert not isinstance(read, Ambiguous) or choices
        for choice in choices:
            assert choice.start <= choice.end
            assert choice.exact == (choice.start == choice.end)
            assert choice.end > now
            assert choice.end - choice.start <= timedelta(days=32)
            assert choice.spoken
