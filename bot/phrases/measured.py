"""A measured value as people send it: 150/95, 血压 150/95, 高压150低压95, 一百五 九十五, 血糖 6.8, 空腹血糖六点八. Only when it is the whole text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from bot.phrases.text import number, tidy


@dataclass(frozen=True, slots=True)
class Said:
    """Either both numbers of a blood pressure or a glucose."""

    systolic: int | None = None
    diastolic: int | None = None
    glucose: Decimal | None = None


_CHINESE = "零〇一二两三四五六七八九十百"
_NUMBER = rf"(?:\d{{2,3}}|[{_CHINESE}]{{2,6}})"
_LEAD = r"(?:我的?|今天|今早|早上|晚上|刚才|刚量的?|量了|测了|是|血压|血压是|血压计|[::,\s])*"
_TAIL = r"(?:\s*(?:毫米汞柱|mmhg|了|啊|呢|吧))*"
_PRESSURE = re.compile(rf"^{_LEAD}(?P<high>{_NUMBER})\s*(?:/|\\|-|比|到|和|,|\s)\s*(?P<low>{_NUMBER}){_TAIL}$", re.IGNORECASE)
_BY_NAME = re.compile(
    rf"^{_LEAD}(?:高压|收缩压)是?\s*(?P<high>{_NUMBER})[\s,,]*(?:低压|舒张压)是?\s*(?P<low>{_NUMBER}){_TAIL}$", re.IGNORECASE
)
_GLUCOSE = re.compile(
    rf"^(?:我的?|今天|今早|早上|刚才|测了|[\s,])*(?:空腹)?血糖(?:值|是|为)?[::\s]*(?P<whole>\d{{1,2}}|[{_CHINESE}]{{1,3}})"
    rf"(?:\s*[.点]\s*(?P<part>\d{{1,2}}|[{_CHINESE}]))?\s*(?:mmol/l|毫摩尔)?(?:了|啊|吧)?$",
    re.IGNORECASE,
)
_SHORT = re.compile(r"^([一二两三四五六七八九])百([一二三四五六七八九])$")


def read_measured(text: str) -> Said | None:
    """The value, or None when the text is anything else or more than a value."""
    plain = tidy(text)
    if (found := _GLUCOSE.match(plain)) is not None:
        whole, part = number(found["whole"]), found["part"]
        tenths = None if part is None else (part if part.isascii() else str(number(part)))
        return None if whole is None else Said(glucose=Decimal(f"{whole}.{tenths}" if tenths else str(whole)))
    found = _BY_NAME.match(plain) or _PRESSURE.match(plain)
    if found is None:
        return None
    high, low = _spoken(found["high"]), _spoken(found["low"])
    return None if high is None or low is None else Said(systolic=high, diastolic=low)


def _spoken(text: str) -> int | None:
    """As numbers are said: 一百五 is 150 (and not 105, which is 一百零五)."""
    short = _SHORT.match(text)
    if short is not None:
        hundreds, tens = number(short[1]), number(short[2])
        return None if hundreds is None or tens is None else hundreds * 100 + tens * 10
    return number(text)
