"""试导入 and 导入 by an administrator: every error with its line, all lines or none, within the county alone; fuzzed."""

from __future__ import annotations

import random

import pytest

from core.foundation.errors import DomainError, NotAllowed
from core.foundation.practice import Practice
from core.people.commands_register import MOST_AT_ONCE, CheckRegister, ImportRegister, RegisterChecked
from core.people.commands_staff import Organisations, Practitioners, RegisterPractitioner
from core.people.errors_staff import RegisterWrong
from core.people.models import Identity, Organisation, Practitioner
from core.people.register_files import ORGANISATION_COLUMNS, PRACTITIONER_COLUMNS
from tests.support.county import CORP, SmallCounty, seed_small

pytestmark = pytest.mark.storage
HOME = "522727"
HOUSES = ",".join(ORGANISATION_COLUMNS) + "\n"
PEOPLE = ",".join(PRACTITIONER_COLUMNS) + "\n"
CLINIC = "青龙村卫生室,村卫生室,522727102202,平塘县塘边镇青龙村,塘边镇卫生院\n"
DOCTOR = "罗春梅,女,新塘村卫生室,村医,乡村医生,,152000000077,2030-06-30,,,6,luochunmei\n"


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


def people(*lines: str) -> CheckRegister:
    return CheckRegister(region_code=HOME, what="practitioners", table=PEOPLE + "".join(lines))


def now(order: CheckRegister) -> ImportRegister:
    return ImportRegister(**order.model_dump())


async def test_what_was_tried_is_what_is_made_once(practice: Practice, county: SmallCounty) -> None:
    houses = CheckRegister(region_code=HOME, what="organisations", table=HOUSES + CLINIC)
    tried: RegisterChecked = await practice.ask(county.administrator, houses)
    assert (tried.new, tried.there, tried.problems) == (1, 0, ())
    assert await Organisation.filter(name="青龙村卫生室").count() == 0
    for times in range(2):
        done = await practice.execute(county.administrator, now(houses))
        assert (done.new, done.there) == ((1, 0) if times == 0 else (0, 1))
    clinic = await Organisation.get(name="青龙村卫生室")
    assert clinic.parent_id == county.township_centre

    await practice.execute(county.administrator, now(people(DOCTOR)))
    listed = await practice.ask(county.administrator, Practitioners(organisation_id=county.clinic))
    (made,) = [one for one in listed.practitioners if one.full_name.startswith("罗春梅")]
    assert [(one.role, one.running) for one in made.roles] == [("village_doctor", True)]
    # In the WeCom in which the administrator works himself.
    assert await Identity.filter(app=CORP, subject="luochunmei").exists()


async def test_every_error_is_told_with_its_line_and_nothing_is_made(practice: Practice, county: SmallCounty) -> None:
    order = people(
        DOCTOR, DOCTOR.replace("luochunmei", "other"), DOCTOR.replace("152000000077", "152000000078").replace("luochunmei", "ghost").replace(
            "新塘村卫生室", "没有这家"), "王五,男,新塘村卫生室,国王,,,,,,,3,wangwu\n", DOCTOR.replace("2030-06-30", "明年").replace("77,", "79,"),
    )
    tried: RegisterChecked = await practice.ask(county.administrator, order)
    assert [one.line for one in tried.problems] == [3, 4, 5, 6]
    assert "第 2 行相同" in tried.problems[0].sentence
    assert "没有登记" in tried.problems[1].sentence
    before = await Practitioner.all().count()
    with pytest.raises(RegisterWrong) as wrong:
        await practice.execute(county.administrator, now(order))
    assert "第 3 行" in wrong.value.message
    # A line that its own order refuses takes the lines before it with it.
    assert await Practitioner.all().count() == before
    with pytest.raises(RegisterWrong):
        await practice.execute(county.administrator, ImportRegister(region_code=HOME, what="practitioners", table=PEOPLE))
    long = people(*[DOCTOR.replace("152000000077", f"1520{n:08d}").replace("luochunmei", f"user{n}") for n in range(MOST_AT_ONCE + 1)])
    assert (await practice.ask(county.administrator, long)).problems[0].line == 0


async def test_no_line_reaches_beyond_the_county(practice: Practice, county: SmallCounty) -> None:
    outside = CheckRegister(region_code=HOME, what="organisations", table=HOUSES + "外县卫生院,乡镇卫生院,522728101,罗甸县,\n")
    assert ["别的县" in one.sentence for one in (await practice.ask(county.administrator, outside)).problems] == [True]
    with pytest.raises(NotAllowed):
        await practice.ask(county.administrator, outside.model_copy(update={"region_code": "522728"}))
    # A house of another county is as unknown as one that does not exist.
    elsewhere = people(DOCTOR.replace("新塘村卫生室", "贵州省人民医院"))
    assert "没有登记" in (await practice.ask(county.administrator, elsewhere)).problems[0].sentence
    for actor in (county.auditor, county.scheduler, county.village_doctor, county.woman_account):
        for order in (people(DOCTOR), Organisations(region_code=HOME)):
            if actor is county.auditor and isinstance(order, Organisations):
                continue
            with pytest.raises(NotAllowed):
                await practice.ask(actor, order)


async def test_one_by_one_without_naming_the_wecom(practice: Practice, county: SmallCounty) -> None:
    order = RegisterPractitioner.model_validate({
        "organisation_id": county.county_hospital, "full_name": "石大勇", "sex": "male", "title_name": "药师", "licence_number": "1520777",
        "licence_valid_until": "2029-01-01", "years_of_practice": 3, "roles": ["pharmacist"], "subject": "shidayong",
    })
    await practice.execute(county.administrator, order)
    assert await Identity.filter(app=CORP, subject="shidayong").exists()


async def test_any_table_is_answered(practice: Practice, county: SmallCounty) -> None:
    rng = random.Random(41)
    cells = [*DOCTOR.strip().split(","), *CLINIC.strip().split(","), '"', "\n", ",", "\x00", "é", "９", "2030/6/1", "=1+1", "", " " * 40]
    for _ in range(150):
        what = rng.choice(("organisations", "practitioners"))
        head = rng.choice((HOUSES, PEOPLE, ""))
        table = head + "".join(rng.choice(cells) + rng.choice((",", ",", "\n")) for _ in range(rng.randrange(40)))
        order = CheckRegister(region_code=HOME, what=what, table=table)
        told: RegisterChecked = await practice.ask(county.administrator, order)
        if told.problems:
            with pytest.raises(DomainError):
                await practice.execute(county.administrator, now(order))
        assert all(one.sentence for one in told.problems)
