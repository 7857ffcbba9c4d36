"""Which copies there are, and how what many have in common hides one: bands of age, regions, chapters of departments. Pure.

Sources. HIPAA Safe Harbor, 45 CFR 164.514(b)(2) (restated): ages over 89 are one group, nothing of a place below a state, no birth date, no
number, no name. GB/T 37964-2019 信息安全技术 个人信息去标识化指南 (restated): quasi-identifiers are generalised, what is left over is suppressed.
个人信息保护法 article 73: who can be told with the help of other information is de-identified, not anonymous; a copy stays personal information.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.people.purposes import PurposeCode
from nlp.interface.departments import department

CopyPurpose = Literal["research", "teaching", "tests"]
PURPOSE_LABELS: dict[CopyPurpose, str] = {"research": "医学研究", "teaching": "教学", "tests": "测试程序"}
CONSENTED: tuple[PurposeCode, ...] = ("research", "teaching")
"""Purposes that each patient must have consented to. For tests an administrator answers; who took research or teaching back is left out there too."""
MOST_SUPPRESSED = 0.05
"""Share of the patients that may be left out for a finer table; own choice."""
ANY = "*"

_OLDEST = 90
_BANDS: tuple[tuple[int, ...], ...] = (
    (0, 1, 5, 14, 18, 30, 40, 50, 60, 70, 80, _OLDEST),
    (0, 5, 18, 40, 60, 75, _OLDEST),
    (0, 18, 65),
)
"""First year of each band, level by level; the last has no end."""
_REGIONS = (4, 2)
"""Digits of the region code that stay: 地级市, 省."""
_CHAPTERS = {"03": "内科", "04": "外科", "05": "妇产科"}


class Levels(BaseModel):
    """How far each quasi-identifier is generalised; 0 is the finest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    age: int = Field(ge=0, le=3)
    sex: int = Field(ge=0, le=1)
    region: int = Field(ge=0, le=2)
    department: int = Field(ge=0, le=2)

    @property
    def key(self) -> str:
        return f"a{self.age}s{self.sex}r{self.region}d{self.department}"


FINEST = Levels(age=0, sex=0, region=0, department=0)


@dataclass(frozen=True, slots=True)
class Quasi:
    """What others may know of a patient. ``age``: completed years; ``departments``: of all his consultations."""

    age: int
    sex: str
    region_code: str
    departments: tuple[str, ...]


Row = tuple[str, str, str, str]
COLUMNS = ("age_band", "sex", "region", "departments")


def band(age: int, level: int) -> str:
    """The band of ``age``: "50-59", "90以上"; ``*`` at the last level."""
    if level >= len(_BANDS):
        return ANY
    starts = _BANDS[level]
    place = max(index for index, start in enumerate(starts) if start <= max(age, 0))
    if place == len(starts) - 1:
        return f"{starts[place]}以上"
    return f"{starts[place]}-{starts[place + 1] - 1}"


def region(code: str, level: int) -> str:
    return code[: _REGIONS[level]] if level < len(_REGIONS) else ANY


def department_code(code: str, level: int) -> str:
    return (code, code.split(".")[0], ANY)[level]


def department_name(code: str, level: int) -> str:
    """What a department is called at ``level``; "" at the last."""
    if level == 0:
        return department(code).name
    chapter = code.split(".")[0]
    return "" if level > 1 else _CHAPTERS.get(chapter) or department(chapter).name


def generalised(one: Quasi, levels: Levels) -> Row:
    departments = sorted({department_code(code, levels.department) for code in one.departments})
    return band(one.age, levels.age), ANY if levels.sex else one.sex, region(one.region_code, levels.region), "+".join(departments)


def every_levels() -> list[Levels]:
    """All combinations, the one that tells most first."""
    found = [Levels(age=age, sex=sex, region=place, department=code) for age, sex, place, code in product(range(4), range(2), range(3), range(3))]
    return sorted(found, key=lambda one: (one.age / 3 + one.sex + one.region / 2 + one.department / 2, one.key))
