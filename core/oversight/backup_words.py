"""Last backup, last drill and second site in words, and what to do about what is late. Times of day are China's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

CHINA = timezone(timedelta(hours=8))
DRILL_LIMIT = timedelta(days=8)
"""A drill each week, and a day's grace; docs/operations.md says the same."""


class Made(NamedTuple):
    """What was made and when, in real time; None where it never was. ``first_at``: the first backup of all. ``copied_at``: up to when the second site
    has everything, as ``taken_at`` says it of the first."""

    taken_at: datetime | None = None
    first_at: datetime | None = None
    copied_at: datetime | None = None
    drilled_at: datetime | None = None
    drill_clean: bool | None = None


class Limits(NamedTuple):
    """How old the last good backup may be, and whether there is to be a second site."""

    max_age: timedelta = timedelta(hours=26)
    second: bool = False


def line_of(made: Made, limits: Limits, now: datetime) -> str:
    """One line: 「昨天 23:10 备份成功,3 天前演练通过」."""
    if made.taken_at is None:
        return "还没有做过备份"
    said = [f"{_moment(made.taken_at, now)} 备份成功"]
    if limits.second:
        said.append(_second(made, made.taken_at))
    if made.drilled_at is None:
        said.append("还没有演练过")
    else:
        said.append(f"{_day(made.drilled_at, now)}演练{'通过' if made.drill_clean else '没有通过'}")
    return ",".join(said)


def to_do(made: Made, limits: Limits, now: datetime) -> tuple[str, ...]:
    """What is older than it may be, or went wrong, each with what to do next; empty when all is well."""
    if made.taken_at is None:
        return ("还没有做过备份:请在服务器上运行 huizhen backup init,再运行 huizhen backup,并设好定时。",)
    first = made.first_at or made.taken_at
    said: list[str] = []
    if now - made.taken_at > limits.max_age:
        said.append(f"备份超过 {_hours(limits.max_age)} 小时了:请在服务器上运行 huizhen backup,再看定时备份为什么没有做。")
    elif limits.second and now - (made.copied_at or first) > limits.max_age:
        said.append(f"第二份备份超过 {_hours(limits.max_age)} 小时了:请在服务器上运行 huizhen backup,看第二份仓库为什么连不上。")
    if made.drilled_at is not None and not made.drill_clean:
        said.append("最近一次演练没有通过:请在服务器上马上运行 huizhen backup,再运行 huizhen backup drill。")
    elif now - (made.drilled_at or first) > DRILL_LIMIT:
        said.append(f"{DRILL_LIMIT.days} 天没有演练了:请在服务器上运行 huizhen backup drill,看备份能不能恢复。")
    return tuple(said)


def span(long: timedelta) -> str:
    """「15 分钟」, 「2.5 小时」, 「3 天」."""
    minutes = max(0, int(long.total_seconds())) // 60
    if minutes < 120:
        return f"{minutes} 分钟" if minutes else "不到 1 分钟"
    return f"{minutes / 60:.1f} 小时" if minutes < 48 * 60 else f"{minutes // (24 * 60)} 天"


def _second(made: Made, taken_at: datetime) -> str:
    if made.copied_at is None:
        return "还没有送到第二份仓库"
    return "已送到第二份仓库" if made.copied_at >= taken_at else f"第二份仓库落后 {span(taken_at - made.copied_at)}"


def _moment(at: datetime, now: datetime) -> str:
    return f"{_day(at, now)} {at.astimezone(CHINA):%H:%M}"


def _day(at: datetime, now: datetime) -> str:
    days = (now.astimezone(CHINA).date() - at.astimezone(CHINA).date()).days
    if days <= 1:
        return "今天" if days <= 0 else "昨天"
    there = at.astimezone(CHINA)
    return f"{days} 天前" if days < 100 else f"{there.year}年{there.month}月{there.day}日"


def _hours(long: timedelta) -> str:
    return f"{long.total_seconds() / 3600:g}"
