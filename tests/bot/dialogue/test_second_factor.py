"""动态码 in chat: the signature waits for it, danger comes first, a wrong code signs nothing, and what was open goes on where it was."""

from __future__ import annotations

import asyncio
import random
from datetime import date

import pytest

from bot.dialogue import binding
from bot.dialogue.second_factor import code_in
from core.consultations.models import Opinion
from core.foundation import guessing
from core.foundation.actor import Actor
from core.foundation.models import Signature
from core.people.commands_second_factor import BeginFactor, ConfirmFactor, UnlockSigning
from core.people.commands_staff import InviteAdministrator
from core.people.models import Practitioner, RoleHeld, SecondFactor, SigningUnlock
from core.prescriptions.models import EmergencyDose
from tests.bot.dialogue.stage import GROUP, Stage
from tests.bot.dialogue.test_deciding import OPINION, _rules_out
from tests.bot.dialogue.test_opinions import taken
from tests.support.authenticator import Authenticator
from tests.support.county import SYSTEM

APP = "wecom_app"


async def enrol(stage: Stage, actor: Actor) -> Authenticator:
    """An authenticator whose codes of now and later are fresh; the chat is locked."""
    offered = await stage.practice.execute(actor, BeginFactor())
    phone = Authenticator(offered.address, stage.practice.clock)
    await stage.practice.execute(actor, ConfirmFactor(code=phone.code(steps=-1)))
    await SigningUnlock.filter(practitioner_id=actor.practitioner_id).delete()
    return phone


@pytest.mark.second_factor
async def test_a_signature_waits_for_the_code_and_then_goes_on(stage: Stage) -> None:
    code = await taken(stage)
    await stage.say("expert1", APP, f"意见 {code} {OPINION}")
    await stage.hears("expert1", APP, "确认签名")
    await stage.press("expert1", APP, "确认签名")
    await stage.hears("expert1", APP, "还没有绑定")
    await stage.hears("expert1", APP, "绑定动态码")
    assert not await Opinion.exists()

    phone = await enrol(stage, stage.county.experts[0])
    # The platform names an event by person and second: the same button again within one second is the same press.
    await asyncio.sleep(1)
    await stage.tap("expert1", APP, "确认签名")
    await stage.hears("expert1", APP, "请发 6 位动态码")
    await stage.say("expert1", APP, phone.wrong())
    await stage.hears("expert1", APP, "动态码不对", "4 次")
    await stage.say("expert1", APP, "病人没有呼吸没有心跳了")
    await stage.hears("expert1", APP, "120")
    assert not await Opinion.exists()
    await stage.say("expert1", APP, phone.code())
    await stage.hears("expert1", APP, "意见已签名")
    await _closed(stage, "expert1", "意见已签名")
    assert (await Signature.get()).confirmed == "session+totp"
    assert (await SecondFactor.get()).wrong_tries == 0

    doctor = await enrol(stage, stage.county.village_doctor)
    await stage.press("village_doctor", APP, "同意并执行")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "请发 6 位动态码")
    shown = doctor.code()
    await stage.say("village_doctor", APP, f"{shown[:3]} {shown[3:]}")
    await stage.hears("village_doctor", APP, "急用一剂:阿司匹林", "1/5")
    await stage.press("village_doctor", APP, "没有")
    await _rules_out(stage, "2/5", "3/5", "4/5", "5/5")
    await stage.hears("village_doctor", APP, "将下医嘱")
    await SigningUnlock.all().delete()
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "请发 6 位动态码")
    await stage.say("village_doctor", APP, doctor.code(steps=1))
    await stage.hears("village_doctor", APP, "现在给药:阿司匹林")
    await _closed(stage, "village_doctor", "医嘱已签名")
    assert await EmergencyDose.all().count() == 1


async def _closed(stage: Stage, person: str, note: str) -> None:
    """The card whose button waited for the code cannot be pressed any more and says what came of it."""
    for _ in range(300):
        if any(message.get("card", {}).get("replaced") == note for message in await stage.messages(person, APP)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no card of {person} says {note}")


async def test_who_may_not_practise_any_more_is_told_so(stage: Stage) -> None:
    await Practitioner.filter(id=stage.county.village_doctor.practitioner_id).update(licence_valid_until=date(2020, 1, 1))
    for chat, words in ((GROUP, "@会诊助手 会诊 5号 胸痛2小时"), (APP, "我的病人"), (APP, "在吗")):
        await stage.say("village_doctor", chat, words)
        await stage.hears("village_doctor", chat, "执业证书已过期,请联系管理员")


def test_six_digits_are_a_code_and_nothing_else_is() -> None:
    for text in ("123456", " 123 456 ", "动态码 123456", "动态码:123456", "验证码123 456"):
        assert code_in(text) == "123456"
    for text in ("12345", "1234567", "会诊 3号 123456", "血压 123456", "123456 128456", "٣٤٥٦٧٨", ""):
        assert code_in(text) is None
    chance = random.Random(4)
    for _ in range(2000):
        text = "".join(chance.choice("0123456789 码动态验证:：٣一，a") for _ in range(chance.randrange(12)))
        found = code_in(text)
        assert found is None or (len(found) == 6 and found.isascii() and found.isdigit())


async def test_the_first_administrator_binds_himself_in_chat(stage: Stage) -> None:
    await RoleHeld.filter(role="administrator").update(ended_at=stage.practice.clock.now())
    order = InviteAdministrator(organisation_id=stage.county.county_hospital, full_name="何平", phone="19900000077")
    invited = await stage.practice.execute(SYSTEM, order)
    await stage.say("pharmacist2", APP, "绑定管理员 AAAAA-AAAAA")
    await stage.hears("pharmacist2", APP, "绑定码不对")
    await stage.say("pharmacist2", APP, f"绑定管理员 {invited.code}")
    await stage.hears("pharmacist2", APP, "绑定好了,您现在是管理员")
    await stage.say("pharmacist2", APP, f"绑定管理员 {invited.code}")
    await stage.hears("pharmacist2", APP, "没听懂")
    assert await RoleHeld.filter(role="administrator", ended_at__isnull=True).count() == 1


def test_what_is_no_invitation_is_none() -> None:
    assert binding.code_in("绑定管理员 7K2MQ-9XW3P") == "7K2MQ-9XW3P"
    for text in ("绑定管理员", "我要绑定管理员 7K2MQ-9XW3P", "绑定管理员 短", "绑定管理员 " + "A" * 40):
        assert binding.code_in(text) is None


@pytest.mark.second_factor
async def test_who_guesses_codes_in_a_chat_hears_when_to_try_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "GUESSES", (guessing.Guess("one_time_codes", 2, 600, (UnlockSigning.name,)),))
    code = await taken(stage)
    phone = await enrol(stage, stage.county.experts[0])
    await stage.say("expert1", APP, f"意见 {code} {OPINION}")
    await stage.press("expert1", APP, "确认签名")
    await stage.hears("expert1", APP, "请发 6 位动态码")
    for left in ("4 次", "3 次"):
        await stage.say("expert1", APP, phone.wrong())
        await stage.hears("expert1", APP, "动态码不对", left)
    await stage.say("expert1", APP, phone.code())
    await stage.hears("expert1", APP, "错的次数太多了", "后再试", "120")
    assert not await Opinion.exists()
    monkeypatch.setattr(guessing, "GUESSES", ())
    await stage.say("expert1", APP, phone.code())
    await stage.hears("expert1", APP, "意见已签名")
