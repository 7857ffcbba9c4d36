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
_SEPARATORS = re.compile(r"[\s,、()]+")
"""A point is none: what stands before it may belong to the figure behind it."""
_AMOUNT = re.compile(
    r"(?:每次|一次)?\s*(?P<value>(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,3})?|半|[一二两三四])\s*"
    r"(?P<unit>mg|毫克|ug|μg|mcg|微克|g|克|片|粒|颗|揿|喷|ml|毫升)(?![a-z/])",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"(?:每[日天]|[一1][日天])\s*(?P<times>[1-8]|[一两二三四五六])\s*次|每[日天]?(?P<once>[晚早])(?:上|晨)?(?:[一1]次)?"
    r"|(?P<latin>qd|bid|tid|qid|qn)(?![a-z])",
    re.IGNORECASE,
)
_DAYS = re.compile(r"(?:共|用|连用|连服|吃|服)?\s*(?P<days>[1-9][0-9]?|[一二两三四五六七八九十]{1,3})\s*[天日](?!\s*[0-9一二两三四五六]\s*次)")
_WEEKS = re.compile(r"(?P<weeks>[1-9]|[一二两三四])\s*周(?!\s*[0-9一二两三四五六]\s*次)")
_KINDS = (("amount", _AMOUNT), ("times", _TIMES), ("days", _DAYS), ("days", _WEEKS))
_NEVER_DIRECTIONS = re.compile(r"[^\u4e00-\u9fff]|[两俩双仨半几数次每各隔另第日天周月年剂量克斤倍约至到或若停改加减总共首最]|(?<![晨早])起")
"""What would make an amount, a number of times or of days out of a direction, or could change one that was read."""
_WHEN = re.compile(r"早晨?|晨|上午|中午|午|下午|晚|夜")
_IN_MG = {"mg": Decimal(1), "毫克": Decimal(1), "g": Decimal(1000), "克": Decimal(1000)}
_IN_MG |= dict.fromkeys(("ug", "μg", "mcg", "微克"), Decimal("0.001"))
_PIECES = {"片": ("片剂", "胶囊", "滴丸"), "揿": ("气雾剂",), "ml": ("/ml", "/1ml")}
_PIECES |= dict.fromkeys(("粒", "颗"), _PIECES["片"]) | {"喷": _PIECES["揿"], "毫升": _PIECES["ml"]}
"""By which forms a unit counts: tablets, puffs, and millilitres only where the strength is written for one."""
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
    """Amount, times and days exactly once each; every other word a direction without any quantity; nothing glued to either."""
    drug, rest = _drug_of(part)
    words = None if drug is None else _words(rest)
    if drug is None or words is None or sorted(kind for kind, _ in words.tokens) != ["amount", "days", "times"]:
        return None
    found = dict(words.tokens)
    amount, (times, when), days = _amount(found["amount"], drug), _times(found["times"]), _days(found["days"])
    directions = " ".join((*when, *words.directions))
    if amount is None or times is None or days is None or len(set(_WHEN.findall(directions))) > times:
        return None
    try:
        return Item(drug=drug.code, dose=Decimal(f"{amount.normalize():f}"), times_per_day=times, days=days, directions=directions)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class _Words:
    tokens: tuple[tuple[str, re.Match[str]], ...]
    directions: tuple[str, ...]


def _words(rest: str) -> _Words | None:
    """``rest`` from its beginning to its end, no letter passed over; None where one belongs to nothing."""
    tokens: list[tuple[str, re.Match[str]]] = []
    directions: list[str] = []
    place, glued = 0, False
    while place < len(rest):
        if (gap := _SEPARATORS.match(rest, place)) is not None:
            place, glued = gap.end(), False
        elif (token := _token(rest, place)) is not None:
            tokens.append(token)
            place, glued = token[1].end(), True
        else:
            word = _SEPARATORS.split(rest[place:], maxsplit=1)[0]
            if glued or _NEVER_DIRECTIONS.search(word) or any(unicodedata.numeric(letter, None) is not None for letter in word):
                return None
            directions.append(word)
            place += len(word)
    return _Words(tuple(tokens), tuple(directions))


def _token(rest: str, place: int) -> tuple[str, re.Match[str]] | None:
    return next(((kind, found) for kind, pattern in _KINDS if (found := pattern.match(rest, place)) is not None), None)


def _drug_of(part: str) -> tuple[Drug | None, str]:
    """The drug of this name; its salt or form at the end need not be written. None where two could be meant: the page can tell them apart."""
    found = _NAME.match(part)
    if found is None:
        return None, part
    written = _FORM.sub("", found[0])
    alike = [
        one for one in catalogue().values() if _FORM.sub("", unicodedata.normalize("NFKC", one.name)) in {written + salt for salt in _SALTS}
    ]
    return (alike[0], part[found.end() :]) if len(alike) == 1 else (None, part)


def _times(found: re.Match[str]) -> tuple[int | None, tuple[str, ...]]:
    """How often a day; 每晚一次 says when as well: that stays as a direction."""
    if found["once"]:
        return 1, (f"{found['once']}上",)
    return (_LATIN[found["latin"].lower()] if found["latin"] else number(found["times"])), ()


def _days(found: re.Match[str]) -> int | None:
    if found.re is _DAYS:
        return number(found["days"])
    weeks = number(found["weeks"])
    return None if weeks is None else weeks * 7


def _amount(found: re.Match[str], drug: Drug) -> Decimal | None:
    value = Decimal("0.5") if found["value"] == "半" else _value(found["value"])
    unit = found["unit"].lower()
    if value is None:
        return None
    if (forms := _PIECES.get(unit)) is not None:
        return value * drug.per_unit if drug.form.startswith(forms) or drug.form.endswith(forms) else None
    return None if drug.unit not in _IN_MG else value * _IN_MG[unit] / _IN_MG[drug.unit]


def _value(text: str) -> Decimal | None:
    if text[0].isdigit():
        return Decimal(text)
    spoken = number(text)
    return None if spoken is None else Decimal(spoken)
