"""The hour of a time as people say it: 下午3点, 三点一刻, 晚上八点半, 8:00-12:00, 上午."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.phrases.text import NUMBER, number


@dataclass(frozen=True, slots=True)
class Half:
    """A part of a day: ``begins`` and ``ends`` in minutes from midnight. Which hours it may stand before: ``of`` says for each spoken hour."""

    name: str
    begins: int
    ends: int
    hours: dict[int, int]
    """A spoken hour to the hour of the day (25 is one at night, of the next day)."""


def _same(*hours: int) -> dict[int, int]:
    return {hour: hour for hour in hours}


_MORNING = _same(*range(5, 13))
_EVENING = {hour: hour + 12 for hour in range(5, 13)} | {hour: hour + 24 for hour in range(1, 5)} | _same(*range(17, 25)) | {0: 24}
_HALVES = {
    "凌晨": Half("凌晨", 0, 6 * 60, {12: 0, **_same(*range(7))}),
    "早上": Half("早上", 6 * 60, 10 * 60, _MORNING),
    "上午": Half("上午", 6 * 60, 12 * 60, _MORNING),
    "中午": Half("中午", 11 * 60, 14 * 60, {1: 13, 2: 14, **_same(11, 12, 13, 14)}),
    "下午": Half("下午", 12 * 60, 18 * 60, {hour: hour + 12 for hour in range(1, 8)} | _same(*range(12, 20))),
    "傍晚": Half("傍晚", 17 * 60, 20 * 60, {hour: hour + 12 for hour in range(5, 9)} | _same(*range(17, 21))),
    "晚上": Half("晚上", 18 * 60, 24 * 60, _EVENING),
}
_OTHER_NAMES = {
    "早晨": "早上", "清早": "早上", "清晨": "早上", "一早": "早上", "大清早": "早上", "一大早": "早上", "早": "早上", "午前": "上午", "晌午": "中午",
    "午后": "下午", "黄昏": "傍晚", "晚间": "晚上", "夜里": "晚上", "夜间": "晚上", "半夜": "晚上", "深夜": "晚上", "夜晚": "晚上", "晚": "晚上",
    "夜": "晚上",
}  # fmt: skip
PART_NAMES = tuple(sorted((*_HALVES, *_OTHER_NAMES), key=len, reverse=True))
# 早 and 晚 alone only behind 今 or 明, or before an hour: 早点, 晚一点 are no times.
_BARE = rf"(?:(?<=[今明后])[早晚夜]|[早晚](?={NUMBER}(?:点半|点钟|点整|:)))"
PART = rf"(?P<part>{'|'.join(name for name in PART_NAMES if len(name) > 1)}|{_BARE})"
_MINUTE = (
    rf"(?:半|[一三]刻|整|钟|(?:(?:零?{NUMBER}|[零〇]{NUMBER})分"
    r"|[0-5]\d(?!\d)|[零〇][一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?)(?:分)?)"
)
_NO_FRACTION = r"(?![\d零〇一二两三四五六七八九十百])"
_HOUR = r"(?:[01]?\d|2[0-4])(?=[:点时])|[零〇一二两三四五六七八九十]{1,3}(?=[点时])"
CLOCK = (
    rf"(?P<hour>(?<!\d)(?:{_HOUR}))(?:(?::)(?P<colon>[0-5]\d)(?!\d)|[点时](?!间)(?P<minute>{_MINUTE})?{_NO_FRACTION})"
    rf"(?:\s*(?:到|至|-|~)\s*(?P<tohour>{_HOUR})(?:(?::)(?P<tocolon>[0-5]\d)(?!\d)|[点时](?!间)(?P<tominute>{_MINUTE})?{_NO_FRACTION}))?"
)
"""An hour with minutes, perhaps up to another one; named groups, to be given a prefix where the pattern stands twice."""


def half(said: str | None) -> Half | None:
    """The part of the day that is called so."""
    return None if said is None else _HALVES[_OTHER_NAMES.get(said, said)]


def clock_times(found: re.Match[str], prefix: str, part: Half | None) -> tuple[tuple[int, int | None], ...]:
    """Minutes of the day at which it may begin, each with the minute at which it ends where that was said; empty when it contradicts itself."""
    begins = _minutes(found, prefix, "", part)
    if found[f"{prefix}tohour"] is None:
        return tuple((minute, None) for minute in begins)
    ends = _minutes(found, prefix, "to", None)
    made = [(begin, next((end for end in ends if begin < end <= begin + 12 * 60), None)) for begin in begins]
    return tuple((begin, end) for begin, end in made if end is not None)


def _minutes(found: re.Match[str], prefix: str, which: str, part: Half | None) -> list[int]:
    written = found[f"{prefix}{which}hour"]
    hour = number(written)
    minute = _minute_said(found[f"{prefix}{which}colon"], found[f"{prefix}{which}minute"])
    if hour is None or minute is None or hour > 24 or (hour == 24 and minute):
        return []
    if part is not None:
        return [part.hours[hour] * 60 + minute] if hour in part.hours else []
    if hour == 0 or hour >= 12 or (len(written) == 2 and written.startswith("0")):
        return [hour * 60 + minute]
    return [hour * 60 + minute, (hour + 12) * 60 + minute]


def _minute_said(colon: str | None, said: str | None) -> int | None:
    if colon is not None:
        return int(colon)
    if said is None or said in ("整", "钟"):
        return 0
    if said == "半":
        return 30
    if said.endswith("刻"):
        return 15 if said[0] == "一" else 45
    value = number(said.rstrip("分"))
    return value if value is not None and value < 60 else None
