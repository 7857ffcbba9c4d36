"""No signature without a code: enrolled, given once, locked after five wrong ones, reset by an administrator; two at once with one code."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.consultations.commands_opinions import GiveOpinion
from core.consultations.models import Opinion
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.models import AuditEntry, Signature
from core.foundation.practice import Practice
from core.people.commands_second_factor import BeginFactor, ConfirmFactor, FactorOffered, MyFactor, ResetFactor, UnlockSigning
from core.people.errors_second_factor import (
    CodeUsed,
    CodeWrong,
    FactorAbsent,
    FactorLocked,
    FactorNotBegun,
    OldCodeNeeded,
    OwnFactor,
    SecondFactorMissing,
    SecondFactorNeeded,
)
from core.people.models import SecondFactor, SigningUnlock
from core.people.second_factor import LOCKED_FOR, TO_CONFIRM, UNLOCKED_AT_MOST, UNLOCKED_FOR
from core.people.totp import PERIOD_S
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward
from tests.support.authenticator import Authenticator

pytestmark = [pytest.mark.storage, pytest.mark.second_factor]


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=4)


async def enrol(ward: Ward, actor: Actor, old_code: str | None = None) -> Authenticator:
    offered: FactorOffered = await ward.practice.execute(actor, BeginFactor(old_code=old_code))
    phone = Authenticator(offered.address, ward.practice.clock)
    await ward.practice.execute(actor, ConfirmFactor(code=phone.code()))
    return phone


async def to_sign(ward: Ward) -> tuple[Actor, GiveOpinion]:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    return ward.who(offer), GiveOpinion(consultation_id=asked.consultation_id, advice="阿司匹林嚼服,立即转县医院", confirm=True)


async def test_without_a_factor_nothing_is_signed_and_nothing_changed(ward: Ward) -> None:
    expert, order = await to_sign(ward)
    with pytest.raises(SecondFactorMissing) as refused:
        await ward.practice.execute(expert, order)
    assert "绑定" in refused.value.message
    assert await Opinion.all().count() == 0
    assert (await ward.row(order.consultation_id)).state == "ASSIGNED"


async def test_the_code_unlocks_one_place_for_a_while_and_signing_prolongs_it(ward: Ward) -> None:
    expert, order = await to_sign(ward)
    phone = await enrol(ward, expert)
    view = await ward.practice.execute(expert, order)
    assert view.signature_valid
    signature = await Signature.get(kind="opinion")
    assert signature.confirmed == "session+totp"
    elsewhere = replace(expert, channel="h5", session_id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    again = order.model_copy(update={"advice": "再补一条:低分子肝素"})
    with pytest.raises(SecondFactorNeeded):
        await ward.practice.execute(elsewhere, again)
    await asyncio.sleep(0)
    ward.clock.advance(minutes=29)
    await ward.practice.execute(expert, again)
    ward.clock.advance(minutes=29)
    await ward.practice.execute(expert, order.model_copy(update={"advice": "第三版意见"}))
    ward.clock.advance(seconds=UNLOCKED_FOR.total_seconds())
    with pytest.raises(SecondFactorNeeded):
        await ward.practice.execute(expert, order.model_copy(update={"advice": "第四版意见"}))
    assert await Opinion.all().count() == 3
    unlocked = await ward.practice.execute(elsewhere, UnlockSigning(code=phone.code()))
    assert unlocked.unlocked_until is not None
    assert (await ward.practice.execute(elsewhere, order.model_copy(update={"advice": "第四版意见"}))).revision == 4


async def test_however_busy_the_day_a_new_code_is_asked_for_in_the_end(ward: Ward) -> None:
    expert, order = await to_sign(ward)
    await enrol(ward, expert)
    steps = int(UNLOCKED_AT_MOST.total_seconds() // 60 // 25)
    for number in range(steps):
        await ward.practice.execute(expert, order.model_copy(update={"advice": f"第{number}版意见"}))
        ward.clock.advance(minutes=25)
    ward.clock.advance(minutes=5)
    with pytest.raises(SecondFactorNeeded):
        await ward.practice.execute(expert, order.model_copy(update={"advice": "又一版意见"}))


async def test_a_code_is_taken_once(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    phone = await enrol(ward, doctor)
    with pytest.raises(CodeUsed):
        await ward.practice.execute(doctor, UnlockSigning(code=phone.code()))
    ward.clock.advance(seconds=PERIOD_S)
    await ward.practice.execute(doctor, UnlockSigning(code=phone.code()))
    with pytest.raises(CodeUsed):
        await ward.practice.execute(doctor, UnlockSigning(code=phone.code(steps=-1)))
    with pytest.raises(CodeUsed):
        await ward.practice.execute(doctor, UnlockSigning(code=phone.code()))
    assert (await SecondFactor.get()).wrong_tries == 0


async def test_of_many_at_once_with_one_code_one_is_let_in(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    phone = await enrol(ward, doctor)
    ward.clock.advance(seconds=PERIOD_S)
    code = phone.code()
    places = [replace(doctor, session_id=ward.practice.ids.new()) for _ in range(8)]
    done = await asyncio.gather(*(ward.practice.execute(place, UnlockSigning(code=code)) for place in places), return_exceptions=True)
    assert sum(isinstance(one, CodeUsed) for one in done) == 7, done
    assert await SigningUnlock.all().count() == 2


async def test_five_wrong_codes_lock_it_for_a_quarter_of_an_hour_and_are_told(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    phone = await enrol(ward, doctor)
    ward.clock.advance(seconds=PERIOD_S)
    for left in (4, 3, 2, 1):
        with pytest.raises(CodeWrong) as refused:
            await ward.practice.execute(doctor, UnlockSigning(code=phone.wrong()))
        assert refused.value.fields == {"left": left}
    with pytest.raises(FactorLocked):
        await ward.practice.execute(doctor, UnlockSigning(code=phone.wrong()))
    with pytest.raises(FactorLocked):
        await ward.practice.execute(doctor, UnlockSigning(code=phone.code()))
    assert "factor.locked" in await ward.told(doctor)
    assert (await ward.practice.ask(doctor, MyFactor())).locked_until is not None
    ward.clock.advance(seconds=LOCKED_FOR.total_seconds())
    await ward.practice.execute(doctor, UnlockSigning(code=phone.code()))
    assert (await ward.practice.ask(doctor, MyFactor())).locked_until is None


async def test_guesses_at_once_are_all_counted_or_told_nothing(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    phone = await enrol(ward, doctor)
    wrong = phone.wrong()
    done = await asyncio.gather(*(ward.practice.execute(doctor, UnlockSigning(code=wrong)) for _ in range(12)), return_exceptions=True)
    counted = sum(isinstance(one, CodeWrong) for one in done)
    row = await SecondFactor.get()
    assert row.locked_until is not None or row.wrong_tries == counted
    assert counted <= 4
    assert not any(isinstance(one, BaseException) is False for one in done)


async def test_who_has_a_factor_gives_the_old_one_for_a_new_one(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    old = await enrol(ward, doctor)
    with pytest.raises(OldCodeNeeded):
        await ward.practice.execute(doctor, BeginFactor())
    ward.clock.advance(seconds=PERIOD_S)
    with pytest.raises(CodeWrong):
        await ward.practice.execute(doctor, BeginFactor(old_code=old.wrong()))
    new = await enrol(ward, doctor, old.code())
    ward.clock.advance(seconds=PERIOD_S)
    with pytest.raises(CodeWrong):
        await ward.practice.execute(doctor, UnlockSigning(code=old.code()))
    await ward.practice.execute(doctor, UnlockSigning(code=new.code()))


async def test_until_its_first_code_a_new_secret_is_worth_nothing(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    with pytest.raises(FactorNotBegun):
        await ward.practice.execute(doctor, ConfirmFactor(code="123456"))
    offered: FactorOffered = await ward.practice.execute(doctor, BeginFactor())
    phone = Authenticator(offered.address, ward.clock)
    with pytest.raises(SecondFactorMissing):
        await ward.practice.execute(doctor, UnlockSigning(code=phone.code()))
    with pytest.raises(CodeWrong):
        await ward.practice.execute(doctor, ConfirmFactor(code=phone.wrong()))
    ward.clock.advance(seconds=TO_CONFIRM.total_seconds() + 1)
    with pytest.raises(FactorNotBegun):
        await ward.practice.execute(doctor, ConfirmFactor(code=phone.code()))


async def test_an_administrator_of_the_county_resets_it_and_the_practitioner_is_told(ward: Ward) -> None:
    county, practice = ward.county, ward.practice
    doctor, target = county.village_doctor, str(county.village_doctor.practitioner_id)
    with pytest.raises(FactorAbsent):
        await practice.execute(county.administrator, ResetFactor(practitioner_id=target))
    phone = await enrol(ward, doctor)
    for actor in (doctor, county.duty_doctor, county.scheduler, county.auditor):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, ResetFactor(practitioner_id=target))
    with pytest.raises(NotAllowed):  # the provincial hospital lies in another county
        await practice.execute(county.administrator, ResetFactor(practitioner_id=str(county.experts[0].practitioner_id)))
    with pytest.raises(OwnFactor):
        await practice.execute(county.administrator, ResetFactor(practitioner_id=str(county.administrator.practitioner_id)))
    await practice.execute(county.administrator, ResetFactor(practitioner_id=target))
    assert "factor.reset" in await ward.told(doctor)
    entry = await AuditEntry.filter(action="people.reset_second_factor", outcome="done").get()
    assert (entry.account_id, entry.subject_kind, entry.subject_id) == (county.administrator.account_id, "practitioner", target)
    assert await SigningUnlock.all().count() == 0
    ward.clock.advance(seconds=PERIOD_S)
    with pytest.raises(SecondFactorMissing):
        await practice.execute(doctor, UnlockSigning(code=phone.code()))
    await enrol(ward, doctor)


async def test_the_secret_is_sealed_to_its_place(ward: Ward) -> None:
    phone = await enrol(ward, ward.county.village_doctor)
    row = await SecondFactor.get()
    assert row.secret is not None
    assert phone.secret not in bytes(row.secret)
    assert row.pending_secret is None
