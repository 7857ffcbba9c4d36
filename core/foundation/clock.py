"""Two times: domain time (reminders, offers, slots; the demo moves it) and real time (tokens, tickets, leases, platform allowances)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

SHANGHAI = ZoneInfo("Asia/Shanghai")

Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
"""A time that somebody names: with its zone, and far enough from the ends of the calendar that days can be added in any zone."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Domain time, aware, UTC."""
        ...

    def real_now(self) -> datetime:
        """Real time, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock plus an offset that the demo moves. The offset is a database row; whoever reads it calls :meth:`shift_to`."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def shift_to(self, offset: timedelta) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return self.real_now() + self.offset

    def real_now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until told to move; for tests of rules that wait."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def real_now(self) -> datetime:
        return self.time

    def advance(self, **delta: float) -> None:
        self.time += timedelta(**delta)


def shanghai(moment: datetime) -> datetime:
    """The wall clock in China of an aware time."""
    return moment.astimezone(SHANGHAI)


_WEEKDAYS = "一二三四五六日"


def ago(length: timedelta) -> str:
    """How long ago something was, coarsely: 半小时内, 约 3 小时前, 5 天前."""
    if length < timedelta(minutes=30):
        return "半小时内"
    if length < timedelta(days=1):
        return f"约 {max(1, round(length / timedelta(hours=1)))} 小时前"
    return f"{length.days} 天前"


def spoken(moment: datetime) -> str:
    """As people read it: 11月20日 周五 下午3:00."""
    local = shanghai(moment)
    if local.hour < 6:
        part = "凌晨"
    elif local.hour < 12:
        part = "上午"
    elif local.hour < 18:
        part = "下午"
    else:
        part = "晚上"
    hour = local.hour if local.hour <= 12 else local.hour - 12
    return f"{local.month}月{local.day}日 周{_WEEKDAYS[local.weekday()]} {part}{hour}:{local.minute:02d}"
