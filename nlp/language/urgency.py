"""The urgency that a speaker typed: 危急, 紧急, 急, 普通. It can only raise what the rules find."""

from __future__ import annotations

import re
from functools import cache

from nlp.interface.urgency import Urgency

from .lexicon import alternatives, lexicon
from .normal import HARD_BREAKS, NormalText

_IDLE = "(?<![累热困忙气饿冷烦笑吓急渴]得)(?<![累热困忙气饿冷烦笑吓急渴]的)(?<![累热困忙气饿冷烦笑吓急渴])"
"""累得要死了 tells of a long day, not of dying."""


@cache
def _expressions() -> tuple[tuple[Urgency, re.Pattern[str], bool], ...]:
    """Short everyday words (急, 普通) count only when they stand alone; the longer ones anywhere unless denied."""
    lex = lexicon()
    found: list[tuple[Urgency, re.Pattern[str], bool]] = []
    for level in Urgency:
        words = lex.words("urgency", level.value)
        alone = level in (Urgency.URGENT, Urgency.ROUTINE, Urgency.SELF_CARE)
        found.append((level, re.compile(("" if alone else r"(?<!不)(?<!没有)(?<!不是)(?<!并不)(?<!不算)" + _IDLE) + alternatives(words)), alone))
    return tuple(found)


def urgency_said(text: NormalText) -> str | None:
    """The worst urgency code typed in ``text``, or None."""
    content = text.text
    for level, expression, alone in _expressions():
        for match in expression.finditer(content):
            if not alone or (_edge(text, match.start()) and _edge(text, match.end())):
                return level.value
    return None


def _edge(text: NormalText, position: int) -> bool:
    content = text.text
    if position in (0, len(content)) or position in text.breaks:
        return True
    return content[position] in HARD_BREAKS or content[position - 1] in HARD_BREAKS or content[position - 1] in "：:"
