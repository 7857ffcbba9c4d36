"""The demonstration's county: what the plan of any seed holds, and that it becomes true in the practice, even when it is cut off half way."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.simulator.settings import Roster
from core.appointments.commands import DepartmentsWithSlots, FreeSlots
from core.appointments.models import Absence, Slot
from core.appointments.roster import on_duty
from core.appointments.rules import covers
from core.foundation.actor import Actor, Role
from core.foundation.clock import ManualClock
from core.foundation.practice import Practice
from core.matching.models import Conflict
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount
from core.people.commands_views import Me, MyPatientList
from core.people.id_numbers import read_id_number
from core.people.models import Account, CareRelation, Consent, ListedPatient, Organisation, Patient, Practitioner
from core.people.names import certificate_name
from core.people.rules import age_years, check_expertise
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.demo.county import plan_county
from miniprogram_api.app.demo.patients import MAN_OF_58
from miniprogram_api.app.demo.plan import CountyPlan
from miniprogram_api.app.demo.roster_file import roster
from miniprogram_api.app.demo.seeding import SLOT_DAYS, seed_county
from miniprogram_api.app.demo.specialties import SPECIALTIES
from miniprogram_api.app.demo.staff import FIRST_VILLAGE_DOCTOR
from nlp.interface.departments import department
from tests.conftest import START

TODAY = date(2026, 11, 20)
EMERGENCIES = {specialty.code for specialty in SPECIALTIES if specialty.emergency}


@pytest.fixture(scope="module", params=[1, 2, 4711])
def plan(request: pytest.FixtureRequest) -> CountyPlan:
    return plan_county(request.param, TODAY)


def test_a_seed_is_always_the_same_county_and_another_one_is_another(plan: CountyPlan):
    assert plan_county(plan.seed, TODAY) == plan
    other = plan_county(plan.seed + 1, TODAY)
    assert {one.name for one in other.patients} != {one.name for one in plan.patients}


def test_houses_and_people_are_as_many_as_promised(plan: CountyPlan):
    assert Counter(house.kind for house in plan.organisations) == {
        "provincial_hospital": 1, "county_hospital": 1, "township_centre": 6, "village_clinic": 20,
    }
    counted = Counter(one.role for one in plan.staff)
    assert (counted[Role.EXPERT], counted[Role.VILLAGE_DOCTOR]) == (200, 30)
    assert all(counted[role] for role in (Role.DUTY_DOCTOR, Role.PHARMACIST, Role.SCHEDULER, Role.ADMINISTRATOR, Role.AUDITOR))
    assert len(plan.patients) == 60
    assert sum(not one.account for one in plan.patients) == 20
    assert len({one.department_code for one in plan.of_role(Role.EXPERT)}) >= 20


def test_everything_about_them_is_well_formed_and_theirs_alone(plan: CountyPlan):
    people = [*plan.staff, *plan.patients]
    for values in (
        [one.key for one in people], [one.name for one in people], [one.userid for one in plan.staff],
        [one.licence_number for one in plan.staff if one.licence_number], [one.id_number for one in plan.patients],
        [one.phone for one in plan.patients if one.phone and one.guardian is None], [(one.listed, one.number) for one in plan.patients if one.listed],
    ):
        assert len(values) == len(set(values))
    for one in people:
        assert certificate_name(one.name) == one.name
    for patient in plan.patients:
        read = read_id_number(patient.id_number, TODAY)
        assert (read.birth_date, read.sex) == (patient.birth, patient.sex)
        assert patient.id_number.startswith("522727")
        assert patient.phone is None or patient.phone.startswith("1990000")
        assert patient.account <= (age_years(patient.birth, TODAY) >= 18)
    for expert in plan.of_role(Role.EXPERT):
        check_expertise(expert.expertise)
        assert expert.expertise
        assert department(expert.department_code or "")
        assert expert.years >= 3


def test_number_three_of_the_first_village_doctor(plan: CountyPlan):
    doctor = next(one for one in plan.staff if one.key == FIRST_VILLAGE_DOCTOR)
    assert doctor.name.startswith("吴")
    assert doctor.userid == "wu01"
    (man,) = [one for one in plan.patients if (one.listed, one.number) == (FIRST_VILLAGE_DOCTOR, MAN_OF_58)]
    assert (man.sex, age_years(man.birth, TODAY), man.account) == ("male", 58, False)


@pytest.mark.parametrize("code", sorted(EMERGENCIES))
def test_emergencies_find_experts_at_any_hour(plan: CountyPlan, code: str):
    experts = [one for one in plan.of_role(Role.EXPERT) if one.department_code == code and one.may_practise(TODAY)]
    for hours in range(7 * 24):
        moment = START + timedelta(hours=hours)
        ready = [one for one in experts if any(covers(day, s.start_minute, s.end_minute, moment) for s in one.shifts for day in s.weekdays)]
        assert len(ready) >= 3, moment


def test_some_cannot_be_asked(plan: CountyPlan):
    hearts = [one for one in plan.of_role(Role.EXPERT) if one.department_code == "03.04"]
    assert any(one.licence_valid_until < TODAY for one in hearts)
    assert any(one.absent for one in hearts)
    man = next(one for one in plan.patients if (one.listed, one.number) == (FIRST_VILLAGE_DOCTOR, MAN_OF_58))
    assert {expert for expert, patient in plan.conflicts if patient == man.key} <= {one.key for one in hearts}
    assert len(plan.conflicts) >= 5


def test_the_roster_is_what_the_simulator_reads(plan: CountyPlan):
    read = Roster.model_validate(roster(plan, {}))
    assert all(person.name.endswith("(演示)") for person in read.people)
    assert Counter(person.role for person in read.people)["patient"] == 40
    for ids in ("official_account_openid", "mini_program_openid", "unionid", "userid"):
        given = [getattr(person, ids) for person in read.people if getattr(person, ids)]
        assert len(given) == len(set(given))
    (group,) = read.groups
    assert (group.chatid, len(group.members)) == ("village-doctors", 30)
    assert all(person.groups == ["village-doctors"] for person in read.people if person.role == "village_doctor")
    assert next(person for person in read.people if person.key == FIRST_VILLAGE_DOCTOR).name == "吴医生(演示)"


class PowerCut(Exception):
    """The machine went off."""


async def counts() -> dict[str, int]:
    tables = (Organisation, Practitioner, Account, Patient, ListedPatient, CareRelation, Consent, Conflict, Absence, Slot)
    return {table.__name__: await table.all().count() for table in tables}


@pytest.mark.storage
async def test_a_county_cut_off_at_any_moment_is_completed(practice: Practice, clock: ManualClock, tmp_path: Path):
    credentials = generate(random.Random(3).randbytes)
    chance = random.Random(8)
    for _ in range(3):
        steps = itertools.count(1)
        last = chance.randrange(60, 300)

        def cut(done: int, total: int, what: str, steps: Iterator[int] = steps, last: int = last) -> None:
            if next(steps) == last:
                raise PowerCut

        with pytest.raises(PowerCut):
            await seed_county(practice, 1, tmp_path, credentials, cut)
        assert not (tmp_path / "simulator" / "people.json").exists()
    report = await seed_county(practice, 1, tmp_path, credentials)
    assert report.made
    made = await counts()
    assert made["Organisation"] == 28
    assert made["Practitioner"] == report.practitioners
    assert made["Patient"] == made["ListedPatient"] == 48
    assert made["Conflict"] == 7
    await _lives(practice, json.loads((tmp_path / "simulator" / "people.json").read_text("utf-8")), credentials)
    again = await seed_county(practice, 99, tmp_path, credentials)
    assert (again.made, again.seed) == (False, 1)
    assert await counts() == made
    roster_file = tmp_path / "simulator" / "people.json"
    keys = _keys_in(roster_file)
    assert {one.split("-")[0] for one in keys} == {"village", "duty", "expert", "pharmacist"}
    _without_keys(roster_file)
    await seed_county(practice, 1, tmp_path, credentials)
    assert _keys_in(roster_file) == keys
    clock.advance(days=3)
    later = await seed_county(practice, 1, tmp_path, credentials)
    assert later.made
    assert (await counts())["Slot"] == made["Slot"] + made["Slot"] * 3 // SLOT_DAYS


def _keys_in(path: Path) -> dict[str, str]:
    return {one["key"]: one["authenticator"] for one in json.loads(path.read_text("utf-8"))["people"] if one.get("authenticator")}


def _without_keys(path: Path) -> None:
    """The roster as it was before signatures took a code."""
    found = json.loads(path.read_text("utf-8"))
    for one in found["people"]:
        one.pop("authenticator", None)
    path.write_text(json.dumps(found, ensure_ascii=False), "utf-8")


async def _lives(practice: Practice, people: dict[str, Any], credentials: dict[str, Any]) -> None:
    """The people of the roster are known by their ids and find what they need."""
    by_key = {person["key"]: person for person in people["people"]}

    async def actor(key: str) -> Actor:
        person = by_key[key]
        app, subject = (
            (credentials["wecom"]["corpid"], person["userid"])
            if "userid" in person
            else (credentials["mini_program"]["appid"], person["mini_program_openid"])
        )
        ref = await practice.execute(Actor.system("test"), EnsureAccount(app=app, subject=subject))
        assert not ref.created
        return await actor_for(ref.account_id, "wecom_app", practice.clock.now())

    doctor = await actor(FIRST_VILLAGE_DOCTOR)
    listed = (await practice.ask(doctor, MyPatientList())).patients
    assert [one.number for one in listed] == [1, 2, 3, 4, 5, 6]
    assert (listed[2].age_years, listed[2].sex, listed[2].has_wechat) == (58, "male", False)
    for key, person in by_key.items():
        if person["role"] not in ("patient", "expert", "village_doctor"):
            assert (await practice.ask(await actor(key), Me())).roles[0].role == person["role"]
    visitor = await actor("patient-001")
    assert (await practice.ask(visitor, Me())).patients == ()
    with_slots = (await practice.ask(visitor, DepartmentsWithSlots())).departments
    assert {code for code, _, _ in with_slots} == {specialty.code for specialty in SPECIALTIES if department(specialty.code).bookable}
    for code, _, free in with_slots:
        assert free >= 7 * 6
        assert len((await practice.ask(visitor, FreeSlots(department_code=code))).slots) == 20
    at_night = START + timedelta(hours=16)
    experts = set(await on_duty("expert", at_night))
    for code in EMERGENCIES:
        assert len(experts & set(await Practitioner.filter(department_code=code).values_list("id", flat=True))) >= 3
    for duty in ("duty_doctor", "scheduler", "pharmacist"):
        assert await on_duty(duty, START)
        assert await on_duty(duty, at_night)
