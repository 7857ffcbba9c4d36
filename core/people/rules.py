"""Pure decisions about people: ages, whose consent counts, when two sets of data are one person."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from core.foundation.actor import Role
from core.foundation.clock import shanghai
from core.people.errors import ExpertiseInvalid, RecordDiffers, RoleNotHeld, TooYoung

GUARDIAN_BELOW_YEARS = 14
"""Children under 14: the guardian's separate consent (个人信息保护法 articles 28 and 31)."""
ADULT_YEARS = 18
"""From 18 on nobody is another's guardian by age (民法典 article 17)."""

SESSION_TIMES: dict[str, timedelta] = {"h5": timedelta(hours=12), "mini_program": timedelta(days=30), "terminal": timedelta(hours=12)}
"""How long a sign-in lasts, in real time."""

GRANTABLE = frozenset(Role) - {Role.PATIENT, Role.VISITOR, Role.SYSTEM}
_EXPERTISE = re.compile(r"([A-Z]\d{2})(?:-([A-Z]\d{2}))?")


def local_date(moment: datetime) -> date:
    """The date in China at ``moment``."""
    return shanghai(moment).date()


def age_years(birth: date, today: date) -> int:
    """Completed years."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def age_spoken(birth: date, today: date) -> str:
    """As doctors say it: days below 28 days, months below 2 years, else years ("12 天", "8 个月", "58 岁")."""
    days = (today - birth).days
    if days < 28:
        return f"{max(days, 0)} 天"
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    return f"{months} 个月" if months < 24 else f"{age_years(birth, today)} 岁"


def check_self(birth: date, today: date) -> None:
    """:class:`TooYoung` for somebody who may not yet act for himself."""
    if age_years(birth, today) < GUARDIAN_BELOW_YEARS:
        raise TooYoung


def check_same_person(*, name: str, known_name: str, phone: str | None, known_phone: str | None) -> None:
    """That who names a recorded ID number may be joined to that record: the name, and the phone where one is on record, must agree.

    :class:`RecordDiffers` otherwise: an ID number with a name is easily found out, the phone is what only the person has.
    """
    if name != known_name or (known_phone is not None and phone != known_phone):
        raise RecordDiffers


def check_roles(roles: tuple[Role, ...]) -> None:
    """:class:`RoleNotHeld` unless each can be held by a person."""
    if not roles or not set(roles) <= GRANTABLE:
        raise RoleNotHeld


def check_expertise(codes: tuple[str, ...]) -> None:
    """:class:`ExpertiseInvalid` unless each is an ICD-10 category or an ascending range."""
    for code in codes:
        match = _EXPERTISE.fullmatch(code)
        if match is None or (match[2] is not None and match[2] < match[1]):
            raise ExpertiseInvalid


def county_of(region_code: str) -> str:
    """The six digits that name the county."""
    return region_code[:6]
