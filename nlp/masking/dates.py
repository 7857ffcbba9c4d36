"""Days and ages in a text: a day is moved with the patient's shift, an age becomes the patient's band, a birthday goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from nlp.interface.masking import Kind, Known
from nlp.language.numbers import number

_NUMERAL = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_YEAR = r"(?:(?:18|19|20)\d{2}|[一二][九〇零○][零〇○一二三四五六七八九]{2})"
_FULL = re.compile(rf"(?<!\d)({_YEAR})(?:[年\-/.·](0?[1-9]|1[0-2]|[一二三四五六七八九十]{{1,2}})[月\-/.·]({_NUMERAL})(?!\d)[日号]?|(0[1-9]|"
    rf"1[0-2])(0[1-9]|[12]\d|3[01])(?!\d))")
_SHORT = re.compile(rf"(?<![\d\-/.])(0?[1-9]|1[0-2]|十?[一二]|[三四五六七八九十])月(?:份)?({_NUMERAL})[日号]")
_BIRTH = re.compile(r"(?:出生(?:日期|年月日?|于|时间)?|生日|生于|生辰|农历生日|阳历生日)(?:是|为)?[ :：]{0,3}$|^[ ]?(?:出生|生的|生人|的生日)")
_AGE = re.compile(r"(?<![\d.])(\d{1,3}|[一二三四五六七八九十百零]{1,5})(?:多|来)?(?:周)?岁")
_CHINESE_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
OLDEST = 89
"""Years; ages above are one group (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C), restated)."""
OVER = f"[{OLDEST + 1}以上岁]"


def dates(text: str, known: Known) -> Iterator[tuple[Kind, int, int, str]]:
    """Kind, place, and what stands there instead."""
    for match in _FULL.finditer(text):
        around = _BIRTH.search(text[max(0, match.start() - 12) : match.start()]) or _BIRTH.match(text[match.end() : match.end() + 6])
        if around:
            yield Kind.BIRTH, *match.span(), f"[{Kind.BIRTH.value}]"
            continue
        yield Kind.DATE, *match.span(), _moved(_day(match[1], match[2] or match[4], match[3] or match[5]), known)
    for match in _SHORT.finditer(text):
        if known.written_on is None:
            yield Kind.DATE, *match.span(), f"[{Kind.DATE.value}]"
            continue
        year = known.written_on.year
        day = _day(str(year), match[1], match[2])
        if day is not None and (day - known.written_on).days > 180:
            day = _day(str(year - 1), match[1], match[2])
        yield Kind.DATE, *match.span(), _moved(day, known)


def ages(text: str, known: Known) -> Iterator[tuple[Kind, int, int, str]]:
    """The patient's own age as his band; above 89 whoever it is."""
    for match in _AGE.finditer(text):
        years = number(match[1])
        if years is None:
            continue
        if years > OLDEST:
            yield Kind.AGE, *match.span(), OVER
        elif known.age is not None and abs(years - known.age) <= 1:
            yield Kind.AGE, *match.span(), f"[{known.band}岁]" if known.band else f"[{Kind.AGE.value}]"


def _day(year: str, month: str, day: str) -> date | None:
    months, days = number(month), number(day)
    try:
        return date(int(year.translate(_CHINESE_DIGITS)), int(months or 0), int(days or 0))
    except ValueError:
        return None


def _moved(day: date | None, known: Known) -> str:
    """The placeholder: with the moved day inside, so that nobody takes it for what was written and it is not moved again."""
    if day is None or known.shift_days is None:
        return f"[{Kind.DATE.value}]"
    try:
        return f"[{Kind.DATE.value}{day + timedelta(days=known.shift_days):%Y-%m-%d}]"
    except OverflowError:
        return f"[{Kind.DATE.value}]"
