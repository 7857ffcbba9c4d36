"""Opinion and decision in chat: shown first, signed by a tap, then completed and rated; an old or foreign tap signs nothing."""

from __future__ import annotations

from core.consultations.models import Consultation, Decision, Opinion, Rating
from core.foundation.models import Signature
from tests.bot.dialogue.stage import GROUP, Stage

APP = "wecom_app"
OA = "official_account"


async def taken(stage: Stage, number: int = 5) -> str:
    """A consultation that the first expert has taken; its code."""
    await stage.say("village_doctor", GROUP, f"@会诊助手 会诊 {number}号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.say("expert1", APP, "接诊")
    await stage.hears("expert1", APP, "由您接诊")
    return (await Consultation.all().first()).code  # type: ignore[union-attr]


async def test_from_the_opinion_to_the_rating(stage: Stage) -> None:
    code = await taken(stage)
    await stage.say("expert1", APP, "意见")
    await stage.hears("expert1", APP, "写在后面")
    await stage.say("expert1", APP, f"意见 {code} 考虑急性冠脉综合征,阿司匹林嚼服,立即转院")
    await stage.hears("expert1", APP, "阿司匹林嚼服", "确认签名")
    assert await Opinion.all().count() == 0
    await stage.tap("expert1", APP, "确认签名")
    await stage.hears("expert1", APP, "已签名", "第 1 版")
    await stage.hears("village_doctor", APP, "阿司匹林嚼服", "由您决定")

    await stage.say("village_doctor", APP, "部分同意")
    await stage.hears("village_doctor", APP, "理由写在后面")
    await stage.say("village_doctor", APP, "部分同意 先做心电图再转")
    await stage.hears("village_doctor", APP, "部分同意", "先做心电图再转", "确认签名")
    assert await Decision.all().count() == 0
    await stage.tap("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "已签名")
    await stage.hears("expert1", APP, "部分同意您的意见")
    await stage.say("village_doctor", APP, f"完成会诊 {code}")
    await stage.hears("village_doctor", APP, "还差确认病人、知情同意", "写明原因")
    await stage.say("village_doctor", APP, f"完成会诊 {code} 病人已急转县医院")
    await stage.hears("village_doctor", APP, "已完成", "评价")
    await stage.say("village_doctor", APP, "评价 5星")
    await stage.hears("village_doctor", APP, "谢谢您的评价")
    await stage.hears("woman", OA, "会诊已完成")
    await stage.say("woman", OA, "评价 4星 医生很耐心")
    await stage.hears("woman", OA, "谢谢您的评价")

    assert sorted(await Rating.all().values_list("rated_as", "stars")) == [("patient", 4), ("village_doctor", 5)]
    assert sorted(await Signature.all().values_list("kind", flat=True)) == ["decision", "opinion"]


async def test_in_the_group_nothing_clinical_is_written_and_a_tap_of_somebody_else_signs_nothing(stage: Stage) -> None:
    code = await taken(stage)
    await stage.say("village_doctor", GROUP, f"@会诊助手 同意 {code}")
    await stage.hears("village_doctor", GROUP, "单独会话")
    await stage.say("expert1", APP, f"意见 {code} 立即转院")
    await stage.hears("expert1", APP, "确认签名")
    assert await Opinion.all().count() == 0
    await stage.say("expert1", APP, f"退回会诊 {code} 突发手术")
    await stage.hears("expert1", APP, "已退回")
    await stage.tap("expert1", APP, "确认签名")
    await stage.hears("expert1", APP, "没有权限")
    assert await Opinion.all().count() == 0
