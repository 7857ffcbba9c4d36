"""紧急调阅 in a chat: said with its reason, confirmed with one tap, told to the patient, reviewed by the county's auditor."""

from __future__ import annotations

import pytest

from bot.dialogue.turn import Turn
from core.consultations.models import Consultation
from core.foundation.orders import Query
from core.foundation.withheld import Withheld
from core.oversight.models import BreakGlass
from core.prescriptions.commands_doses import EmergencyDoses, OrderDose
from core.prescriptions.commands_lists import PatientPrescriptions, PrescriptionList
from tests.bot.dialogue.stage import GROUP, Stage
from tests.bot.dialogue.test_deciding import advised

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


async def test_what_was_given_on_the_spot_comes_first_and_nothing_left_out_is_silent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    code = await advised(stage)
    for label in ("同意并执行", "确认签名"):
        await stage.press("village_doctor", APP, label)
    await stage.hears("village_doctor", APP, "急用一剂")
    case, doctor = await Consultation.get(), stage.county.village_doctor
    choice = next(one for one in (await stage.practice.ask(doctor, EmergencyDoses())).doses if one.code == "aspirin_chewed")
    await stage.practice.execute(doctor, OrderDose(
        consultation_id=case.id, dose=choice.code, ruled_out=tuple(choice.contraindications), confirm=True,
    ))  # fmt: skip
    asked = Turn.ask

    async def short(turn: Turn, query: Query) -> object:
        """As the practice answers when one prescription does not open."""
        found = await asked(turn, query)
        broken = Withheld(id="0" * 26, reason="unreadable", sentence="这一条无法读取,已通知管理员。")
        return PrescriptionList(prescriptions=found.prescriptions, withheld=(broken,)) if isinstance(query, PatientPrescriptions) else found

    monkeypatch.setattr(Turn, "ask", short)
    await stage.say("expert4", APP, f"紧急调阅 {code} 昏迷 病人送来时叫不醒,家属不在,要查用药史")
    await stage.press("expert4", APP, "确认紧急调阅")
    record = await stage.hears("expert4", APP, "已打开", "1 条无法读取")
    assert record.index("已下急用一剂:阿司匹林") < record.index("李秀英")


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
