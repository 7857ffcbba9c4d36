"""Pure decisions on rosters and slots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from core.appointments.errors import AbsenceInvalid, ShiftInvalid
from core.foundation.clock import SHANGHAI, shanghai, spoken

DAY = 1440
"""Minutes of a day; Shanghai has no daylight saving."""


def check_shift(weekdays: Sequence[int], start_minute: int, end_minute: int) -> None:
    """:class:`ShiftInvalid` unless the weekdays exist and the shift lasts up to a day."""
    if not weekdays or any(not 0 <= day <= 6 for day in weekdays) or not 0 < end_minute - start_minute <= DAY:
        raise ShiftInvalid


def check_absence(starts_at: datetime, ends_at: datetime) -> None:
    """:class:`AbsenceInvalid` unless it lasts; times without a zone are refused too."""
    if starts_at.tzinfo is None or ends_at.tzinfo is None or ends_at <= starts_at:
        raise AbsenceInvalid


def minute_of_week_day(moment: datetime) -> tuple[int, int]:
    """Weekday (0 = Monday) and minute of the day in Shanghai."""
    local = shanghai(moment)
    return local.weekday(), local.hour * 60 + local.minute


def covers(weekday: int, start_minute: int, end_minute: int, moment: datetime) -> bool:
    """Whether a weekly shift covers ``moment``: from its start (inclusive) to its end (exclusive), also past midnight."""
    day, minute = minute_of_week_day(moment)
    if weekday == day and start_minute <= minute < end_minute:
        return True
    return weekday == (day - 1) % 7 and start_minute <= minute + DAY < end_minute


def shift_on(day: date, start_minute: int, end_minute: int) -> tuple[datetime, datetime]:
    """From when to when a shift of ``day`` lasts."""
    midnight = datetime.combine(day, time(), SHANGHAI)
    return midnight + timedelta(minutes=start_minute), midnight + timedelta(minutes=end_minute)


def away_during(starts_at: datetime, ends_at: datetime, absences: Sequence[tuple[datetime, datetime]]) -> Literal["no", "part", "whole"]:
    """How much of the time ``absences`` cover between them."""
    covered_to = starts_at
    touched = False
    for begin, end in sorted(absences):
        if begin < ends_at and end > starts_at and begin < end:
            touched = True
            if begin <= covered_to:
                covered_to = max(covered_to, end)
    if covered_to >= ends_at:
        return "whole"
    return "part" if touched else "no"


def slot_times(starts_at: datetime, minutes: int, count: int, days: int = 1) -> list[tuple[datetime, datetime]]:
    """``count`` slots one after the other, on ``days`` days at the same time of day."""
    length = timedelta(minutes=minutes)
    begins = [starts_at + timedelta(days=day) + number * length for day in range(days) for number in range(count)]
    return [(begin, begin + length) for begin in begins]


def any_overlap(times: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether two of ``times`` share a moment."""
    ordered = sorted(times)
    return any(later[0] < earlier[1] for earlier, later in pairwise(ordered))


def instead_sentence(times: Sequence[datetime]) -> str:
    """What is still free, for somebody who came too late."""
    if not times:
        return "这个科室暂时没有空号,可以换个科室,或晚点再来看看。"
    return "还空着:" + ";".join(spoken(moment) for moment in times) + "。"
