"""What an insurance scheme pays: dated editions of its rules, as data. The figures here are examples (演示), not those of any city.

The shape (share by service and by level of the house, deductible by year or by visit, caps, first share of class 乙 drugs, additions for the
retired and for a signed family doctor) is common to published 职工 and 居民 outpatient rules; the numbers differ from city to city and from year
to year, so each hospital's composition brings its own. The teleconsultation figures (80 %, at most 150.00) and the general ones (70 %, at most
200.00) are those of the article that this system follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Service(StrEnum):
    """What is charged for."""

    TELECONSULTATION = "teleconsultation"
    ONLINE_FOLLOW_UP = "online_follow_up"
    DRUG = "drug"
    EXAMINATION = "examination"
    DELIVERY = "delivery"
    OTHER = "other"


class DrugClass(StrEnum):
    """A drug's class in the reimbursement list: 甲 counts whole, 乙 after a first share of the patient's own, other drugs not at all."""

    A = "A"
    B = "B"
    NONE = "none"


class HouseLevel(StrEnum):
    """The level of the house where the patient is treated."""

    VILLAGE_CLINIC = "village_clinic"
    TOWNSHIP_CENTRE = "township_centre"
    COUNTY_HOSPITAL = "county_hospital"
    PROVINCIAL_HOSPITAL = "provincial_hospital"


Trait = Literal["retired", "family_doctor"]
TRAIT_LABELS: Mapping[str, str] = MappingProxyType({"retired": "退休", "family_doctor": "签约家庭医生"})
SERVICE_LABELS: Mapping[Service, str] = MappingProxyType({
    Service.TELECONSULTATION: "远程会诊", Service.ONLINE_FOLLOW_UP: "互联网复诊", Service.DRUG: "药品", Service.EXAMINATION: "检查",
    Service.DELIVERY: "配送", Service.OTHER: "其他项目",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Benefit:
    """What is paid for one service: ``share`` of the eligible amount (0..1), at most ``cap_fen`` for all lines of the service in one claim.

    ``share_at``: other shares at certain levels.
    """

    share: Decimal
    cap_fen: int | None
    share_at: Mapping[HouseLevel, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    def share_in(self, level: HouseLevel) -> Decimal:
        return self.share_at.get(level, self.share)


@dataclass(frozen=True, slots=True)
class Policy:
    """One edition of one scheme's rules, valid from ``valid_from`` to ``valid_until`` (both included). Amounts in fen, shares 0..1.

    ``example``: made up for the demonstration; a real house does not pay by it.
    """

    scheme: str
    title: str
    edition: str
    source: str
    checked_on: date
    valid_from: date
    valid_until: date
    default: Benefit
    benefits: Mapping[Service, Benefit]
    not_covered: frozenset[Service]
    first_share: Mapping[DrugClass, Decimal]
    deductible_fen: int
    deductible_per: Literal["year", "visit"]
    annual_cap_fen: int | None
    additions: Mapping[str, Decimal]
    example: bool

    def benefit_for(self, service: Service) -> Benefit:
        return self.benefits.get(service, self.default)


_SOURCE = "演示数据:形状取自公开的门诊统筹办法,比例和限额不是任何城市的现行标准"
_CHECKED = date(2026, 11, 20)
_ARTICLE = Benefit(Decimal("0.8"), 150_00)
_GENERAL = Benefit(Decimal("0.7"), 200_00)
_NO_FIRST_SHARE = MappingProxyType({DrugClass.A: Decimal(0), DrugClass.B: Decimal(0)})
_TENTH_OF_B = MappingProxyType({DrugClass.A: Decimal(0), DrugClass.B: Decimal("0.1")})


def _residents(year: int, annual_cap_fen: int | None) -> Policy:
    return Policy(
        scheme="residents", title="城乡居民医保(演示)", edition=f"residents-{year}-demo", source=_SOURCE, checked_on=_CHECKED,
        valid_from=date(year, 1, 1), valid_until=date(year, 12, 31), default=_GENERAL,
        benefits=MappingProxyType({Service.TELECONSULTATION: _ARTICLE}), not_covered=frozenset({Service.DELIVERY}), first_share=_NO_FIRST_SHARE,
        deductible_fen=0, deductible_per="year", annual_cap_fen=annual_cap_fen, additions=MappingProxyType({"family_doctor": Decimal("0.05")}),
        example=True,
    )


def _employees(year: int) -> Policy:
    by_level = MappingProxyType({HouseLevel.COUNTY_HOSPITAL: Decimal("0.65"), HouseLevel.PROVINCIAL_HOSPITAL: Decimal("0.55")})
    return Policy(
        scheme="employees", title="职工医保(演示)", edition=f"employees-{year}-demo", source=_SOURCE, checked_on=_CHECKED,
        valid_from=date(year, 1, 1), valid_until=date(year, 12, 31), default=Benefit(Decimal("0.7"), None, by_level),
        benefits=MappingProxyType({Service.TELECONSULTATION: _ARTICLE}), not_covered=frozenset({Service.DELIVERY}), first_share=_TENTH_OF_B,
        deductible_fen=100_00, deductible_per="year", annual_cap_fen=3_500_00,
        additions=MappingProxyType({"retired": Decimal("0.1")}), example=True,
    )


POLICIES: tuple[Policy, ...] = (
    _residents(2025, 400_00), _residents(2026, 600_00), _residents(2027, 600_00), _residents(2028, 600_00),
    _employees(2025), _employees(2026), _employees(2027), _employees(2028),
)
"""Every edition known here."""


def policy_on(scheme: str, day: date, policies: tuple[Policy, ...] = POLICIES) -> Policy | None:
    """The edition of ``scheme`` that holds on ``day``, or None."""
    return next((one for one in policies if one.scheme == scheme and one.valid_from <= day <= one.valid_until), None)
