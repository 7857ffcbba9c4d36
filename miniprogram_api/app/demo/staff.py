"""The people who work there: experts, village doctors, duty doctors, pharmacists, schedulers, administrator, auditor, with their rosters."""

from __future__ import annotations

import random
from datetime import date, timedelta

from core.foundation.actor import Role
from miniprogram_api.app.demo.naming import Naming
from miniprogram_api.app.demo.places import COUNTY, PROVINCIAL, TOWNSHIPS
from miniprogram_api.app.demo.plan import Duty, PlannedShift, PlannedStaff, Sex
from miniprogram_api.app.demo.specialties import SPECIALTIES, Specialty

VILLAGE_DOCTORS = 30
CLINICS = 20
FIRST_VILLAGE_DOCTOR = "village-doctor-01"
WEEK = (0, 1, 2, 3, 4, 5, 6)
WORKING_DAYS = (0, 1, 2, 3, 4)
DAY, NIGHT, ALWAYS, OFFICE = (480, 1200), (1200, 1920), (0, 1440), (480, 1080)


class StaffDrawing:
    """Draws everybody in a fixed order, so that a seed always gives the same people."""

    def __init__(self, rng: random.Random, naming: Naming, today: date) -> None:
        self._rng = rng
        self._naming = naming
        self._today = today
        self._licences = 0

    def everybody(self) -> tuple[PlannedStaff, ...]:
        return (*self._village_doctors(), *self._duty_doctors(), *self._experts(), *self._others())

    def _village_doctors(self) -> list[PlannedStaff]:
        drawn = []
        for number in range(1, VILLAGE_DOCTORS + 1):
            first = number == 1
            sex: Sex = "female" if first or self._rng.random() < 0.5 else "male"
            clinic = f"clinic-{(number - 1) % CLINICS + 1:02d}"
            userid = "wu01" if first else f"village{number:02d}"
            title = "乡村医生" if number % 4 else "执业助理医师"
            drawn.append(
                self._staff(f"village-doctor-{number:02d}", userid, sex, clinic, Role.VILLAGE_DOCTOR, title, surname="吴" if first else None)
            )
        return drawn

    def _duty_doctors(self) -> list[PlannedStaff]:
        """Two a township and four in the county hospital: one by day, one by night, every day of the week."""
        houses = [f"township-{number:02d}" for number in range(1, len(TOWNSHIPS) + 1) for _ in range(2)] + [COUNTY] * 4
        drawn = []
        for number, house in enumerate(houses, 1):
            shift = _shift("duty_doctor", WEEK, DAY if number % 2 else NIGHT)
            sex = self._sex()
            drawn.append(
                self._staff(
                    f"duty-doctor-{number:02d}", f"duty{number:02d}", sex, house, Role.DUTY_DOCTOR, "主治医师", department_code="20",
                    shifts=(shift,),
                )
            )
        return drawn

    def _experts(self) -> list[PlannedStaff]:
        drawn: list[PlannedStaff] = []
        for specialty in SPECIALTIES:
            for place in range(specialty.experts):
                drawn.append(self._expert(len(drawn) + 1, specialty, place))
        return drawn

    def _expert(self, number: int, specialty: Specialty, place: int) -> PlannedStaff:
        """The ``place``-th of his department. The last of a large department has an expired licence, the one before is away."""
        years = self._rng.randrange(5, 36)
        title = "主任医师" if years >= 18 else "副主任医师" if years >= 10 else "主治医师"
        others = [field for field in specialty.fields[1:] if self._rng.random() < 0.45]
        last = specialty.experts - 1
        large = specialty.experts >= 8
        expired = large and place == last
        return self._staff(
            f"expert-{number:03d}",
            f"expert{number:03d}",
            self._sex(),
            COUNTY if place % 3 == 2 else PROVINCIAL,
            Role.EXPERT,
            title,
            department_code=specialty.code,
            expertise=(specialty.fields[0], *others),
            years=years,
            shifts=(_expert_shift(specialty, place),),
            valid_until=self._today - timedelta(days=self._rng.randrange(10, 200)) if expired else None,
            absent=large and place == last - 1,
        )

    def _others(self) -> list[PlannedStaff]:
        drawn = []
        for number, hours in enumerate((DAY, NIGHT, DAY, NIGHT), 1):
            shifts = (_shift("scheduler", WEEK, hours),)
            drawn.append(self._staff(f"scheduler-{number:02d}", f"scheduler{number:02d}", self._sex(), COUNTY, Role.SCHEDULER, "", shifts=shifts))
        for number, hours in enumerate((DAY, NIGHT, OFFICE, OFFICE), 1):
            house = COUNTY if number <= 2 else f"township-{number - 2:02d}"
            days = WEEK if number <= 2 else WORKING_DAYS
            drawn.append(self._staff(
                f"pharmacist-{number:02d}", f"pharmacist{number:02d}", self._sex(), house, Role.PHARMACIST, "主管药师" if number % 2 else "药师",
                shifts=(_shift("pharmacist", days, hours),),
            ))
        drawn.append(self._staff("administrator-01", "administrator01", self._sex(), COUNTY, Role.ADMINISTRATOR, ""))
        drawn.append(self._staff("auditor-01", "auditor01", self._sex(), COUNTY, Role.AUDITOR, ""))
        return drawn

    def _sex(self) -> Sex:
        return "female" if self._rng.random() < 0.5 else "male"

    def _staff(
        self,
        key: str,
        userid: str,
        sex: Sex,
        house: str,
        role: Role,
        title: str,
        *,
        surname: str | None = None,
        department_code: str | None = None,
        expertise: tuple[str, ...] = (),
        years: int | None = None,
        shifts: tuple[PlannedShift, ...] = (),
        valid_until: date | None = None,
        absent: bool = False,
    ) -> PlannedStaff:
        self._licences += 1
        return PlannedStaff(
            key=key,
            userid=userid,
            name=self._naming.person(sex, surname),
            sex=sex,
            organisation=house,
            role=role,
            title_name=title,
            licence_number=f"99{self._licences:013d}" if title else "",
            licence_valid_until=valid_until or self._today + timedelta(days=self._rng.randrange(400, 1500)),
            department_code=department_code,
            expertise=expertise,
            years=self._rng.randrange(5, 30) if years is None else years,
            shifts=shifts,
            absent=absent,
        )


def _expert_shift(specialty: Specialty, place: int) -> PlannedShift:
    """Of an emergency department a third is on call round the clock, a third by day, a third by night; of the others the first is always on call,
    the rest keeps office hours."""
    if specialty.emergency:
        # Every third expert works at the county hospital: shifted, so that each house has all three kinds.
        return _shift("expert", WEEK, (ALWAYS, DAY, NIGHT)[(place + place // 3) % 3])
    return _shift("expert", WEEK, ALWAYS) if place == 0 else _shift("expert", WORKING_DAYS, OFFICE)


def _shift(duty: Duty, days: tuple[int, ...], hours: tuple[int, int]) -> PlannedShift:
    return PlannedShift(duty, days, *hours)
