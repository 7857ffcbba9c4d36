"""Danger first: whether one text, by itself, tells of an emergency."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from bot.phrases.definitions import PHRASES
from nlp.interface.assessment import Emergency, Facts
from nlp.interface.reading import Person, Reading


@dataclass(frozen=True, slots=True)
class Heard:
    """What was read in a text, and whether it is an emergency."""

    reading: Reading
    danger: bool
    emergency: Emergency | None = None
    """What the rules say to do first."""
    red_flag: bool = False
    """No emergency by name, but something for which one must be seen now."""

    @property
    def says_something(self) -> bool:
        return bool(self.reading.findings or self.reading.measurements or self.reading.conditions)


NOTHING = Heard(Reading(), False)


async def heard(engine: Any, text: str) -> Heard:
    """Read ``text`` in a thread, so that other conversations go on meanwhile.

    What a phrase of ours says by itself (帮助, 进度) is read once and remembered; what people write is not kept.
    """
    if text not in _NAMES:
        return await asyncio.to_thread(_heard, engine, text)
    remembered = _of_names.setdefault(engine, {})
    if text not in remembered:
        remembered[text] = await asyncio.to_thread(_heard, engine, text)
    return remembered[text]


_NAMES = frozenset(name for phrase in PHRASES for name in phrase.names)
_of_names: WeakKeyDictionary[Any, dict[str, Heard]] = WeakKeyDictionary()


def _heard(engine: Any, text: str) -> Heard:
    reading = engine.read(text)
    alarm = engine.alarm(engine.merge(Facts(), reading))
    return Heard(reading, alarm.critical or alarm.emergency is not None, alarm.emergency, red_flag=bool(alarm.red_flag))


_RELATIVES = {
    "self": "您自己", "father": "您父亲", "mother": "您母亲", "spouse": "您爱人", "wife": "您爱人", "husband": "您爱人", "grandfather": "爷爷",
    "grandmother": "奶奶", "sibling": "您兄弟姐妹", "son": "您儿子", "daughter": "您女儿", "neighbour": "您邻居",
}  # fmt: skip
_CHILD_YEARS = 14
_MONTHS_SAID = 35.5
"""From about three years on a child's age is said in years."""


def subject_of(person: Person) -> str | None:
    """Whom a text is about: child, father …; self when said so, also by a child that writes itself; None when it does not say."""
    if person.child_speaking:
        return "self"
    years = person.age_years
    if person.relation in ("child", "son", "daughter", "grandchild", "baby") and (years is None or years < _CHILD_YEARS):
        return "child"
    if years is not None and years < _CHILD_YEARS:
        return "child"
    return person.relation


def spoken_subject(subject: str, person: Person) -> str:
    """As one says it: 8 个月的宝宝, 5 岁的孩子, 您父亲."""
    if subject != "child":
        return _RELATIVES.get(subject, "家里人")
    if person.age_days is None:
        return "孩子"
    months = person.age_days / 30.44
    if months < 1:
        return f"出生 {person.age_days} 天的宝宝"
    if months < _MONTHS_SAID:
        return f"{round(months)} 个月的宝宝"
    # Years were told as so many times 365 days: without the leap days five would be four.
    return f"{int(person.age_days / 365.25 + 0.01)} 岁的孩子"
