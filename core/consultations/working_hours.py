"""The hours in which what can wait is done. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from core.foundation.clock import shanghai

WORK_FROM = time(8, 0)
WORK_UNTIL = time(18, 0)
"""Local wall clock; routine offers and reminders run within these hours of any day."""


def is_working(now: datetime) -> bool:
    return WORK_FROM <= shanghai(now).time() < WORK_UNTIL


def next_opening(now: datetime) -> datetime:
    """The next 8:00 in China."""
    local = shanghai(now)
    opening = local.replace(hour=WORK_FROM.hour, minute=0, second=0, microsecond=0)
    return opening if local < opening else opening + timedelta(days=1)


def after_working_time(now: datetime, span: timedelta) -> datetime:
    """The moment at which ``span`` of working time has passed since ``now``."""
    start = now if is_working(now) else next_opening(now)
    closing = shanghai(start).replace(hour=WORK_UNTIL.hour, minute=0, second=0, microsecond=0)
    left = closing - start
    return start + span if span <= left else after_working_time(closing, span - left)
