"""Who of the demonstration's patients is insured, and as what. Numbers are made up (DEMO…) and stand in the local insurer's book."""

from __future__ import annotations

from datetime import date

from core.coverage.commands import EnrolMember
from miniprogram_api.app.demo.plan import PlannedPatient

UNINSURED_EACH, EMPLOYEE_EACH = 7, 6
RETIRES_AT = 60


def member(one: PlannedPatient, today: date) -> EnrolMember | None:
    """The patient's membership of this and the next year; None for each seventh, who has none."""
    place = int(one.key.rpartition("-")[2])
    if place % UNINSURED_EACH == 0:
        return None
    age = (today - one.birth).days // 365
    employee = place % EMPLOYEE_EACH == 0 and age >= 18
    return EnrolMember.model_validate({
        "scheme": "employees" if employee else "residents",
        "member_number": f"DEMO{place:08d}",
        "traits": ["retired"] if employee and age >= RETIRES_AT else [],
        "valid_from": date(today.year, 1, 1),
        "valid_until": date(today.year + 1, 12, 31),
    })
