"""The drug list: generic name, form, limits, coverage class, price, antibiotic tier, as data that the hospital's pharmacy signs.

Amounts are decimals in the drug's own unit (mg, ug, g). Prices are fen a pack. The list here is a demonstration's: prices, packs, coverage
classes, antibiotic tiers and the village list are provincial and are set by the hospital.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from core.prescriptions.errors import DrugUnknown
from nlp.interface.engine import RuleSet

FILE = Path(__file__).parent / "knowledge" / "drugs.csv"
EDITION = "2026-11"
COUNTED_FORMS = ("片剂", "胶囊", "散剂", "滴丸")

CoverageClass = Literal["甲", "乙", ""]
Tier = Literal["", "unrestricted", "restricted", "special"]
TIER_LABELS: dict[str, str] = {"unrestricted": "非限制使用级", "restricted": "限制使用级", "special": "特殊使用级"}
SPECIAL_LABELS: dict[str, str] = {"narcotic": "麻醉药品", "psychotropic_2": "第二类精神药品"}


@dataclass(frozen=True, slots=True)
class Drug:
    """One product. ``per_unit``: amount in one tablet, capsule, millilitre or puff, of which ``pack_units`` make a ``pack`` (盒, 瓶).

    ``max_single`` and ``max_daily``: an adult's; ``mgkg_*``: a child's, for each kg of weight, None where no child's dose is known;
    ``max_times``: doses a day, None for no rule; ``weekly``: taken once a week, never daily. ``source`` and ``mark`` are of the adult's limits and
    the least age, ``child_source`` of ``mgkg_*``, ``times_source`` of ``max_times``.
    ``coverage``: class in the reimbursement list, empty for none. ``special``: narcotic or psychotropic, never online.
    """

    code: str
    name: str
    form: str
    unit: str
    per_unit: Decimal
    pack_units: Decimal
    pack: str
    groups: frozenset[str]
    route: str
    max_single: Decimal
    max_daily: Decimal
    mgkg_single: Decimal | None
    mgkg_daily: Decimal | None
    max_times: int | None
    weekly: bool
    min_age_months: int
    chronic: bool
    village: bool
    special: str
    tier: Tier
    coverage: CoverageClass
    price_fen: int
    source: str
    mark: str
    child_source: str
    times_source: str

    @property
    def classes(self) -> frozenset[str]:
        """What rules may call it: its code and its groups."""
        return self.groups | {self.code}

    @property
    def countable(self) -> bool:
        """Whether its units are single pieces (tablets), of which only halves can be given."""
        return self.form.startswith(COUNTED_FORMS)

    def packs_for(self, dose: Decimal, times_per_day: int, days: int) -> int:
        """Whole packs that the course needs."""
        units = dose / self.per_unit * times_per_day * days
        return int((units / self.pack_units).to_integral_value(ROUND_CEILING))


def drug(code: str) -> Drug:
    """The drug; :class:`DrugUnknown` when it is not on the list."""
    found = catalogue().get(code)
    if found is None:
        raise DrugUnknown
    return found


@cache
def catalogue() -> dict[str, Drug]:
    """Every drug by its code, in the order of the list."""
    with FILE.open(encoding="utf-8", newline="") as file:
        drugs = [_drug(row) for row in csv.DictReader(file)]
    if len({one.code for one in drugs}) != len(drugs):
        raise ValueError("a drug stands twice on the list")
    return {one.code: one for one in drugs}


@cache
def rule_set() -> RuleSet:
    """The whole list, to be signed as one."""
    return RuleSet(
        name="prescriptions.drugs", title="药品目录与用量上限", edition=EDITION, digest=hashlib.sha256(FILE.read_bytes()).hexdigest(),
        count=len(catalogue()),
    )


def _drug(row: dict[str, str]) -> Drug:
    return Drug(
        code=row["code"], name=row["name"], form=row["form"], unit=row["unit"], per_unit=Decimal(row["per_unit"]),
        pack_units=Decimal(row["pack_units"]), pack=row["pack"], groups=frozenset(row["groups"].split()), route=row["route"],
        max_single=Decimal(row["max_single"]), max_daily=Decimal(row["max_daily"]), mgkg_single=_optional(row["mgkg_single"]),
        mgkg_daily=_optional(row["mgkg_daily"]), max_times=int(row["max_times"]) if row["max_times"] else None, weekly=_yes(row["weekly"]),
        min_age_months=int(row["min_age_months"]), chronic=_yes(row["chronic"]),
        village=_yes(row["village"]), special=_one_of(row["special"], ("", *SPECIAL_LABELS)), tier=_one_of(row["tier"], ("", *TIER_LABELS)),  # type: ignore[arg-type]
        coverage=_one_of(row["coverage"], ("", "甲", "乙")),  # type: ignore[arg-type]
        price_fen=int(row["price_fen"]), source=row["source"], mark=row["mark"], child_source=row["child_source"] or row["source"],
        times_source=row["times_source"],
    )


def _optional(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _yes(text: str) -> bool:
    return _one_of(text, ("yes", "no")) == "yes"


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError(f"{text!r} is none of {allowed}")
    return text
