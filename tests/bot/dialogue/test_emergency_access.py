"""紧急调阅 in a chat: said with its reason, confirmed with one tap, told to the patient, reviewed by the county's auditor."""

from __future__ import annotations

import pytest

from core.oversight.models import BreakGlass
from tests.bot.dialogue.stage import GROUP, Stage

pytestmark = pytest.mark.storage
APP = "wecom_app"


async def test_a_record_is_opened_told_and_reviewed(stage: Stage) -> None:
    await stage.say("woman", "official_account", "你好")
    await stage.hears("woman", "official_account")
    await stage.say("village_doctor", APP, "会诊 5号 胸痛2小时 出冷汗 血压90/60 危急")
    heard = await stage.hears("village_doctor", APP, "C-")
    code = heard[heard.index("C-") :][:6]

    await stage.say("expert4", APP, f"紧急调阅 {code} 昏迷 看看")
    await stage.hears("expert4", APP, "至少 8 个字")
    await stage.say("expert4", APP, f"紧急调阅 {code}")
    await stage.hears("expert4", APP, "请写清病人、理由和情况")
    await stage.say("expert4", APP, f"紧急调阅 {code} 昏迷 病人送来时叫不醒,家属不在,要查用药史")
    assert "李" not in await stage.hears("expert4", APP, "马上收到通知")
    assert not await BreakGlass.exists()
    await stage.press("expert4", APP, "确认紧急调阅")
    record = await stage.hears("expert4", APP, "已打开", "李秀英")
    assert code in record
    await stage.hears("woman", "official_account", "档案被紧急调阅", "昏迷或说不清病史")

    opened = await BreakGlass.get()
    await stage.hears("auditor", APP, opened.code, "72 小时")
    await stage.say("auditor", APP, "调阅审查")
    await stage.hears("auditor", APP, "要审查的紧急调阅 1 次", opened.code)
    await stage.say("auditor", APP, f"调阅审查 {opened.code}")
    told = await stage.hears("auditor", APP, "会诊病例", "叫不醒")
    assert "胸痛" not in told
    await stage.say("auditor", APP, f"调阅审查 {opened.code} 不合理 当天没有这位急诊病人")
    await stage.hears("auditor", APP, "已审查:不合理")
    await stage.hears("expert4", APP, "已审查:不合理")
    await stage.hears("woman", "official_account", "不合理", "已停止")


async def test_not_in_a_group_and_not_by_everybody(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, "@会诊助手 紧急调阅 C-7K2M 昏迷 病人送来时叫不醒,家属不在")
    await stage.hears("village_doctor", GROUP, "单独会话")
    await stage.say("pharmacist", APP, "紧急调阅 C-7K2M 转来 原来的医生电话打不通,急查用药")
    await stage.hears("pharmacist", APP, "由村医、值班医生、专家来做")
    await stage.say("duty_doctor", APP, "紧急调阅 C-7K2M 昏迷 病人送来时叫不醒,家属不在")
    await stage.hears("duty_doctor", APP, "马上收到通知")
    await stage.press("duty_doctor", APP, "确认紧急调阅")
    await stage.hears("duty_doctor", APP, "没有权限")
    assert not await BreakGlass.exists()
