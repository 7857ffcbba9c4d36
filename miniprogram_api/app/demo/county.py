"""From a number and a day to the whole plan of the demonstration's county. Pure."""

from __future__ import annotations

import random
from datetime import date

from core.foundation.actor import Role
from miniprogram_api.app.demo.naming import Naming
from miniprogram_api.app.demo.patients import MAN_OF_58, PatientDrawing
from miniprogram_api.app.demo.places import organisations
from miniprogram_api.app.demo.plan import CountyPlan, PlannedPatient, PlannedStaff
from miniprogram_api.app.demo.staff import FIRST_VILLAGE_DOCTOR, StaffDrawing

CONFLICTS = 6
"""Experts who must not be asked about one of the patients, besides the one about number 3."""

RUNNING = ("头晕呕吐半天 血压200/115 紧急", "胸闷气短一天 血压100/65 心率112 紧急")
"""What the village doctors of the consultations under way wrote."""


def plan_county(seed: int, today: date) -> CountyPlan:
    """The county of ``seed``; ages, licences and absences are counted from ``today`` (the date in China)."""
    rng = random.Random(f"county:{seed}")  # noqa: S311 - repeatable people, no secret
    naming = Naming(rng)
    houses = organisations()
    staff = StaffDrawing(rng, naming, today).everybody()
    doctors = [one for one in staff if one.role is Role.VILLAGE_DOCTOR]
    villages = {house.key: house for house in houses if house.kind == "village_clinic"}
    patients = PatientDrawing(rng, naming, today, doctors, villages).everybody()
    return CountyPlan(seed, today, houses, staff, patients, tuple(_conflicts(rng, today, staff, patients)), tuple(_running(patients)))


def _running(patients: tuple[PlannedPatient, ...]) -> list[tuple[str, int, str]]:
    """One listed patient each of the last two village doctors who have any."""
    listed = {one.listed: one.number for one in patients if one.listed and one.number and one.listed != FIRST_VILLAGE_DOCTOR}
    return [(doctor, number, line) for (doctor, number), line in zip(list(listed.items())[-len(RUNNING):], RUNNING, strict=False)]


def _conflicts(rng: random.Random, today: date, staff: tuple[PlannedStaff, ...], patients: tuple[PlannedPatient, ...]) -> list[tuple[str, str]]:
    experts = [one for one in staff if one.role is Role.EXPERT]
    man = next(one for one in patients if (one.listed, one.number) == (FIRST_VILLAGE_DOCTOR, MAN_OF_58))
    # Not the first cardiologist: his phone is the one that the simulator's page opens with.
    heart = [one for one in experts if one.department_code == "03.04" and one.may_practise(today)][-1]
    listed = [one for one in patients if one.listed and one is not man]
    pairs = zip(rng.sample(experts, CONFLICTS), rng.sample(listed, CONFLICTS), strict=True)
    return [(heart.key, man.key), *((expert.key, patient.key) for expert, patient in pairs)]
