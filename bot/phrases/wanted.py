"""What is wanted of a booking, in one line: 呼吸内科 明天下午, 下周三上午王主任. What kind of words they are, before time and doctors are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.phrases.text import tidy
from bot.phrases.when import take_when
from bot.phrases.who import take_who
from nlp.interface.departments import DEPARTMENTS, department_named

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Which words are a time does not depend on the day; what they mean does."""
_NAMES = sorted({name for entry in DEPARTMENTS for name in (entry.name, *entry.local)}, key=len, reverse=True)
_DEPARTMENT = re.compile("|".join(map(re.escape, _NAMES)))
_SMALL = re.compile(r"(?:的号|的|号|有空|有号|方便|可以|时候|看|找|给我|一个|一下|吗|吧|啊|呢|呀|[\s,。.、;:!?])+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """``department``: a code of the list, None where none is named. ``words``: the whole line, to be read for time and person."""

    department: str | None
    words: str


def read_wanted(text: str) -> Wanted | None:
    """The parts of a line that says a department, a time and a doctor, or some of them, and nothing else; None for any other line. Never raises."""
    said = tidy(text)
    if not said or len(said) > 40:
        return None
    _, rest = take_when(said, _ANY_DAY)
    timed = rest != said
    who = take_who(rest, ())
    named, rest = bool(who.said), who.rest
    # 心内科王主任: the department stands in the mention's own words for whoever knows the doctors.
    found = _DEPARTMENT.search(rest)
    code = None
    if found is not None:
        entry = department_named(found[0])
        code = entry.code if entry is not None else None
        rest = rest[: found.start()] + " " + rest[found.end() :]
    if _SMALL.sub("", tidy(rest)) or not (timed or named or code):
        return None
    return Wanted(code, said)
