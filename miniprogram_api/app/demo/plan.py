"""What the demonstration's county will consist of, as plain values: drawn first, then carried out through the practice's own orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from core.foundation.actor import Role

OrganisationKind = Literal["provincial_hospital", "county_hospital", "township_centre", "village_clinic"]
Duty = Literal["expert", "duty_doctor", "scheduler", "pharmacist"]
Sex = Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class PlannedOrganisation:
    key: str
    name: str
    kind: OrganisationKind
    region_code: str
    region_name: str
    parent: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class PlannedShift:
    duty: Duty
    weekdays: tuple[int, ...]
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class PlannedStaff:
    """``absent``: away for the first ten days."""

    key: str
    userid: str
    name: str
    sex: Sex
    organisation: str
    role: Role
    title_name: str
    licence_number: str
    licence_valid_until: date
    department_code: str | None
    expertise: tuple[str, ...]
    years: int
    shifts: tuple[PlannedShift, ...]
    absent: bool = False

    def may_practise(self, today: date) -> bool:
        return not self.absent and self.licence_valid_until >= today


@dataclass(frozen=True, slots=True)
class PlannedPatient:
    """``listed``: the village doctor who has him on her list under ``number``; None: nobody, he will register himself.

    ``account``: has WeChat. ``guardian``: the patient whose account speaks for this child, and whose phone is on its record.
    """

    key: str
    name: str
    sex: Sex
    birth: date
    id_number: str
    phone: str | None
    village: str
    account: bool
    listed: str | None
    number: int | None
    consents: bool = False
    guardian: str | None = None


@dataclass(frozen=True, slots=True)
class CountyPlan:
    """Everything, in the order in which it is made."""

    seed: int
    today: date
    organisations: tuple[PlannedOrganisation, ...]
    staff: tuple[PlannedStaff, ...]
    patients: tuple[PlannedPatient, ...]
    conflicts: tuple[tuple[str, str], ...] = field(default=())
    """(expert, patient): he must not be asked about this patient."""
    running: tuple[tuple[str, int, str], ...] = field(default=())
    """(village doctor, her number, line): consultations that an expert has taken when the demonstration begins."""

    def organisation(self, key: str) -> PlannedOrganisation:
        return next(one for one in self.organisations if one.key == key)

    def of_role(self, role: Role) -> list[PlannedStaff]:
        return [one for one in self.staff if one.role is role]
