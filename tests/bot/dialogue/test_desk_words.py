"""The scheduler's words: who waits, 指派 and 改派 by name, 催办, 排班; and what others are told who say them."""

from __future__ import annotations

from core.appointments.models import Absence, Shift
from core.consultations.models import Consultation
from core.dispatch.models import ExpertOffer
from tests.bot.dialogue.stage import GROUP, Stage

APP = "wecom_app"
LINE = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 危急"
NAMES = ("罗大山", "李秀英", "19900000011")


async def asked(stage: Stage) -> str:
    """A consultation that looks for its expert; its code."""
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("scheduler", APP, "县值班台请留意")
    return (await Consultation.all().first()).code  # type: ignore[union-attr]


async def test_who_waits_is_listed_and_an_expert_is_named_from_there(stage: Stage) -> None:
    await stage.say("scheduler", APP, "待分配")
    await stage.hears("scheduler", APP, "没有在等专家的会诊")
    code = await asked(stage)
    await stage.say("scheduler", APP, "待分配")
    listed = await stage.hears("scheduler", APP, code, "危急", "胸痛", "等答复")
    assert not [name for name in NAMES if name in listed]
    await stage.press("scheduler", APP, f"指派 {code}")
    shown = await stage.hears("scheduler", APP, "请哪一位", "王主任(省医心内)")
    assert "注意:这次问过:等答复" in shown
    assert "不能请" in shown
    await stage.say("scheduler", APP, f"指派 {code} 周主任")
    await stage.hears("scheduler", APP, "不能请周主任", "专业不符")
    await stage.say("scheduler", APP, f"指派 {code} 马主任")
    await stage.hears("scheduler", APP, "专家名单里没有「马主任」")
    await stage.say("scheduler", APP, f"指派 {code} 王主任")
    await stage.hears("scheduler", APP, "这次问过:等答复", "仍然请")
    await stage.press("scheduler", APP, "仍然请他")
    await stage.hears("scheduler", APP, "已经在请了")


async def test_a_case_goes_from_one_expert_to_another_with_the_reason(stage: Stage) -> None:
    code = await asked(stage)
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.say("expert1", APP, "接诊")
    await stage.hears("expert1", APP, "由您接诊")
    await stage.say("scheduler", APP, f"改派 {code} 王主任 太慢了")
    await stage.hears("scheduler", APP, "不能请王主任", "现在就是他接的")
    await stage.say("scheduler", APP, f"改派 {code} 李主任")
    await stage.press("scheduler", APP, "仍然请他")
    await stage.hears("scheduler", APP, "为什么", "原因")
    await stage.say("scheduler", APP, "王主任突发手术")
    await stage.hears("scheduler", APP, "已从王主任(省医心内)转请李主任(省医心内)")
    await stage.hears("expert1", APP, "已由值班台转请别的专家")
    await stage.hears("village_doctor", APP, "值班台已改请别的专家")
    await stage.hears("expert2", APP, "会诊邀请")
    await stage.say("scheduler", APP, f"改派 {code} 王主任 换回来")
    await stage.press("scheduler", APP, "仍然请他")
    await stage.hears("scheduler", APP, "不能改派", "正在请李主任")
    assert await ExpertOffer.filter(state="offered").count() == 1


async def test_the_reason_in_the_same_line_is_enough_and_it_is_nudged(stage: Stage) -> None:
    code = await asked(stage)
    await stage.say("scheduler", APP, f"催办 {code}")
    await stage.hears("scheduler", APP, "已催", "王主任(省医心内)", "接诊")
    await stage.say("scheduler", APP, "催办")
    await stage.hears("scheduler", APP, "刚催过")
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.say("expert1", APP, "接诊")
    await stage.hears("expert1", APP, "由您接诊")
    await stage.say("scheduler", APP, f"改派 {code} 李主任 王主任临时上手术")
    await stage.press("scheduler", APP, "仍然请他")
    await stage.hears("scheduler", APP, "转请李主任")


async def test_the_roster_is_read_and_set(stage: Stage) -> None:
    await stage.say("scheduler", APP, "排班")
    today = await stage.hears("scheduler", APP, "值班医生", "张医生", "0:00")
    assert "赵主任" in today
    await stage.say("scheduler", APP, "排班 本周")
    await stage.hears("scheduler", APP, "周日")
    await stage.say("scheduler", APP, "排班 马主任 下周三下午")
    await stage.hears("scheduler", APP, "没有「马主任」")
    await stage.say("scheduler", APP, "排班 王主任 下周三下午")
    await stage.hears("scheduler", APP, "没有「王主任」", "省里的专家")
    await stage.say("scheduler", APP, "排班 赵主任")
    await stage.hears("scheduler", APP, "这七天")
    await stage.say("scheduler", APP, "排班 赵主任 下周三下午2点")
    await stage.hears("scheduler", APP, "从几点到几点")
    await stage.say("scheduler", APP, "排班 赵主任 下周三下午")
    await stage.hears("scheduler", APP, "每周三 12:00–18:00", "每周一次")
    before = await Shift.all().count()
    await stage.press("scheduler", APP, "确认排班")
    await stage.hears("scheduler", APP, "排好了")
    assert await Shift.filter(weekday=2, start_minute=720, end_minute=1080, duty="expert").count() == 1
    assert await Shift.all().count() == before + 1


async def test_others_are_told_whose_it_is_and_the_group_sees_nothing(stage: Stage) -> None:
    for words in ("待分配", "改派 C-7K2M 李主任 没空", "排班"):
        await stage.say("expert1", APP, words)
        await stage.hears("expert1", APP, "调度")
    await stage.say("village_doctor", GROUP, "@会诊助手 待分配")
    await stage.hears("village_doctor", GROUP, "调度")
    await stage.say("scheduler", APP, "指派 C-0000 王主任")
    await stage.hears("scheduler", APP, "没有这份会诊")


async def test_an_absence_is_set_and_ended_in_words(stage: Stage) -> None:
    await stage.say("expert3", APP, "请假")
    await stage.hears("expert3", APP, "从什么时候到什么时候")
    await stage.say("expert3", APP, "请假 明天下午")
    await stage.hears("expert3", APP, "您请假", "下午12:00", "确认请假")
    assert await Absence.all().count() == 0
    await stage.press("expert3", APP, "确认请假")
    await stage.hears("expert3", APP, "记下了")
    await stage.say("scheduler", APP, "请假 王主任 明天下午")
    await stage.hears("scheduler", APP, "没有「王主任」")
    await stage.say("scheduler", APP, "销假 赵主任")
    await stage.hears("scheduler", APP, "要结束哪一个", "下午12:00")
    await stage.press("scheduler", APP, "销假 1")
    await stage.hears("scheduler", APP, "销假了")
    await stage.say("expert3", APP, "销假")
    await stage.hears("expert3", APP, "没有请假")
    assert await Absence.all().count() == 1
