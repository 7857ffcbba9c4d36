"""A time as people say it: 明天下午3点, 下周三上午, 25号, 三天后, 半小时后, 今晚. Read against a given now, in Asia/Shanghai.

Conventions, where people differ:

- Weeks begin on Monday. 下周三 is the Wednesday of the next calendar week, 这周三 that of this one, 周三 the coming one. On a Wednesday 周三 may
  be today or in a week: asked back.
- Only what is not over is meant: 今天上午 in the evening is None. 25号 when the 25th is over is asked back as next month's; so is a date without
  its year that would be more than half a year away.
- An hour from 1 to 7 without a half of the day may be before or after noon: asked back when both lie ahead. 8 to 11 are the morning while that
  lies ahead, 12 is noon; 13 to 24, 0 and 08:00 say it themselves. 晚上12点 ends the day, 晚上1点 to
  晚上4点 belong to the night after it.
- Parts of a day: 凌晨 0-6, 早上 6-10, 上午 6-12, 中午 11-14, 下午 12-18, 傍晚 17-20, 晚上 18-24.
- 三天后 is the whole day, 三天后下午3点 an instant; 半小时后 counts from now. 半个月 are 15 days.
- A date that does not exist (2月30号), a weekday that does not belong to its date and a time that contradicts itself (上午15点) are None.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.phrases.hours import CLOCK, PART, PART_NAMES, Half, clock_times, half
from bot.phrases.text import NUMBER, number, tidy
from core.foundation.clock import SHANGHAI, shanghai
from core.foundation.clock import spoken as spoken_instant

MOST_CHOICES = 4
_FAR = timedelta(days=183)
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6}
_SHOWN = "一二三四五六日"
_RELATIVE = {
    "今天": 0, "今日": 0, "今儿": 0, "今": 0, "明天": 1, "明日": 1, "明儿": 1, "明": 1, "后天": 2, "后日": 2, "后": 2, "大后天": 3,
}  # fmt: skip
_WEEKS = {"这": 0, "这个": 0, "本": 0, "下": 1, "下个": 1, "下下": 2, "下下个": 2}
_MONTHS = {"这": 0, "这个": 0, "本": 0, "下": 1, "下个": 1, "下下": 2, "下下个": 2}
_OF = "这个?|本|下下个?|下个?"
_GAP = r"[\s,的、(]*"

_DAY = (
    rf"(?P<near>大后天|[今明后](?:天|日|儿(?!子|女|媳|童|科))|[今明后](?=晚|早|夜))"
    rf"|(?P<iso>\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}[号日]?)"
    rf"|(?:(?P<year>[今明后])年)?(?P<month>{NUMBER})月(?:份)?(?P<mday>{NUMBER})[号日]?"
    rf"|(?P<monthof>{_OF})月(?:份)?(?P<omday>{NUMBER})[号日]"
    rf"|(?P<weekof>{_OF})?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末]|[1-7](?!\d))(?![一二三四五六七八九十]?(?:周|个星期))"
    rf"|(?P<later>再?过?(?P<count>{NUMBER}|半)个?(?P<unit>天|日|周|星期|礼拜|月)(?:之后|以后|后)|再?过(?P<count2>{NUMBER}|半)个?(?P<unit2>天|周|星期|礼拜|月))"
    rf"|(?P<span>(?:{_OF})(?:周|星期|礼拜|月)(?!\d|[一二三四五六七八九十日天末]))"
    rf"|(?<![\d/.:-])(?P<slash>(?:1[0-2]|0?[1-9])[/-](?:3[01]|[12]\d|0?[1-9]))(?![\d/.:-]|号)"
    rf"|(?P<dday>{NUMBER})[号日](?!床|楼|线|病|患|的)"
)
_SOON = re.compile(
    rf"再?过?(?:(?P<count>{NUMBER}|半)个?(?P<half>半)?(?P<unit>分钟|小时|钟头)|(?P<quarters>[一三])刻钟)(?:之后|以后|后)"
    rf"|再?过(?:(?P<count2>{NUMBER}|半)个?(?P<half2>半)?(?P<unit2>分钟|小时|钟头)|(?P<quarters2>[一三])刻钟)"
)
_CHECK = r"(?:[\s(]*(?:周|星期|礼拜)(?P<checked>[一二三四五六日天])\)?)?"
_WHEN = re.compile(
    rf"(?:(?:{_DAY}){_CHECK}{_GAP}(?:(?:{PART}){_GAP})?(?:{CLOCK})?)"
    rf"|(?:(?:{PART.replace('<part', '<alone')}){_GAP}(?:{CLOCK.replace('?P<', '?P<a')})?)"
    rf"|(?:{CLOCK.replace('?P<', '?P<b')})"
)
_AROUND = " ,。.;:、!的吧呀啊吗呢行好可以()"
_LEADS = re.compile(r"^(?:(?:改到|改成|改为|改在|约在|约到|定在|定到|就|在|到|约|想|要|我)\s*)+")
_TRAILS = re.compile(r"(?:左右|前后|吧|呀|啊|吗|呢|行|好|可以|的|有空|方便|见)+$")


@dataclass(frozen=True, slots=True)
class When:
    """``start`` and ``end`` (not included), aware, Asia/Shanghai. ``exact``: an instant, then both are the same. ``spoken``: as it is read back."""

    start: datetime
    end: datetime
    exact: bool
    spoken: str

    def holds(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) lies in it; of an instant, whether it is that minute."""
        return self.start <= moment < (self.end if not self.exact else self.start + timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """What may be meant, soonest first, 1 to 4; a single one was not said clearly enough to be acted upon unasked."""

    choices: tuple[When, ...]


Read = When | Ambiguous | None


def read_when(text: str, now: datetime) -> Read:
    """The time that ``text`` says when it says nothing else (courtesy and 改到 apart); None when it says none, or one that is over. ``now``: aware.

    Never raises.
    """
    said = _TRAILS.sub("", _LEADS.sub("", tidy(text))).strip(_AROUND)
    found, rest = _take(said, now, alone=True)
    return None if rest.strip(_AROUND) else found


def take_when(text: str, now: datetime) -> tuple[Read, str]:
    """The first time in ``text`` and what is left without it: 下周三上午王主任 gives the morning and 王主任. None and the text when none is there.

    None with a shorter rest: a time was said, but one that is over or does not exist. Never raises.
    """
    return _take(tidy(text), now, alone=False)


def _take(said: str, now: datetime, *, alone: bool) -> tuple[Read, str]:
    local = shanghai(now)
    soon = _SOON.search(said)
    if soon is not None:
        return _in_a_while(soon, local), _without(said, soon)
    for found in _WHEN.finditer(said):
        if not alone and _no_time(found):
            continue
        try:
            return _meant(found, local), _without(said, found)
        except (ValueError, OverflowError):
            return None, _without(said, found)
    return None, said


def _without(said: str, found: re.Match[str]) -> str:
    return tidy(f"{said[: found.start()]} {said[found.end() :]}")


def _no_time(found: re.Match[str]) -> bool:
    """一点, 两点 in the middle of a sentence is a little or two matters; with 钟, 半 or a day it is a time."""
    return found["bhour"] is not None and ":" not in found[0] and found["bminute"] is None and not found[0].endswith(("钟", "整", "时"))


def _in_a_while(found: re.Match[str], now: datetime) -> Read:
    quarters = found["quarters"] or found["quarters2"]
    unit = found["unit"] or found["unit2"]
    if quarters is not None:
        minutes = {"一": 15, "三": 45}[quarters]
    else:
        said = found["count"] or found["count2"]
        count = 0.5 if said == "半" else float(number(said) or 0)
        minutes = round((count + (0.5 if found["half"] or found["half2"] else 0)) * (1 if unit == "分钟" else 60))
    if not 0 < minutes <= 60 * 24 * 7:
        return None
    start = now.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    return When(start, start, True, _instant(start, now))


@dataclass(frozen=True, slots=True)
class _Day:
    first: date
    days: int = 1
    sure: bool = True


def _meant(found: re.Match[str], now: datetime) -> Read:
    clock = next((prefix for prefix in ("", "a", "b") if found[f"{prefix}hour"] is not None), None)
    part = half(found["part"] or found["alone"])
    unsaid = found["alone"] is not None or clock == "b"
    days = (_Day(now.date()),) if unsaid else _days(found, now)
    if found["checked"] is not None:
        days = tuple(day for day in days if day.days == 1 and day.first.weekday() == _WEEKDAYS[found["checked"]])
    times = clock_times(found, clock, part) if clock is not None else None
    if times is not None and not times:
        return None
    choices = _choices(days, part, times, now)
    if not choices and unsaid:
        choices = _choices((_Day(now.date() + timedelta(days=1)),), part, times, now)
    if not choices:
        return None
    sure = all(day.sure for day in days)
    return choices[0] if len(choices) == 1 and sure else Ambiguous(tuple(choices[:MOST_CHOICES]))


def _days(found: re.Match[str], now: datetime) -> tuple[_Day, ...]:
    """The days that may be meant; ValueError for one that is not in the calendar."""
    today = now.date()
    if found["near"] is not None:
        return (_Day(today + timedelta(days=_RELATIVE[found["near"]])),)
    if found["iso"] is not None:
        year, month, day = map(int, re.findall(r"\d+", found["iso"]))
        return (_Day(date(year, month, day)),)
    if found["slash"] is not None:
        month, day = map(int, re.findall(r"\d+", found["slash"]))
        return _of_the_year(today, month, day, None)
    if found["month"] is not None:
        return _of_the_year(today, _int(found["month"]), _int(found["mday"]), found["year"])
    if found["monthof"] is not None:
        return (_Day(_in_month(today, _MONTHS[found["monthof"]], _int(found["omday"]))),)
    if found["weekday"] is not None:
        return _weekday(today, found["weekof"], found["weekday"])
    if found["later"] is not None:
        return (_later(today, found["count"] or found["count2"], found["unit"] or found["unit2"]),)
    if found["span"] is not None:
        return (_span(today, found["span"]),)
    return _of_the_month(today, _int(found["dday"]))


def _int(said: str) -> int:
    value = number(said)
    if value is None:
        raise ValueError
    return value


def _of_the_year(today: date, month: int, day: int, year: str | None) -> tuple[_Day, ...]:
    if year is not None:
        return (_Day(date(today.year + _RELATIVE[year], month, day)),)
    this = date(today.year, month, day) if (month, day) != (2, 29) or calendar.isleap(today.year) else None
    if this is not None and this >= today:
        return (_Day(this),)
    following = date(today.year + 1, month, day)
    return (_Day(following, sure=following - today <= _FAR),)


def _of_the_month(today: date, day: int) -> tuple[_Day, ...]:
    if not 1 <= day <= 31:
        raise ValueError
    if day < today.day:
        return (_Day(_in_month(today, 1, day), sure=False),)
    return (_Day(_in_month(today, 0, day)),)


def _in_month(today: date, months: int, day: int) -> date:
    count = today.year * 12 + today.month - 1 + months
    return date(count // 12, count % 12 + 1, day)


def _weekday(today: date, of: str | None, said: str) -> tuple[_Day, ...]:
    monday = today - timedelta(days=today.weekday())
    if said == "末":
        saturday = monday + timedelta(days=5, weeks=0 if of is None else _WEEKS[of])
        return (_Day(saturday, 2),)
    wanted = _WEEKDAYS[said]
    if of is not None:
        return (_Day(monday + timedelta(days=wanted, weeks=_WEEKS[of])),)
    ahead = (wanted - today.weekday()) % 7
    if ahead:
        return (_Day(today + timedelta(days=ahead)),)
    return (_Day(today), _Day(today + timedelta(days=7)))


def _later(today: date, said: str, unit: str) -> _Day:
    if said == "半":
        if unit != "月":
            raise ValueError
        return _Day(today + timedelta(days=15))
    count = _int(said)
    if not 0 < count <= 366:
        raise ValueError
    if unit == "月":
        months = today.year * 12 + today.month - 1 + count
        year, month = months // 12, months % 12 + 1
        return _Day(date(year, month, min(today.day, calendar.monthrange(year, month)[1])))
    return _Day(today + timedelta(days=count * (1 if unit in ("天", "日") else 7)))


def _span(today: date, said: str) -> _Day:
    of = re.sub("周|星期|礼拜|月", "", said)
    if said.endswith("月"):
        first = _in_month(today, _MONTHS[of], 1)
        return _Day(first, calendar.monthrange(first.year, first.month)[1])
    return _Day(today - timedelta(days=today.weekday()) + timedelta(weeks=_WEEKS[of]), 7)


def _choices(days: tuple[_Day, ...], part: Half | None, times: tuple[tuple[int, int | None], ...] | None, now: datetime) -> list[When]:
    """Everything that may be meant and is not over, soonest first."""
    if part is not None or times is not None:
        # 周末上午 is one of two mornings; 下周上午 is none of them.
        days = tuple(_Day(day.first + timedelta(days=place)) for day in days if day.days <= 2 for place in range(day.days))
    made: list[When] = []
    for day in days:
        if times is not None:
            made += [_at(day.first, begins, ends, now) for begins, ends in _ahead(day.first, times, now)]
        elif part is not None:
            start, end = _minute(day.first, part.begins), _minute(day.first, part.ends)
            made.append(When(start, end, False, f"{_date(day.first, now)} {part.name}"))
        else:
            made.append(_whole(day, now))
    return sorted((one for one in made if (one.start > now if one.exact else one.end > now)), key=lambda one: one.start)


def _ahead(day: date, times: tuple[tuple[int, int | None], ...], now: datetime) -> list[tuple[int, int | None]]:
    """Of the two halves of the day those that lie ahead: from 8 to 11 the earlier one is enough."""
    ahead = [one for one in times if _minute(day, one[0]) > now]
    return ahead[:1] if ahead and 8 * 60 <= ahead[0][0] < 12 * 60 else ahead


def _at(day: date, begins: int, ends: int | None, now: datetime) -> When:
    start = _minute(day, begins)
    if ends is None:
        return When(start, start, True, _instant(start, now))
    end = _minute(day, ends)
    return When(start, end, False, f"{_instant(start, now)} 到 {end.hour}:{end.minute:02d}")


def _minute(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI) + timedelta(minutes=minute)


def _whole(day: _Day, now: datetime) -> When:
    start, end = _minute(day.first, 0), _minute(day.first + timedelta(days=day.days), 0)
    last = day.first + timedelta(days=day.days - 1)
    said = _date(day.first, now) if day.days == 1 else f"{_date(day.first, now)} 到 {_date(last, now)}"
    return When(start, end, False, said)


def _date(day: date, now: datetime) -> str:
    year = f"{day.year}年" if day.year != now.year else ""
    return f"{year}{day.month}月{day.day}日 周{_SHOWN[day.weekday()]}"


def _instant(moment: datetime, now: datetime) -> str:
    return f"{moment.year}年{spoken_instant(moment)}" if moment.year != now.year else spoken_instant(moment)


__all__ = ["MOST_CHOICES", "PART_NAMES", "Ambiguous", "Read", "When", "read_when", "take_when"]
