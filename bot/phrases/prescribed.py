"""Drugs as an expert writes them: 高血压:氨氯地平 5mg 每日一次 7天;阿托伐他汀 20mg 每晚一次 14天. Each part is read or named as not understood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from pydantic import ValidationError

from bot.phrases.text import number
from core.prescriptions.drugs import Drug, catalogue
from core.prescriptions.items import Item

MOST = 5
"""处方管理办法 article 6."""
_PARTS = re.compile(r"[;\n]+")
_AMOUNT = re.compile(
    r"(?:每次|一次)?\s*(?P<value>\d+(?:\.\d+)?|半|[一二两三四])\s*(?P<unit>mg|毫克|ug|μg|mcg|微克|g|克|片|粒|颗|揿|喷|ml|毫升)(?![a-z/])",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"(?:每[日天]|[一1][日天])\s*(?P<times>[1-8]|[一两二三四五六])\s*次|每[日天]?(?P<once>[晚早])(?:上|晨)?(?:[一1]次)?"
    r"|(?P<latin>qd|bid|tid|qid|qn)\b",
    re.IGNORECASE,
)
_DAYS = re.compile(r"(?:共|用|连用|连服|吃|服)?\s*(?P<days>\d{1,2}|[一二两三四五六七八九十]{1,3})\s*[天日](?!\s*[一二三四五六1-8]\s*次)")
_WEEKS = re.compile(r"(?P<weeks>\d|[一二两三四])\s*周")
_IN_MG = {"mg": Decimal(1), "毫克": Decimal(1), "g": Decimal(1000), "克": Decimal(1000)}
_IN_MG |= dict.fromkeys(("ug", "μg", "mcg", "微克"), Decimal("0.001"))
_PIECES = ("片", "粒", "颗", "揿", "喷", "ml", "毫升")
_LATIN = {"qd": 1, "qn": 1, "bid": 2, "tid": 3, "qid": 4}
_NAME = re.compile(r"(?:\d+%)?[^\s\d,.、:]+(?=[\s\d,.、]|$)")
_FORM = re.compile(r"(?:肠溶片|分散片|(?<![缓控]释)片|(?<!缓释)胶囊|颗粒|气雾剂|注射液|滴丸|混悬液)$")
"""Slow release is another medicine: it must be written."""
_SALTS = ("", "钙", "钠", "钾")
_EDGES = " ,。.、:"


@dataclass(frozen=True, slots=True)
class Written:
    """``unread``: the parts that were not understood, as they were written."""

    diagnosis: str
    items: tuple[Item, ...]
    unread: tuple[str, ...]


def read_prescribed(text: str) -> Written:
    """The diagnosis before the colon, then one drug a part. Never raises."""
    plain = unicodedata.normalize("NFKC", text).replace("。", ";")
    before, colon, after = plain.partition(":")
    diagnosis, body = (before.strip(_EDGES), after) if colon else ("", plain)
    parts = [part for part in (part.strip(_EDGES) for part in _PARTS.split(body)) if part]
    read = [(part, _item(part)) for part in parts]
    items = tuple(item for _, item in read if item is not None)
    return Written(diagnosis[:100], items, tuple(part for part, item in read if item is None))


def _item(part: str) -> Item | None:
    drug, rest = _drug_of(part)
    if drug is None:
        return None
    times, rest = _times(rest)
    days, rest = _days(rest)
    amount, rest = _amount(rest, drug)
    if times is None or days is None or amount is None:
        return None
    try:
        return Item(drug=drug.code, dose=Decimal(f"{amount.normalize():f}"), times_per_day=times, days=days, directions=rest.strip(_EDGES))
    except ValidationError:
        return None


def _drug_of(part: str) -> tuple[Drug | None, str]:
    """The drug of this name; its salt or form at the end need not be written. None where two could be meant: the page can tell them apart."""
    found = _NAME.match(part)
    if found is None:
        return None, part
    written = _FORM.sub("", found[0])
    alike = [one for one in catalogue().values() if _FORM.sub("", one.name) in {written + salt for salt in _SALTS}]
    return (alike[0], part[found.end() :]) if len(alike) == 1 else (None, part)


def _times(rest: str) -> tuple[int | None, str]:
    found = _TIMES.search(rest)
    if found is None:
        return None, rest
    # 每晚一次 says when as well: that stays as a direction.
    left = rest[: found.start()] + (f" {found['once']}上" if found["once"] else " ") + rest[found.end() :]
    if found["once"]:
        return 1, left
    return (_LATIN[found["latin"].lower()] if found["latin"] else number(found["times"])), left


def _days(rest: str) -> tuple[int | None, str]:
    found = _DAYS.search(rest)
    if found is not None:
        return number(found["days"]), rest[: found.start()] + " " + rest[found.end() :]
    weeks = _WEEKS.search(rest)
    if weeks is None:
        return None, rest
    count = number(weeks["weeks"])
    return None if count is None else count * 7, rest[: weeks.start()] + " " + rest[weeks.end() :]


def _amount(rest: str, drug: Drug) -> tuple[Decimal | None, str]:
    found = _AMOUNT.search(rest)
    if found is None:
        return None, rest
    left = rest[: found.start()] + " " + rest[found.end() :]
    value = Decimal("0.5") if found["value"] == "半" else _value(found["value"])
    unit = found["unit"].lower()
    if value is None or _AMOUNT.search(left):
        return None, rest
    if unit in _PIECES:
        return value * drug.per_unit, left
    if drug.unit not in _IN_MG:
        return None, rest
    return value * _IN_MG[unit] / _IN_MG[drug.unit], left


def _value(text: str) -> Decimal | None:
    if text[0].isdigit():
        return Decimal(text)
    spoken = number(text)
    return None if spoken is None else Decimal(spoken)
