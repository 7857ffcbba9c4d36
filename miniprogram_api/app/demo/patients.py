"""Sixty patients: twenty without WeChat, on village doctors' lists; forty with it, of whom some have not registered yet."""

from __future__ import annotations

import random
from datetime import date, timedelta

from miniprogram_api.app.demo.naming import Naming, born, id_number, phone
from miniprogram_api.app.demo.plan import PlannedOrganisation, PlannedPatient, PlannedStaff, Sex
from miniprogram_api.app.demo.staff import FIRST_VILLAGE_DOCTOR

PATIENTS = 60
WITHOUT_WECHAT = 20
NOT_REGISTERED = 12
"""Of those with WeChat: they register themselves, by hand."""
CHILDREN = 4
"""Of those without WeChat: a parent with WeChat speaks for each."""
FIRST_DOCTORS_PATIENTS = 6
MAN_OF_58 = 3
"""His number on the first village doctor's list; he has no WeChat."""


class PatientDrawing:
    def __init__(
        self, rng: random.Random, naming: Naming, today: date, doctors: list[PlannedStaff], villages: dict[str, PlannedOrganisation]
    ) -> None:
        self._rng = rng
        self._naming = naming
        self._today = today
        self._doctors = doctors
        self._villages = villages
        self._numbers: dict[str, int] = {}

    def everybody(self) -> tuple[PlannedPatient, ...]:
        """With WeChat first: not registered ones, then those on lists; then those without."""
        with_wechat = PATIENTS - WITHOUT_WECHAT
        places = self._places(PATIENTS - NOT_REGISTERED)
        drawn: list[PlannedPatient] = []
        for number in range(1, with_wechat + 1):
            registered = number > NOT_REGISTERED
            drawn.append(self._patient(number, self._rng.randrange(22, 72), account=True, place=places.pop(0) if registered else None))
        guardians = [one for one in drawn if one.listed and one.sex == "female" and self._age(one) < 45] or [one for one in drawn if one.listed]
        for number in range(with_wechat + 1, PATIENTS + 1):
            child = number > PATIENTS - CHILDREN
            place = places.pop(0)
            if place == (FIRST_VILLAGE_DOCTOR, MAN_OF_58):
                drawn.append(self._patient(number, 58, account=False, place=place, sex="male"))
            elif child:
                guardian = guardians[(number - PATIENTS) % len(guardians)]
                drawn.append(self._patient(number, self._rng.randrange(1, 12), account=False, place=place, guardian=guardian))
            else:
                drawn.append(self._patient(number, self._rng.randrange(55, 89), account=False, place=place))
        return tuple(drawn)

    def _places(self, count: int) -> list[tuple[str, int]]:
        """(village doctor, number) for ``count`` patients; number 3 of the first doctor comes first among those without WeChat."""
        with_wechat = count - WITHOUT_WECHAT
        first = [(FIRST_VILLAGE_DOCTOR, number) for number in range(1, FIRST_DOCTORS_PATIENTS + 1)]
        others = [doctor.key for doctor in self._doctors[1:]]
        rest = [(others[index % len(others)], index // len(others) + 1) for index in range(count - len(first))]
        man = (FIRST_VILLAGE_DOCTOR, MAN_OF_58)
        ordered = [place for place in first if place != man] + rest
        return [*ordered[:with_wechat], man, *ordered[with_wechat:]]

    def _patient(
        self,
        number: int,
        age: int,
        *,
        account: bool,
        place: tuple[str, int] | None,
        sex: Sex | None = None,
        guardian: PlannedPatient | None = None,
    ) -> PlannedPatient:
        drawn_sex: Sex = sex or ("female" if self._rng.random() < 0.5 else "male")
        birth = born(self._rng, self._today, age)
        sequence = (number * 2 + (drawn_sex == "male")) % 1000
        doctor = None if place is None else next(one for one in self._doctors if one.key == place[0])
        village = self._villages[doctor.organisation if doctor else self._rng.choice(sorted(self._villages))]
        return PlannedPatient(
            key=f"patient-{number:03d}",
            name=self._naming.person(drawn_sex),
            sex=drawn_sex,
            birth=birth,
            id_number=id_number(birth, sequence),
            phone=guardian.phone if guardian else phone(number) if account or (age >= 18 and number % 2) else None,
            village=village.region_name,
            account=account,
            listed=None if place is None else place[0],
            number=None if place is None else place[1],
            consents=account and place is not None and number % 5 != 0,
            guardian=guardian.key if guardian else None,
        )

    def _age(self, patient: PlannedPatient) -> int:
        return (self._today - patient.birth) // timedelta(days=365)
