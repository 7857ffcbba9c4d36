"""排班: the county's roster in words, and a weekly shift by saying whom and when. Shifts are weekly: that is said before one is set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

from bot.channels.outgoing import Choice, Text
from bot.dialogue import roster_pages
from bot.dialogue.cases import tapped
from bot.dialogue.roster_pages import HOW, line, said_day
from bot.dialogue.turn import Reply, Turn
from bot.phrases.text import tidy
from bot.phrases.when import Ambiguous, When, take_when
from bot.phrases.who import Named, take_who
from core.appointments.commands import CountyRoster, CountyRosterView, Duty, Rosterable, SetShift
from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.clock import shanghai
from core.foundation.errors import Invalid

ALONE = "排班请在单独会话里看。"
_WEEKDAYS = "一二三四五六日"
_DUTY_WORDS: tuple[tuple[str, Duty], ...] = (
    ("专家", "expert"), ("会诊", "expert"), ("值班医生", "duty_doctor"), ("医生班", "duty_doctor"), ("调度", "scheduler"), ("值班台", "scheduler"),
    ("药师", "pharmacist"), ("审方", "pharmacist"),
)  # fmt: skip


async def in_words(turn: Turn, words: str) -> Reply:
    """排班, 排班 本周, 排班 呼吸内科, 排班 王主任, 排班 王主任 周三下午."""
    if turn.group:
        return turn.say(ALONE)
    now = turn.practice.clock.now()
    when, rest = take_when(words, now)
    named_time = rest != tidy(words)
    if when is None and named_time:
        return turn.say(f"这个时间没看懂,或者已经过了。{HOW}")
    if not rest.strip("每 "):
        return await _days(turn, when, now)
    if group := roster_pages.group_named(rest):
        return await _days(turn, when, now, group)
    found = await named(turn, rest)
    if isinstance(found, Reply):
        return found
    who, left = found
    return await _of_one(turn, who) if when is None else _to_set(turn, who, when, left)


async def named(turn: Turn, words: str) -> tuple[Rosterable, str] | Reply:
    """Whom ``words`` name of those who can be put on the county's roster, and what is left; or what to say where that is not clear."""
    today: CountyRosterView = await turn.ask(CountyRoster())
    people = {one.practitioner_id: one for one in today.people}
    who = take_who(words, [Named(one.practitioner_id, one.full_name, one.title_name, one.department, one.organisation) for one in today.people])
    found = [people[one.key] for one in who.people]
    if not found:
        return turn.say(f"本县可以排班的人里没有「{who.said or words[:20]}」。外县、省里的专家由他们医院排班。发「排班」看现在的。")
    if len(found) > 1 or not who.sure:
        lines = [f"{one.who} {one.title_name}" for one in found[:6]]
        return turn.say("\n".join([f"「{who.said}」是哪一位?请写全名再发一遍:", *lines]))
    return found[0], who.rest


async def _days(turn: Turn, when: When | Ambiguous | None, now: datetime, group: str = "") -> Reply:
    """The roster of today, or of the days that were named."""
    first, days = shanghai(now).date(), 1
    chosen = when.choices[0] if isinstance(when, Ambiguous) else when
    if chosen is not None:
        first = shanghai(chosen.start).date()
        last = shanghai(chosen.start if chosen.exact else chosen.end - timedelta(minutes=1)).date()
        days = min(14, (last - first).days + 1)
    return await roster_pages.listed(turn, first, days, group)


async def _of_one(turn: Turn, who: Rosterable) -> Reply:
    """His shifts of the week that comes."""
    seen: CountyRosterView = await turn.ask(CountyRoster(days=7))
    own = [one for one in seen.shifts if one.practitioner_id == who.practitioner_id]
    lines = [f"{said_day(shanghai(one.starts_at).date())}{line(one).removeprefix('·')}" for one in own]
    return turn.say("\n".join([f"{who.who} 这七天:", *(lines or ["没有排班。"]), f"要排班,写上时间。{HOW}"]))


def _to_set(turn: Turn, who: Rosterable, when: When | Ambiguous, rest: str) -> Reply:
    """The shift as it will stand every week, to be confirmed; where the time or the duty is not clear, with a choice."""
    times = {_weekly(one): one for one in (when.choices if isinstance(when, Ambiguous) else (when,))}
    if None in times:
        return turn.say(f"请写从几点到几点。{HOW}")
    wanted = [duty for word, duty in _DUTY_WORDS if word in rest]
    duties = [one for one in who.duties if not wanted or one in wanted]
    if not duties:
        return turn.say(f"{who.who}没有这个岗位,能排的是:{'、'.join(ROLE_LABELS[Role(one)] for one in who.duties)}。")
    keys = [(duty, time) for duty in duties for time in times if time is not None]
    choices = tuple(
        Choice(code=f"set_shift:{who.practitioner_id}:{duty}:{'-'.join(map(str, time))}", label=f"确认{_said(time)}" if len(keys) > 1 else "确认排班")
        for duty, time in keys[:6]
    )
    lines = [f"{who.who} · {ROLE_LABELS[Role(duty)]} · **每{_said(time)}**" for duty, time in keys[:6]]
    return turn.offer("\n".join(["请确认排班。", *lines, "班是每周一次的,确认后每周都值;只缺一次用请假。"]), choices)


def _weekly(when: When) -> tuple[int, int, int] | None:
    """Weekday, first and last minute of the day; None for an instant and for what is longer than a day."""
    starts, ends = shanghai(when.start), shanghai(when.end)
    length = int((ends - starts).total_seconds()) // 60
    begin = starts.hour * 60 + starts.minute
    return (starts.weekday(), begin, begin + length) if 0 < length <= 1440 else None


def _said(time: tuple[int, int, int]) -> str:
    day, begin, end = time
    past = "次日" if end > 1440 else ""
    last = end if end <= 1440 else end - 1440
    return f"周{_WEEKDAYS[day]} {begin // 60}:{begin % 60:02d}–{past}{last // 60}:{last % 60:02d}"


async def set_shift(turn: Turn, practitioner_id: str, duty: str, time: str) -> Reply:
    """【确认排班】."""
    parts = time.split("-")
    known = next((one for one in get_args(Duty) if one == duty), None)
    if known is None or len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        raise Invalid
    day, begin, end = (int(part) for part in parts)
    await turn.execute(SetShift(practitioner_id=practitioner_id, duty=known, weekdays=(day,), start_minute=begin, end_minute=end))
    text = f"排好了:每{_said((day, begin, end))},{ROLE_LABELS[Role(known)]}。发「排班」看全部。"
    return Reply((*tapped(turn, "已排班"), Text(text=text)), turn.state.asking(None))
