"""The county's roster on a phone: a few shifts at once, more by tapping; where there are many, department by department, one's own first."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import get_args

from bot.channels.cards import MAX_BUTTONS
from bot.channels.outgoing import Choice
from bot.dialogue.turn import Reply, Turn
from core.appointments.commands import CountyRoster, CountyRosterView, Duty, ShiftOnDay
from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.clock import shanghai
from core.foundation.errors import Invalid
from nlp.interface.departments import DEPARTMENTS, department_named

HOW = "比如:排班 王主任 周三下午,或 排班 王主任 周三 14:00-18:00。"
LINES = 8
"""Shifts that one message shows."""
_DEPARTMENTS = MAX_BUTTONS - 1
"""Departments that one message shows: as many as a card has buttons, and 更多."""
_ALL = "all"
_MOST_DAYS = 14
_WEEKDAYS = "一二三四五六日"
_NAMES = {entry.code: entry.name for entry in DEPARTMENTS} | {duty: ROLE_LABELS[Role(duty)] for duty in get_args(Duty)}
"""What a group of shifts is called: the department, or the duty of those who belong to none."""


def group_named(words: str) -> str:
    """The group that ``words`` name and nothing else; empty where they do not."""
    entry = department_named(words)
    return entry.code if entry is not None else next((key for key, name in _NAMES.items() if name == words.strip()), "")


async def listed(turn: Turn, first: date, days: int, group: str = "") -> Reply:
    """The roster of ``days`` days: of ``group``, or all where that is short, or of one's own department, or which departments there are."""
    seen: CountyRosterView = await turn.ask(CountyRoster(first_day=first, days=days))
    own = group_named(seen.own_department) if seen.own_department else ""
    groups = _groups(seen)
    if not group and len(seen.shifts) > LINES:
        group = own if own in groups else next(iter(groups)) if len(groups) == 1 else _ALL
    return _menu(turn, seen, 0) if group == _ALL else _shifts(turn, seen, group, 0)


async def turned(turn: Turn, group: str, span: str, page: str) -> Reply:
    """【更多】, 【其他科室】, and a department out of the list."""
    first, days = _span(span)
    if group not in {_ALL, *_NAMES} or not (page.isascii() and page.isdigit() and len(page) <= 3):
        raise Invalid
    seen: CountyRosterView = await turn.ask(CountyRoster(first_day=first, days=days))
    return _menu(turn, seen, int(page)) if group == _ALL else _shifts(turn, seen, group, int(page))


def _groups(seen: CountyRosterView) -> dict[str, list[ShiftOnDay]]:
    """Department → its shifts, and duty → those of it where somebody belongs to no department; those with most people first."""
    departments = _departments_of(seen)
    keys = {departments.get(shift.practitioner_id) or shift.duty for shift in seen.shifts}
    found = {key: _of_group(seen, key) for key in keys}
    return dict(sorted(found.items(), key=lambda one: (-_people(one[1]), one[0])))


def _of_group(seen: CountyRosterView, key: str) -> list[ShiftOnDay]:
    departments = _departments_of(seen)
    return [one for one in seen.shifts if key in (one.duty, departments.get(one.practitioner_id))]


def _departments_of(seen: CountyRosterView) -> dict[str, str]:
    """Practitioner → code of his department, of those who have one."""
    named = {one.practitioner_id: department_named(one.department) for one in seen.people if one.department}
    return {key: entry.code for key, entry in named.items() if entry is not None}


def _people(shifts: list[ShiftOnDay]) -> int:
    return len({one.practitioner_id for one in shifts})


def _menu(turn: Turn, seen: CountyRosterView, page: int) -> Reply:
    groups = list(_groups(seen).items())
    shown = groups[page * _DEPARTMENTS : (page + 1) * _DEPARTMENTS]
    if not shown:
        return turn.say(_nobody(seen, ""))
    choices = [Choice(code=_code(key, seen, 0), label=f"{_NAMES[key]} {_people(shifts)}人") for key, shifts in shown]
    choices += [Choice(code=_code(_ALL, seen, page + 1), label="更多")] if len(groups) > (page + 1) * _DEPARTMENTS else []
    head = f"**{_days(seen)}**:{len(seen.shifts)} 个班,{len(groups)} 个科室。点科室看,"
    return turn.offer(f"{head}也可以说「排班 {_NAMES[shown[0][0]]}」「排班 王主任」「排班 周三」。", tuple(choices))


def _shifts(turn: Turn, seen: CountyRosterView, group: str, page: int) -> Reply:
    """One page of the shifts of ``group``, or of all where there is no group."""
    shifts = _of_group(seen, group) if group else list(seen.shifts)
    shown = shifts[page * LINES : (page + 1) * LINES]
    if not shown:
        return turn.say(_nobody(seen, group))
    pages = -(-len(shifts) // LINES)
    lines = [f"**{_NAMES[group]}**" if group else ""]
    for day, of_day in groupby(shown, key=lambda one: max(seen.first_day, shanghai(one.starts_at).date())):
        lines += [f"**{said_day(day)}**", *(line(one) for one in of_day)]
    lines += [f"第 {page + 1} 页,共 {pages} 页。" if pages > 1 else "", f"要排班,写人和时间。{HOW}" if page == 0 else ""]
    choices = [Choice(code=_code(group, seen, page + 1), label="更多")] if page + 1 < pages else []
    choices += [Choice(code=_code(_ALL, seen, 0), label="其他科室")] if group and len(_groups(seen)) > 1 else []
    text = "\n".join(filter(None, lines))
    return turn.offer(text, tuple(choices)) if choices else turn.say(text)


def _nobody(seen: CountyRosterView, group: str) -> str:
    return f"{_days(seen)}{_NAMES.get(group, '')}没有人排班。{HOW}"


def _code(group: str, seen: CountyRosterView, page: int) -> str:
    return f"roster:{group}:{seen.first_day:%Y%m%d}-{seen.days}:{page}"


def _span(text: str) -> tuple[date, int]:
    """The first day and how many, as a button carries them."""
    day, _, days = text.partition("-")
    if not (text.isascii() and day.isdigit() and len(day) == 8 and days.isdigit() and len(days) <= 2 and 1 <= int(days) <= _MOST_DAYS):
        raise Invalid
    try:
        first = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError as wrong:
        raise Invalid from wrong
    if not 2000 <= first.year < 2200:
        raise Invalid
    return first, int(days)


def _days(seen: CountyRosterView) -> str:
    last = seen.first_day + timedelta(days=seen.days - 1)
    return said_day(seen.first_day) + (f"到{said_day(last)}" if seen.days > 1 else "")


def said_day(day: date) -> str:
    return f"{day.month}月{day.day}日 周{_WEEKDAYS[day.weekday()]}"


def line(one: ShiftOnDay) -> str:
    away = {"no": "", "part": "(请假一段)", "whole": "(**请假**)"}[one.away]
    return f"· {one.duty_label} {one.who} {_clock(one.starts_at)}–{_clock(one.ends_at, end=True)}{away}"


def _clock(moment: datetime, *, end: bool = False) -> str:
    local = shanghai(moment)
    return "24:00" if end and (local.hour, local.minute) == (0, 0) else f"{local:%H:%M}"
