"""A place in what stands on the screen (第二个, 2, 最后一个, 下面那个, 都要), and the doctor's own number of a patient (3号, 三号病人, 3床).

Beds are stored nowhere: 3床 is read as 3号 of the doctor's list, and ``bed`` tells the caller to say so when it answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.phrases.text import NUMBER, number, tidy

_LEAD = r"(?:我?(?:就|要|选|选择|约|请|看|换|用)(?:要|选|约)?\s*)?"
_UNIT = r"(?:个|项|号|条|位|名|行|张|种|份|次|家)"
_TAIL = r"(?:专家|医生|时间|选项)?\s*(?:吧|呀|啊|好了|就行|可以|就好|的)*"
_DIGITS = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
# 三次, 两天, 3份 answer other questions: without 第 only what one says of a line.
_ONE = re.compile(rf"{_LEAD}(?:第\s*(?P<n>{NUMBER})\s*{_UNIT}?|(?P<bare>{_DIGITS})\s*(?:个|项|号|条|位|名)?){_TAIL}")
_FROM_END = re.compile(rf"{_LEAD}倒数第?\s*(?P<n>{NUMBER})\s*{_UNIT}?{_TAIL}")
_FIRST = re.compile(rf"{_LEAD}(?:最?(?:上面|前面|开头|上边|前边)的?(?:(?:那|这)一?{_UNIT}?|一{_UNIT})|头一?{_UNIT}|打头的?那{_UNIT}){_TAIL}")
_LAST = re.compile(
    rf"{_LEAD}(?:最后(?:的?那一?{_UNIT}?|一{_UNIT})|最末{_UNIT}?|末尾那?{_UNIT}?"
    rf"|最?(?:下面|后面|下边|后边)的?(?:(?:那|这)一?{_UNIT}?|一{_UNIT})){_TAIL}"
)
_MIDDLE = re.compile(rf"{_LEAD}(?:最?中间)的?(?:(?:那|这)一?{_UNIT}?|一{_UNIT}){_TAIL}")
_THIS = re.compile(rf"{_LEAD}(?:这|那)一?{_UNIT}{_TAIL}|就(?:它|他|她|这|那){_TAIL}")
_ALL = re.compile(rf"{_LEAD}(?:全部|全都|都|所有|统统|两个都|全)(?:要|选|是|有|行|可以)?的?(?:全部)?{_TAIL}")
_SOME = re.compile(rf"{_LEAD}(?P<end>前|后)\s*(?P<n>{NUMBER})\s*{_UNIT}{_TAIL}")
_SEVERAL = re.compile(rf"{_LEAD}(?:第?\s*{NUMBER}\s*{_UNIT}?\s*(?:和|跟|与|及|,|、|\s)\s*)+第?\s*{NUMBER}\s*{_UNIT}?{_TAIL}")
_EACH = re.compile(NUMBER)
_PATIENT = r"(?:病人|患者|的病人|的患者)"
_NUMBERED = re.compile(
    rf"(?:病人|患者)?\s*第?\s*(?:(?P<n>{NUMBER})\s*号?\s*(?P<bed>床)(?:位|号)?(?:的)?{_PATIENT}?|(?P<a>{NUMBER})\s*号\s*{_PATIENT}?|(?<![\d/.])(?P<b>\d{{1,4}})\s*{_PATIENT})"
)
_MOST = 9999


@dataclass(frozen=True, slots=True)
class Numbered:
    """The number of a patient on the doctor's list; ``bed``: it was said as a bed."""

    number: int
    bed: bool = False


def read_places(text: str, count: int) -> tuple[int, ...] | None:
    """Which of ``count`` things on the screen ``text`` picks, from 1, in its order; empty when it picks one that is not there (第六个 of five);
    None when it picks nothing. 这个 picks only where there is one. Never raises."""
    said = tidy(text)
    if count < 1 or not said:
        return None
    for pattern, places in ((_FIRST, (1,)), (_LAST, (count,)), (_ALL, tuple(range(1, count + 1)))):
        if pattern.fullmatch(said):
            return places
    if _MIDDLE.fullmatch(said):
        return ((count + 1) // 2,) if count % 2 else ()
    if _THIS.fullmatch(said):
        return (1,) if count == 1 else None
    if (found := _FROM_END.fullmatch(said)) is not None:
        return _there(count + 1 - _value(found["n"]), count=count)
    if (found := _ONE.fullmatch(said)) is not None:
        return _there(_value(found["n"] or found["bare"]), count=count)
    if (found := _SOME.fullmatch(said)) is not None:
        wanted = _value(found["n"])
        first = 1 if found["end"] == "前" else count + 1 - wanted
        return _there(*range(first, first + min(wanted, count + 1)), count=count)
    if _SEVERAL.fullmatch(said):
        return _there(*(_value(one) for one in _EACH.findall(said)), count=count)
    return None


def read_place(text: str, count: int) -> int | None:
    """The one thing that ``text`` picks, from 1; 0 when it picks one that is not there; None when it picks none or several."""
    places = read_places(text, count)
    if places is None or len(places) > 1:
        return None
    return places[0] if places else 0


def read_number(text: str) -> Numbered | None:
    """3号, 三号病人, 3床 when the text says nothing else. Never raises."""
    found, rest = take_number(text)
    return found if not rest else None


def take_number(text: str) -> tuple[Numbered | None, str]:
    """The first number of a patient in ``text`` and what is left; None and the text when there is none. Never raises."""
    said = tidy(text)
    for found in _NUMBERED.finditer(said):
        value = number(found["n"] or found["a"] or found["b"])
        if value is not None and 1 <= value <= _MOST:
            return Numbered(value, found["bed"] is not None), tidy(f"{said[: found.start()]} {said[found.end() :]}")
    return None, said


def _value(said: str) -> int:
    return number(said) or 0


def _there(*places: int, count: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(places)) if all(1 <= place <= count for place in places) else ()
