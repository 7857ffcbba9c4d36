"""Whose record is it? Who cannot prove it reads a code to the village doctor; nobody else gets near the record."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.people.commands import ConfirmAccount, EnlistPatient, PatientRef, RegisterPatient
from core.people.commands_views import Me, WhoLookedAtMyRecord
from core.people.errors import ClaimantHasOwnRecord, ClaimCodeWrong, ClaimExpired, ClaimUsed, PatientTaken, RecordNeedsConfirmation
from core.people.models import CareRelation, PatientClaim
from tests.core.people.test_patients import OLD_MAN, record_phone, visitor
from tests.support.county import SYSTEM, SmallCounty, id_number, seed_small

pytestmark = pytest.mark.storage
MINE = RegisterPatient(full_name="罗大山", id_number=OLD_MAN)
FATHER = RegisterPatient(relation="father", full_name="罗大山", id_number=OLD_MAN, phone="19900000045")


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    county = await seed_small(practice)
    await record_phone(practice, county.old_man, "19900000045")
    return county


async def claims(practice: Practice, actor: Actor, order: RegisterPatient = FATHER) -> str:
    """The code that the refused registration shows."""
    with pytest.raises(RecordNeedsConfirmation) as refused:
        await practice.execute(actor, order)
    return str(refused.value.fields["claim_code"])


async def confirms(practice: Practice, county: SmallCounty, code: str) -> Any:
    return await practice.execute(county.village_doctor, ConfirmAccount(patient_id=county.old_man, claim_code=code))


async def test_a_stranger_who_knows_name_number_and_phone_is_not_let_in(practice: Practice, county: SmallCounty):
    for number, order in enumerate((MINE, FATHER, FATHER.model_copy(update={"relation": "other"}))):
        stranger = await visitor(practice, f"m{number}", "19900000099" if number else None)
        await claims(practice, stranger, order)
        assert (await practice.ask(stranger, Me())).patients == ()
        with pytest.raises(NotAllowed):
            await practice.ask(stranger, WhoLookedAtMyRecord(patient_id=county.old_man))
    assert not await CareRelation.filter(patient_id=county.old_man).exists()


async def test_nothing_is_told_of_the_record(practice: Practice, county: SmallCounty):
    """Neither whether name or phone were right, nor whether somebody has it, nor who cares for him."""
    answers = []
    for number, (name, phone) in enumerate((("罗大山", None), ("罗大海", None), ("罗大海", "19900000045"), ("罗大山", "19900000046"))):
        actor = await visitor(practice, f"m{number}", phone)
        with pytest.raises(RecordNeedsConfirmation) as refused:
            await practice.execute(actor, RegisterPatient(full_name=name, id_number=OLD_MAN))
        assert set(refused.value.fields) == {"claim_code", "valid_minutes", "way"}
        answers.append(refused.value.message.replace(refused.value.fields["claim_code"], "……"))
    await practice.execute(await visitor(practice, "mine", "19900000045"), MINE)
    with pytest.raises(RecordNeedsConfirmation) as refused:
        await practice.execute(await visitor(practice, "late"), MINE)
    answers.append(refused.value.message.replace(refused.value.fields["claim_code"], "……"))
    assert len(set(answers)) == 1
    assert "村医" in answers[0]
    assert "微信手机号" in answers[0]
    assert "罗" not in answers[0]


@pytest.mark.parametrize("order", [MINE, FATHER.model_copy(update={"phone": None})])
async def test_the_phone_that_the_platform_verified_opens_the_record(practice: Practice, county: SmallCounty, order: RegisterPatient):
    actor = await visitor(practice, "m1", "19900000045")
    assert (await practice.execute(actor, order)).patient_id == county.old_man
    assert [one.patient_id for one in (await practice.ask(actor, Me())).patients] == [county.old_man]


async def test_a_record_without_a_phone_is_opened_by_the_village_doctor_only(practice: Practice, county: SmallCounty):
    woman = await practice.execute(SYSTEM, EnlistPatient(
        practitioner_id=county.village_doctor.practitioner_id or "", number=9, full_name="赵大妈", id_number=id_number(date(1950, 1, 2), 32)
    ))
    daughter = await visitor(practice, "m1", "19900000045")
    code = await claims(practice, daughter, RegisterPatient(relation="mother", full_name="赵大妈", id_number=id_number(date(1950, 1, 2), 32)))
    await practice.execute(county.village_doctor, ConfirmAccount(patient_id=woman.patient_id, claim_code=code))
    assert [one.relation for one in (await practice.ask(daughter, Me())).patients] == ["mother"]


async def test_the_code_opens_the_record_once(practice: Practice, county: SmallCounty):
    son, other = await visitor(practice, "m1"), await visitor(practice, "m2")
    code = await claims(practice, son)
    assert await claims(practice, son) == code  # Asked again, the same code is shown.
    assert len(code) == 6
    assert code.encode() not in bytes((await PatientClaim.get()).code)
    assert await confirms(practice, county, code.lower()) == PatientRef(patient_id=county.old_man)
    assert [(one.patient_id, one.relation) for one in (await practice.ask(son, Me())).patients] == [(county.old_man, "father")]
    assert await practice.execute(son, FATHER) == PatientRef(patient_id=county.old_man)
    with pytest.raises(ClaimUsed):
        await confirms(practice, county, code)
    assert (await practice.ask(other, Me())).patients == ()
    assert await PatientClaim.filter(live_for__isnull=False).count() == 0


async def test_five_wrong_codes_end_every_live_one(practice: Practice, county: SmallCounty):
    son = await visitor(practice, "m1")
    code = await claims(practice, son)
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(ClaimCodeWrong):
            await confirms(practice, county, wrong)
    with pytest.raises(ClaimExpired):
        await confirms(practice, county, code)
    fresh = await claims(practice, son)
    assert fresh != code
    for _ in range(4):
        with pytest.raises(ClaimCodeWrong):
            await confirms(practice, county, wrong)
    assert (await confirms(practice, county, fresh)).patient_id == county.old_man


async def test_the_code_holds_half_an_hour(practice: Practice, county: SmallCounty, clock: ManualClock):
    son = await visitor(practice, "m1")
    code = await claims(practice, son)
    clock.advance(minutes=30)
    with pytest.raises(ClaimExpired):
        await confirms(practice, county, code)
    fresh = await claims(practice, son)
    assert fresh != code
    clock.advance(minutes=29, seconds=59)
    assert (await confirms(practice, county, fresh)).patient_id == county.old_man


async def test_only_the_doctor_on_whose_list_he_stands_confirms(practice: Practice, county: SmallCounty):
    code = await claims(practice, await visitor(practice, "m1"))
    for actor in (county.stranger, county.scheduler, county.duty_doctor, county.administrator, *county.experts):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, ConfirmAccount(patient_id=county.old_man, claim_code=code))
    with pytest.raises(ClaimCodeWrong):
        await practice.execute(county.village_doctor, ConfirmAccount(patient_id=county.woman, claim_code=code))
    assert (await confirms(practice, county, code)).patient_id == county.old_man


async def test_of_two_who_say_it_is_their_own_record_one_gets_it(practice: Practice, county: SmallCounty):
    one, two = await visitor(practice, "m1"), await visitor(practice, "m2")
    codes = [await claims(practice, one, MINE), await claims(practice, two, MINE)]
    await confirms(practice, county, codes[0])
    with pytest.raises(PatientTaken):
        await confirms(practice, county, codes[1])
    # An account that is somebody's own already is nobody else's own.
    busy = await visitor(practice, "m3")
    code = await claims(practice, busy, RegisterPatient(full_name="李秀英", id_number=id_number(date(1975, 7, 1), 22)))
    await practice.execute(busy, RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44)))
    with pytest.raises(ClaimantHasOwnRecord):
        await practice.execute(county.village_doctor, ConfirmAccount(patient_id=county.woman, claim_code=code))


async def test_two_accounts_never_have_the_same_code_for_one_record(
    practice: Practice, county: SmallCounty, monkeypatch: pytest.MonkeyPatch
):
    drawn = iter(["K7M2QX", "K7M2QX", "K7M2QX", "K7M2QY", "K7M2QZ", "K7M2Q0", "K7M2Q1"])
    monkeypatch.setattr(practice.ids, "token", lambda length=43: next(drawn))
    people = [await visitor(practice, f"m{number}") for number in range(2)]
    codes = await asyncio.gather(*(claims(practice, actor) for actor in people))
    assert len(set(codes)) == 2
    results = await asyncio.gather(*(confirms(practice, county, codes[0]) for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ClaimUsed", "ClaimUsed", "ClaimUsed", "PatientRef"]
    assert [row.account_id for row in await CareRelation.filter(patient_id=county.old_man)] == [people[0].account_id]


async def test_one_account_that_asks_many_times_at_once_has_one_live_code(practice: Practice, county: SmallCounty):
    son = await visitor(practice, "m1")
    codes = await asyncio.gather(*(claims(practice, son) for _ in range(5)))
    assert len(set(codes)) == 1
    assert await PatientClaim.all().count() == 1


async def test_wrong_tries_at_once_are_all_counted(practice: Practice, county: SmallCounty):
    code = await claims(practice, await visitor(practice, "m1"))
    results = await asyncio.gather(*(confirms(practice, county, f"00000{number}") for number in range(6)), return_exceptions=True)
    assert {type(result) for result in results} == {ClaimCodeWrong}
    assert (await PatientClaim.get()).attempts == 6
    with pytest.raises(ClaimExpired):
        await confirms(practice, county, code)


@pytest.mark.parametrize("code", ["", "K7M2Q", "K7M2QXX", "K7M2Q!", "确认码确认码", "K7M2QX\n"])
def test_a_code_has_six_plain_characters(code: str):
    with pytest.raises(ValidationError):
        ConfirmAccount(patient_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", claim_code=code)
