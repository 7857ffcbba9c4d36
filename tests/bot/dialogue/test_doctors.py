"""Village doctors and experts: what is still missing, photographs and images, declining, taking in words, coming too late."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pydicom.data
import pytest

from core.people.commands import RegisterPatient
from core.people.commands_views import Me
from core.people.errors import RecordNeedsConfirmation
from tests.bot.dialogue.stage import GROUP, Stage
from tests.support.county import id_number

APP = "wecom_app"
ROBOT = "wecom_robot"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 2000
DICOM = Path(str(pydicom.data.get_testdata_file("CT_small.dcm"))).read_bytes()
NAMES = ("罗大山", "李秀英", "19900000011")


async def test_what_is_missing_is_brought_in_the_single_chat(stage: Stage) -> None:
    await stage.say("village_doctor", ROBOT, "会诊 3号 头晕三天 血压150/95 不急")
    made = await stage.hears("village_doctor", ROBOT, "会诊", "3号")
    assert "补齐" in made
    await stage.hears("village_doctor", APP, "还要补", "是这位病人")
    await stage.tap("village_doctor", APP, "是这位病人")
    await stage.hears("village_doctor", APP, "病人确认好了")
    await stage.send("village_doctor", APP, "image", "知情同意.jpg", JPEG)
    await stage.press("village_doctor", APP, "知情同意书")
    await stage.hears("village_doctor", APP, "知情同意收到了")
    await stage.send("village_doctor", ROBOT, "file", "ct.dcm", DICOM)
    await stage.hears("village_doctor", ROBOT, "文件收到了")
    await stage.say("village_doctor", ROBOT, "进度")
    status = await stage.hears("village_doctor", ROBOT, "罗大山")
    assert "3号" in status


async def test_a_picture_nobody_waits_for_is_not_kept(stage: Stage) -> None:
    await stage.send("village_doctor", APP, "image", "x.jpg", JPEG)
    await stage.hears("village_doctor", APP, "没有会诊在等知情同意")
    await stage.send("expert1", APP, "image", "x.jpg", JPEG)
    await stage.hears("expert1", APP, "不收图片")


async def test_a_picture_that_the_practice_refuses_is_not_kept(stage: Stage) -> None:
    """A consent that is no picture: refused, and nothing of it stays in the store."""
    await stage.say("village_doctor", ROBOT, "会诊 3号 头晕三天 血压150/95 不急")
    await stage.hears("village_doctor", ROBOT, "会诊", "3号")
    await stage.send("village_doctor", APP, "image", "x.gif", b"GIF89a" + b"\x00" * 200)
    await stage.hears("village_doctor", APP, "请拍照发图片")
    kept = [path for path in stage.practice.blobs.objects.folder.rglob("*") if path.is_file()]
    assert kept == []


async def test_the_village_doctor_confirms_a_son_by_his_code(stage: Stage) -> None:
    county, practice = stage.county, stage.practice
    order = RegisterPatient(relation="father", full_name="罗大山", id_number=id_number(date(1968, 3, 9), 11))
    with pytest.raises(RecordNeedsConfirmation) as refused:
        await practice.execute(county.stranger, order)
    code = refused.value.fields["claim_code"]
    await stage.say("village_doctor", APP, "确认家人")
    await stage.hears("village_doctor", APP, "当面核对")
    await stage.say("village_doctor", APP, "确认家人 3号 000000")
    await stage.hears("village_doctor", APP, "对不上")
    await stage.say("village_doctor", APP, f"确认家人 99号 {code}")
    await stage.hears("village_doctor", APP, "没有99号")
    await stage.say("village_doctor", APP, f"确认家人 3号 {code.lower()}")
    await stage.hears("village_doctor", APP, "确认好了")
    assert [one.relation for one in (await practice.ask(county.stranger, Me())).patients] == ["father"]


async def test_an_expert_declines_and_the_next_takes_it_in_words(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.hears("expert2", APP, "会诊邀请")
    await stage.tap("expert1", APP, "请转别人")
    await stage.hears("expert1", APP, "方便说一下原因吗")
    await stage.tap("expert1", APP, "没空")
    await stage.hears("expert1", APP, "记下了")
    await stage.say("expert2", APP, "接诊")
    await stage.hears("expert2", APP, "由您接诊")
    await stage.say("expert1", APP, "接诊")
    await stage.hears("expert1", APP, "已接诊,谢谢您")
    await stage.say("expert2", APP, "进度")
    await stage.hears("expert2", APP, "已分配专家")


async def test_cancelling_asks_for_the_reason_in_the_single_chat(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", GROUP, "取消")
    await stage.tap("village_doctor", GROUP, "取消")
    await stage.hears("village_doctor", APP, "为什么取消")
    await stage.tap("village_doctor", APP, "已转院")
    await stage.hears("village_doctor", APP, "已取消")


async def test_the_group_never_sees_who_the_patient_is(stage: Stage) -> None:
    for text in ("我的病人", "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急", "进度", "确认病人", "帮助", "会诊 99号 胸痛2小时 出汗", "会诊", "随便说说"):
        await stage.say("village_doctor", GROUP, f"@会诊助手 {text}")
        await stage.hears("village_doctor", GROUP)
    await stage.tap("village_doctor", GROUP, "去补")
    await stage.hears("village_doctor", APP, "还要补")
    shown = await stage.everything_heard("village_doctor", GROUP)
    assert not [name for name in NAMES if name in shown]
    assert "罗大山" in await stage.everything_heard("village_doctor", APP)


async def test_staff_are_helped_kindly(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "我的病人")
    listed = await stage.hears("village_doctor", APP, "您的病人")
    assert "3号 罗大山" in listed
    await stage.say("village_doctor", APP, "胸痛两小时 大汗 血压80/50")
    told = await stage.hears("village_doctor", APP, "会诊 3号")
    assert "120" in told.splitlines()[0]
    await stage.say("expert1", APP, "今天天气不错")
    await stage.hears("expert1", APP, "帮助")
    await stage.say("expert1", APP, "帮助")
    assert "接诊" in await stage.hears("expert1", APP, "您的身份:专家")
    await stage.say("expert1", APP, "接诊 C-0000")
    await stage.hears("expert1", APP, "没有 C-0000")
