"""What an answer means beside its own words: a tapped choice, a bare 有 or 没有, 不清楚."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from .lexicon import alternatives, lexicon, rows
from .normal import NormalText, normalise
from .numbers import NUMBER


@dataclass(frozen=True)
class Effects:
    """What one answer tells: codes of findings or conditions, and attributes of the person."""

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    duration_hours: float | None = None
    duration_words: str | None = None
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
    of_child: bool = False
    """The question is asked of children alone."""
    crisis: bool = False
    """The question is asked when somebody may harm himself."""
    danger: bool = False
    """An answer must mean something: a bare 有 to one that names several signs names none of them."""
    purpose: bool = False
    """The question is whether something was swallowed on purpose."""


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


_NONE_OF_THESE = re.compile(
    "^(?:其他|其它|别的|另外|其余|这些|以上|上面)?(?:的)?(?:病|症状|情况)?(?:(?:都|全)(?:没有|没得|没|无|不是)(?:了|的)?"
    "|(?:都|也|全|我)?(?:没有|没得|莫得|木有|没|无|冇)(?:得|过|啥|什么|哪样)*(?:其他|其它|别的|另外|这些|那些|以上|上面|上述|你说|您说|刚才说)(?:这|那)?(?:些|几样|几种)?(?:说)?(?:的)?"
    "(?:毛?病|老毛病|慢性病|基础病|症状|情况|问题|不舒服|现象|东西)?(?:了|的)?)$"
)
_CORRECTS = re.compile("^(?:不是|不对|错了|说错了|打错了|弄错了|搞错了)(?:了|的|啊|哦|呀)*$")
_AGE_FIRST = re.compile(rf"^(?:我|他|她|今年|年龄|虚岁|快|都|有|已经|是|满)*{NUMBER}(?:多)?(?:周?岁)?(?:了)?[，。；！？]*")


def short_answer(text: NormalText, *, after_age: bool = False) -> Short | None:
    """有, 没有 or 不清楚 when the text opens with just that (up to the first pause), or ends with 都没有, 没有其他的, 没有这些病.

    ``after_age``: the age was asked too, and may stand before it (43 没有这些病, 43 没有).
    """
    if after_age and (age := _AGE_FIRST.match(text.text)) and age.end() < len(text.text):
        breaks = frozenset(place - age.end() for place in text.breaks if place > age.end())
        rest = NormalText(text.original, text.text[age.end() :], text.origins[age.end() :], breaks)
        if (short := short_answer(rest)) is not None:
            return short
    pauses = sorted(set(text.breaks) | {i for i, character in enumerate(text.text) if character in "，。；！？"} | {len(text.text)})
    first = text.text[: pauses[0]]
    if _CORRECTS.match(first) and "是" in text.text[pauses[0] :]:
        return None  # 不是,38.5 是体温: he puts something right, and denies nothing of what was asked
    last = text.text[pauses[-2] if len(pauses) > 1 else 0 :].strip("，。；！？")
    for short, expression in _expressions():
        if expression.match(first):
            return short
    return Short.NO if _NONE_OF_THESE.match(last) or _NONE_OF_THESE.match(first) else None


_BEFORE = "(?:也|都|倒|还|就|是|很|挺|蛮|现在|今天|一直|他|她|我|孩子|娃|宝宝|嗯|有点|看着|那){0,4}"
_AFTER = "(?:了|的|啊|呀|呢|吧|哦|哈|嘛|哩|咧){0,3}"


@dataclass(frozen=True)
class Form:
    """A clause that means ``code`` only as the answer to a question about it: 绿的, asked what was vomited."""

    code: str
    absent: bool
    expression: re.Pattern[str]


@cache
def forms() -> dict[str, tuple[Form, ...]]:
    """The forms of answers.csv by code. Of one that holds in both ways what is denied comes first."""
    found: dict[str, list[Form]] = {}
    for row in rows("answers.csv"):
        expression = re.compile(f"{_BEFORE}(?:{row['regex']}){_AFTER}")
        found.setdefault(row["code"], []).append(Form(row["code"], row["status"] == "absent", expression))
    return {code: tuple(sorted(listed, key=lambda form: not form.absent)) for code, listed in found.items()}


def asked_codes(guide: AnswerGuide) -> tuple[str, ...]:
    """The findings that an answer to the question can tell, in the order of its choices."""
    effects = [effects for _, effects in guide.choices.values()] + [guide.no, guide.yes]
    return tuple(dict.fromkeys(code for one in effects for code in (*one.present, *one.uncertain, *one.absent)))


def meant(clause: str, guide: AnswerGuide) -> list[tuple[str, bool]]:
    """What ``clause`` alone means as an answer: codes, and whether they are denied."""
    if any(expression.match(clause) for _, expression in _expressions()):
        return []
    known = forms()
    return [
        (code, form.absent)
        for code in asked_codes(guide)
        for form in [next((form for form in known.get(code, ()) if form.expression.fullmatch(clause)), None)]
        if form is not None
    ]


def chosen(text: NormalText, guide: AnswerGuide) -> str | None:
    """The choice whose label was typed, word for word."""
    said = text.text.strip(_ENDS)
    return next((code for code, (label, _) in guide.choices.items() if said and said == _as_typed(label)), None)


_ENDS = "，。！？"


@cache
def _as_typed(label: str) -> str:
    """``label`` as the reader sees it when it is typed, whatever its commas and spaces."""
    return normalise(label).text.strip(_ENDS)


@cache
def _greeting() -> re.Pattern[str]:
    return re.compile(f"^(?:{alternatives(lexicon().words('answers', 'greetings'))}|[，。！？啊呀呢哦~]){{0,20}}$")


def is_greeting(text: NormalText) -> bool:
    return _greeting().match(text.text) is not None
