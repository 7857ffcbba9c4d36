"""A sentence that is asked for: danger is heard before it, another command is none, 算了 ends it, and what is written counts once it is confirmed."""

from __future__ import annotations

import asyncio

from core.consultations.models import Decision
from core.prescriptions.models import EmergencyDose, Prescription
from tests.bot.dialogue.stage import Stage
from tests.bot.dialogue.test_deciding import advised
from tests.bot.dialogue.test_prescriptions import _propose
from tests.core.prescriptions.pharmacy import item

APP = "wecom_app"
ARREST = "病人突然昏过去了,没有呼吸"


async def test_danger_is_answered_first_and_the_reason_is_asked_for_again(stage: Stage) -> None:
    await advised(stage)
    await stage.press("village_doctor", APP, "不同意")
    await stage.hears("village_doctor", APP, "请写理由")
    await stage.say("village_doctor", APP, ARREST)
    await stage.hears("village_doctor", APP, "先打 120", "胸外按压", "请写理由")
    await stage.say("village_doctor", APP, "急用一剂 阿司匹林")
    await stage.hears("village_doctor", APP, "1/5")
    await stage.say("village_doctor", APP, ARREST)
    await stage.hears("village_doctor", APP, "先打 120", "胸外按压")
    await stage.hears("village_doctor", APP, "1/5", "【没有】")
    # The platform names an event by person and second: the same button again within one second is the same press.
    await asyncio.sleep(1)
    await stage.tap("village_doctor", APP, "不同意")
    await stage.hears("village_doctor", APP, "请写理由")
    await stage.say("village_doctor", APP, "理由:胸痛2小时 出冷汗,家属要求就近")
    await stage.hears("village_doctor", APP, "您的决定:不同意,胸痛2小时 出冷汗,家属要求就近")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("expert1", APP, "不同意您的意见", "胸痛2小时 出冷汗,家属要求就近")
    assert (await Decision.get()).choice == "disagree"
    assert not await EmergencyDose.exists()


async def test_a_return_is_confirmed_and_may_be_called_off(stage: Stage) -> None:
    await advised(stage, "调整降压药,两周后复诊")
    view = await _propose(stage, item("amlodipine", "5"))
    await stage.press("village_doctor", APP, "照此签名")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("pharmacist", APP, "待审")
    await stage.press("pharmacist", APP, "退回,写理由")
    await stage.hears("pharmacist", APP, "请写退回的理由")
    await stage.say("pharmacist", APP, "算了,先不退")
    await stage.hears("pharmacist", APP, "没有办")
    await stage.say("pharmacist", APP, "剂量请再核对")
    await stage.hears("pharmacist", APP, "没听懂")
    assert (await Prescription.get()).state == "SIGNED"

    await stage.say("pharmacist", APP, f"退回 {view.code} 剂量请再核对")
    await stage.hears("pharmacist", APP, "将退回处方", "剂量请再核对", "【确认退回】")
    assert (await Prescription.get()).state == "SIGNED"
    await stage.press("pharmacist", APP, "确认退回")
    await stage.hears("pharmacist", APP, "已退回")
    await stage.hears("expert1", APP, "审方退回:剂量请再核对")
    assert (await Prescription.get()).state == "RETURNED"
