"""我的授权 and 撤回授权 in chat."""

from __future__ import annotations

from core.people.models import Consent
from tests.bot.dialogue.stage import Stage

OA = "official_account"


async def test_what_was_agreed_to_is_said_and_taken_back_with_a_tap(stage: Stage) -> None:
    await stage.say("woman", OA, "我的授权")
    heard = await stage.hears("woman", OA, "看病与健康服务", "本人同意")
    assert "教学:没有同意" in heard
    await stage.say("woman", OA, "撤回授权")
    heard = await stage.hears("woman", OA, "撤回哪一项", "不能预约和建随访")
    assert "教学" not in heard
    await stage.tap("woman", OA, "撤回「使用健康信息(敏感信息)」")
    await stage.hears("woman", OA, "已撤回")
    row = await Consent.get(patient_id=stage.county.woman, purpose="sensitive")
    assert row.withdrawn_as == "self"
    await stage.say("woman", OA, "我的授权")
    await stage.hears("woman", OA, "使用健康信息(敏感信息):没有同意")
    # What stands in the way of an appointment is said before she chooses.
    await stage.say("woman", OA, "预约呼吸内科")
    await stage.hears("woman", OA, "可以约的时间", "先看一眼同意书")


async def test_who_is_not_registered_has_agreed_to_nothing(stage: Stage) -> None:
    for said in ("我的授权", "撤回授权"):
        await stage.say("stranger", OA, said)
        await stage.hears("stranger", OA, "授权")
