"""What can be proved of a patient without showing the record, and what each way of proving it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from core.people.rules import ADULT_YEARS


class Attribute(StrEnum):
    """``insured``: that the insurer knows him as insured, in the county that issues. ``of_age``: that he is 18."""

    INSURED = "insured"
    OF_AGE = "of_age"


class Way(StrEnum):
    """How it is proved, by its right name."""

    SD_JWT = "sd-jwt"
    """Selective disclosure (RFC 9901): what is not chosen is not in what is handed over. Whoever sees two showings of one credential can tell
    that they are of one. No zero-knowledge proof."""
    ANONCREDS = "anoncreds"
    """A predicate proof with CL signatures (AnonCreds 1.0): that a signed number is at most another one, the number itself not shown."""


WAYS: Mapping[Attribute, Way] = MappingProxyType({Attribute.INSURED: Way.SD_JWT, Attribute.OF_AGE: Way.ANONCREDS})
LABELS: Mapping[Attribute, str] = MappingProxyType({Attribute.INSURED: "在本县参保", Attribute.OF_AGE: "已满 18 岁"})
WAY_LABELS: Mapping[Way, str] = MappingProxyType({
    Way.SD_JWT: "选择性披露(SD-JWT,RFC 9901)", Way.ANONCREDS: "谓词证明(AnonCreds,CL 签名)",
})  # fmt: skip
LIFE: Mapping[Attribute, timedelta] = MappingProxyType({Attribute.INSURED: timedelta(hours=24), Attribute.OF_AGE: timedelta(days=180)})
"""How long a credential is good. That somebody is insured can end any day; his birth date stays."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the other side gets to see of one showing, and what not, in the words of the page."""

    shown: tuple[str, ...]
    hidden: tuple[str, ...]


SHOWN: Mapping[Attribute, Shown] = MappingProxyType({
    Attribute.INSURED: Shown(
        ("在本县参保:是", "出具的县", "办理的时间和有效期", "这张证明的编号(看不出是谁)"),
        ("姓名", "身份证号", "医保号", "参保类型", "出生日期和年龄", "病历"),
    ),
    Attribute.OF_AGE: Shown(
        ("已满 18 岁:是", "出具的县", "作废登记簿的编号(一千来人共用一本)"), ("出生日期和年龄", "姓名", "身份证号", "医保信息", "病历"),
    ),
})  # fmt: skip


def as_number(day: date) -> int:
    """A date as predicates compare it: 20081120."""
    return day.year * 10_000 + day.month * 100 + day.day


def youngest_adult(today: date) -> date:
    """The latest birth date of who is of age on ``today``."""
    year = today.year - ADULT_YEARS
    try:
        return today.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
