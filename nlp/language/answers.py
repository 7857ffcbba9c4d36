"""What an answer means beside its own words: a tapped choice, a bare 有 or 没有, 不清楚."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from .lexicon import alternatives, lexicon
from .normal import NormalText


@dataclass(frozen=True)
class Effects:
    """What one answer tells: codes of findings or conditions, and attributes of the person."""

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    duration_hours: float | None = None
    age_days: int | None = None
    age_words: str | None = None
    sex: str | None = None
    pregnant: bool | None = None


@dataclass(frozen=True)
class AnswerGuide:
    """How to take the answer to one question. ``expects``: what a bare number means ("age" or a measurement code)."""

    choices: dict[str, tuple[str, Effects]] = field(default_factory=dict)
    no: Effects = Effects()
    yes: Effects = Effects()
    duration_of: tuple[str, ...] = ()
    expects: str | None = None


class Short(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@cache
def _expressions() -> tuple[tuple[Short, re.Pattern[str]], ...]:
    lex = lexicon()
    tail = "(?:了|啊|呀|的|吧|呢|哦|哈|嘛|噢|哩|咯|哟)*"
    return tuple(
        (short, re.compile(f"^(?:都|也|这些|以上|目前|现在|好像|这个|就|倒|我|他|她)*{alternatives(lex.words('answers', short.value))}{tail}$"))
        for short in (Short.UNKNOWN, Short.NO, Short.YES)
    )


def short_answer(text: NormalText) -> Short | None:
    """有, 没有 or 不清楚 when the text opens with just that (up to the first pause), or ends with 都没有."""
    pauses = sorted(set(text.breaks) | {i for i, character in enumerate(text.text) if character in "，。；！？"} | {len(text.text)})
    first = text.text[: pauses[0]]
    last = text.text[pauses[-2] if len(pauses) > 1 else 0 :].strip("，。；！？")
    for short, expression in _expressions():
        if expression.match(first):
            return short
    if re.match("^(?:其他|其它|别的|另外|其余)?(?:的)?(?:都|全)(?:没有|没得|没|无|不是)(?:了|的)?$", last):
        return Short.NO
    return None


def chosen(text: NormalText, guide: AnswerGuide) -> str | None:
    """The choice whose label was typed, word for word."""
    said = text.text.strip("，。！？")
    return next((code for code, (label, _) in guide.choices.items() if said and said == label.replace(" ", "").strip("。，？")), None)


@cache
def _greeting() -> re.Pattern[str]:
    return re.compile(f"^(?:{alternatives(lexicon().words('answers', 'greetings'))}|[，。！？啊呀呢哦~])*$")


def is_greeting(text: NormalText) -> bool:
    return _greeting().match(text.text) is not None
