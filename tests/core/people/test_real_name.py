"""The real-name check: the port, the demonstration's strict answer, being away, asking again, and what a mismatch does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from core.foundation.clock import ManualClock
from core.foundation.due import tick
from core.foundation.errors import NotAllowed
from core.foundation.models import DueWork
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people import real_name
from core.people.commands import EnlistPatient, RegisterPatient
from core.people.commands_real_name import CheckRealName
from core.people.commands_views import Me
from core.people.errors import IdNumberInvalid, NameInvalid
from core.people.errors_real_name import RealNameMismatch
from core.people.id_numbers import check_character
from core.people.models import Patient
from core.people.real_name import LocalRealName, RealNameAway, connect_real_name
from core.people.real_name_again import FIRST_AFTER, LATEST_AFTER, again_at
from tests.core.people.test_patients import visitor
from tests.support.county import SmallCounty, id_number, seed_small

pytestmark = pytest.mark.storage
TODAY = date(2026, 11, 20)
NUMBER = id_number(date(1990, 5, 17), 44)


class Asked:
    """A provider that answers what it is told to; ``asked`` is what it was given."""

    provider = "registry"

    def __init__(self) -> None:
        self.answer: bool | BaseException = True
        self.slow = False
        self.asked: list[tuple[str, str]] = []

    async def check(self, full_name: str, id_number: str, today: date) -> bool:
        self.asked.append((full_name, id_number))
        if self.slow:
            await asyncio.sleep(60)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


@pytest.fixture
def provider(county: SmallCounty) -> Iterator[Asked]:
    asked = Asked()
    connect_real_name(lambda _: asked)
    yield asked
    connect_real_name(None)


async def registered(practice: Practice, openid: str = "m1", **differently: Any) -> Patient:
    order = RegisterPatient.model_validate({"full_name": "王小梅", "id_number": NUMBER} | differently)
    return await Patient.get(id=(await practice.execute(await visitor(practice, openid), order)).patient_id)


async def test_the_answer_is_recorded_with_time_and_provider(practice: Practice, provider: Asked):
    row = await registered(practice)
    assert (row.real_name_state, row.real_name_provider, row.real_name_at) == ("match", "registry", practice.clock.now())
    assert provider.asked == [("王小梅", NUMBER)]
    await practice.execute(await visitor(practice, "m1"), RegisterPatient(full_name="王小梅", id_number=NUMBER))
    assert len(provider.asked) == 1  # Who is on record is not asked about again.


async def test_a_mismatch_is_told_kindly_and_nothing_is_recorded(practice: Practice, county: SmallCounty, provider: Asked):
    provider.answer = False
    before = await Patient.all().count()
    with pytest.raises(RealNameMismatch) as refused:
        await registered(practice)
    with pytest.raises(RealNameMismatch):
        await practice.execute(county.village_doctor, EnlistPatient(
            practitioner_id=county.village_doctor.practitioner_id or "", number=9, full_name="王小梅", id_number=NUMBER
        ))
    assert "王" not in refused.value.message
    assert "120" in refused.value.message
    assert await Patient.all().count() == before


@pytest.mark.parametrize("trouble", [RealNameAway(), OSError(), TimeoutError(), ValueError("王小梅")])
async def test_away_registration_goes_on_and_is_asked_again(
    practice: Practice, county: SmallCounty, provider: Asked, clock: ManualClock, trouble: Exception, caplog: pytest.LogCaptureFixture
):
    provider.answer = trouble
    row = await registered(practice)
    assert row.real_name_state == "away"
    (patient,) = (await practice.ask(await visitor(practice, "m1"), Me())).patients
    assert patient.real_name == "away"
    for _ in range(3):
        clock.advance(days=1)
        await tick(practice)
    assert (await Patient.get(id=row.id)).real_name_state == "away"
    assert len(provider.asked) == 4
    provider.answer = True
    clock.advance(days=1)
    await tick(practice)
    again = await Patient.get(id=row.id)
    assert (again.real_name_state, again.real_name_at) == ("match", clock.now())
    assert await DueWork.filter(kind="people.real_name", state="pending").count() == 0
    assert "王小梅" not in caplog.text


async def test_a_provider_that_does_not_answer_keeps_nobody_waiting(practice: Practice, provider: Asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(real_name, "ANSWERS_WITHIN_S", 0.05)
    provider.slow = True
    assert (await registered(practice)).real_name_state == "away"


async def test_a_mismatch_that_comes_late_is_told_to_who_speaks_for_him(practice: Practice, county: SmallCounty, provider: Asked, clock: ManualClock):
    provider.answer = RealNameAway()
    row = await registered(practice)
    await practice.execute(county.village_doctor, EnlistPatient(
        practitioner_id=county.village_doctor.practitioner_id or "", number=9, full_name="王小梅", id_number=NUMBER
    ))
    provider.answer = False
    clock.advance(minutes=11)
    await tick(practice)
    assert (await Patient.get(id=row.id)).real_name_state == "mismatch"
    told = {one.account_id for one in await Notification.filter(kind="people.real_name_mismatch")}
    assert told == {(await visitor(practice, "m1")).account_id, county.village_doctor.account_id}
    assert (await practice.ask(await visitor(practice, "m1"), Me())).patients  # The care goes on.


async def test_in_earnest_with_nobody_connected_it_is_said(practice: Practice, county: SmallCounty):
    practice.demo = False
    assert (await registered(practice)).real_name_state == "away"


async def test_only_the_system_asks_again(practice: Practice, county: SmallCounty):
    for actor in (county.stranger, county.village_doctor, county.administrator):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, CheckRealName(patient_id=county.woman, step=1))


@pytest.mark.parametrize(("name", "said"), [("王小梅", "match"), ("王待核", "away"), ("王不符", None)])
async def test_the_demonstration_shows_all_three(practice: Practice, county: SmallCounty, name: str, said: str | None):
    if said is None:
        with pytest.raises(RealNameMismatch):
            await registered(practice, full_name=name)
    else:
        assert (await registered(practice, full_name=name)).real_name_state == said


async def test_a_wrong_form_is_refused_before_anybody_is_asked(practice: Practice, provider: Asked):
    mistyped = NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")
    for wrong in ({"id_number": mistyped}, {"id_number": "522727900517441"}, {"id_number": "E12345678"}, {"full_name": "Mary"}):
        with pytest.raises((IdNumberInvalid, NameInvalid)):
            await registered(practice, **wrong)
    assert provider.asked == []


async def test_whatever_is_asked_the_local_answer_is_yes_no_or_away():
    rng = random.Random(20261120)
    local, matched = LocalRealName(), 0
    for _ in range(2000):
        digits = f"5227271990{rng.randrange(14):02d}{rng.randrange(33):02d}{rng.randrange(1000):03d}"
        broken = (digits + rng.choice("0123456789X"), digits[: rng.randrange(18)], "王小梅", "\x00" * 18)
        number = rng.choice([digits + check_character(digits), *broken])
        name = rng.choice(["王小梅", "王小梅 ", "Mary", "", "阿依古丽·买买提", "王\u200b梅", "李" * 31, "王待核", "王不符"])
        try:
            answer = await local.check(name, number, TODAY)
        except RealNameAway:
            assert name.endswith("待核")
            continue
        matched += answer
        if answer:
            assert name in ("王小梅", "阿依古丽·买买提")
            assert number[17] == check_character(number[:17])
    assert matched


def test_it_is_asked_later_and_later_but_never_given_up():
    now = TODAY
    waits = [again_at(_at(now), tries) - _at(now) for tries in range(1, 5000, 7)]
    assert waits[0] == FIRST_AFTER
    assert waits == sorted(waits)
    assert max(waits) == LATEST_AFTER == timedelta(days=1)


def _at(day: date) -> Any:
    from datetime import UTC, datetime

    return datetime(day.year, day.month, day.day, tzinfo=UTC)
