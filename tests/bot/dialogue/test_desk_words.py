"""The scheduler's words: who waits, 指派 and 改派 by name, 催办, 排班; and what others are told who say them."""

from __future__ import annotations

from datetime import date
from typing import cast

import pytest

from bot.dialogue import roster_pages
from bot.dialogue.turn import Turn
from core.appointments.commands import SetShift
from core.appointments.models import Absence, Shift
from core.consultations.models import Consultation
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Role
from core.foundation.errors import Invalid
from core.people.commands_staff import RegisterPractitioner
from core.people.models import Practitioner
from tests.bot.dialogue.stage import GROUP, Stage, buttons
from tests.support.county import CORP, SYSTEM, WHOLE_WEEK

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


SURNAMES = "钱孙李周吴郑冯褚卫蒋沈韩杨朱秦尤许何吕施孔曹"
HOSPITAL_AT_WORK = (("20", 10), ("03.01", 3), ("03.02", 2), ("03.03", 1), ("04.01", 1), ("04.03", 1), ("05.01", 1), ("07", 1), ("10", 1), ("11", 1))


async def a_large_hospital(stage: Stage) -> None:
    """Of so many departments so many more are on duty round the clock in the county's hospital."""
    made = 0
    for department_code, number in HOSPITAL_AT_WORK:
        for _ in range(number):
            registered = await stage.practice.execute(SYSTEM, RegisterPractitioner(
                organisation_id=stage.county.county_hospital, full_name=f"{SURNAMES[made]}一平", sex="male", title_name="主治医师",
                licence_number=f"1152000001{made:05d}", licence_valid_until=date(2030, 1, 1), department_code=department_code,
                expertise=(), years_of_practice=9, roles=(Role.EXPERT,), app=CORP, subject=f"more{made}",
            ))  # fmt: skip
            made += 1
            await stage.practice.execute(
                SYSTEM,
                SetShift(practitioner_id=registered.practitioner_id, duty="expert", weekdays=WHOLE_WEEK, start_minute=0, end_minute=1440),
            )


def shifts_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("·")]


async def test_a_long_roster_comes_department_by_department(stage: Stage) -> None:
    await a_large_hospital(stage)
    await stage.say("scheduler", APP, "排班")
    menu = await stage.hears("scheduler", APP, "点科室看")
    assert shifts_in(menu) == [], "forty lines are too long for a phone"
    shown = [label for message in await stage.messages("scheduler", APP) for _, label in buttons(message)]
    assert shown[:3] == ["急诊科 11人", "呼吸内科 4人", "消化内科 2人"]
    assert (len(shown), shown[-1]) == (6, "更多")
    for _ in range(2):
        await stage.press("scheduler", APP, "更多")
        await stage.hears("scheduler", APP, "点科室看")
    shown = [label for message in await stage.messages("scheduler", APP) for _, label in buttons(message)]
    assert shown[-2:] == ["药师 1人", "调度员 1人"]
    assert len(set(shown)) == 12 + 1, "each department and duty once, and 更多"
    await stage.say("scheduler", APP, "排班 急诊科")
    first = await stage.hears("scheduler", APP, "第 1 页,共 2 页")
    await stage.press("scheduler", APP, "更多")
    second = await stage.hears("scheduler", APP, "第 2 页,共 2 页")
    assert (len(shifts_in(first)), len(shifts_in(second))) == (8, 3)
    assert len({*shifts_in(first), *shifts_in(second)}) == 11
    await stage.press("scheduler", APP, "其他科室")
    await stage.hears("scheduler", APP, "点科室看")
    await stage.press("scheduler", APP, "呼吸内科")
    assert len(shifts_in(await stage.hears("scheduler", APP, "赵主任"))) == 4


async def test_the_roster_of_a_department_or_a_duty_is_asked_for_in_words(stage: Stage) -> None:
    await a_large_hospital(stage)
    await stage.say("scheduler", APP, "排班 心内科")
    await stage.hears("scheduler", APP, "心血管内科没有人排班")
    await stage.say("scheduler", APP, "排班 药师")
    assert len(shifts_in(await stage.hears("scheduler", APP, "陈药师"))) == 1
    await stage.say("scheduler", APP, "排班 呼吸科 明天")
    assert len(shifts_in(await stage.hears("scheduler", APP, "赵主任"))) == 4
    await stage.say("scheduler", APP, "排班 赵主任 下周三下午")
    await stage.hears("scheduler", APP, "每周三 12:00–18:00")


@pytest.mark.parametrize("key", ["roster", "roster:all", "roster:99:20261121-1:0", "roster:20:20261341-1:0", "roster:20:20261121-15:0",
                                 "roster:20:20261121-1:x", "roster:20:99991121-1:0", "roster:20:²0261121-1:0"])  # fmt: skip
async def test_a_button_that_nobody_made_is_refused(key: str) -> None:
    _, *rest = key.split(":")
    with pytest.raises(Invalid):
        await roster_pages.turned(cast(Turn, None), *(*rest, "", "", "")[:3])


async def test_ones_own_department_comes_first(stage: Stage) -> None:
    await a_large_hospital(stage)
    await Practitioner.filter(account_id=stage.county.scheduler.account_id).update(department_code="03.01")
    await stage.say("scheduler", APP, "排班")
    own = await stage.hears("scheduler", APP, "呼吸内科", "赵主任")
    assert len(shifts_in(own)) == 5, "she is on duty there as well"
    await stage.press("scheduler", APP, "其他科室")
    await stage.hears("scheduler", APP, "点科室看")


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
