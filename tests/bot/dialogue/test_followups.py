"""Follow-up in chat: a value is taken, the trend comes as a picture, three high ones reach the village doctor, 加重 goes to triage."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.followups.commands import StartPlan
from core.followups.models import FollowupPlan, Occurrence, Reading, WorseReport
from core.people.models import CareRelation
from tests.bot.dialogue.stage import Stage
from tests.bot.dialogue.test_deciding import advised

OA = "official_account"
APP = "wecom_app"


@pytest.fixture
async def followed(stage: Stage) -> Stage:
    await stage.practice.execute(stage.county.village_doctor, StartPlan(patient_id=stage.county.woman, template="hypertension"))
    return stage


async def picture(stage: Stage) -> dict[str, Any]:
    for _ in range(200):
        for message in await stage.messages("woman", OA):
            if message["from"] == "service" and message["type"] == "image":
                return message
        await asyncio.sleep(0.05)
    raise AssertionError("no picture came")


async def test_a_value_in_words_is_recorded_and_its_trend_comes_as_a_picture(followed: Stage) -> None:
    await followed.say("woman", OA, "一百五 九十五")
    heard = await followed.hears("woman", OA, "记下了", "150/95", "偏高")
    assert "【没有】" in heard
    await picture(followed)
    await followed.hears("woman", OA, "红虚线是控制目标")
    assert await Reading.filter(patient_id=followed.county.woman).count() == 1
    await followed.tap("woman", OA, "没有")
    await followed.hears("woman", OA, "按时吃药")


async def test_the_third_high_value_reaches_the_village_doctor_without_a_name(followed: Stage) -> None:
    for _ in range(3):
        await followed.say("woman", OA, "血压150/95")
        last = await followed.hears("woman", OA, "记下了")
    assert "第 3 次偏高" in last
    assert "我告诉吴医生了" in last
    heard = await followed.hears("village_doctor", "wecom_app", "第 3 次偏高")
    assert "5 号病人" in heard
    assert "李秀英" not in heard


async def test_a_dangerous_value_is_answered_with_what_to_do_first(followed: Stage) -> None:
    await followed.say("woman", OA, "186/112")
    heard = await followed.hears("woman", OA, "186/112")
    assert heard.startswith("这个血压很危险")
    assert "120" in heard.split("记下了")[0]
    await followed.hears("village_doctor", "wecom_app", "危险界值")


async def test_low_sugar_and_a_pressure_of_shock_are_answered_with_what_helps_against_them(followed: Stage) -> None:
    """Before: the words for high pressure, with no sugar, and of 66/40 only that it is low."""
    await followed.say("woman", OA, "血糖 2.4")
    heard = await followed.hears("woman", OA, "15–20 克糖", "嘴里什么都不要喂", "记下了")
    assert heard.startswith("这个血糖太低")
    assert "胸痛" not in heard
    await followed.say("woman", OA, "66/40")
    heard = await followed.hears("woman", OA, "躺下", "马上打 120", "吴医生")
    assert heard.startswith("这个血压太低")
    assert "【没有】" not in heard
    await followed.hears("village_doctor", "wecom_app", "危险界值")


@pytest.mark.parametrize("words", ["血糖 2.4", "血糖二点四", "血糖2点4"])
async def test_who_is_not_followed_is_heard_in_danger_too(stage: Stage, words: str) -> None:
    """Before: a space between name and number, and nothing was understood."""
    await stage.say("woman", OA, words)
    await stage.hears("woman", OA, "15–20 克糖", "120")


async def test_whose_dangerous_value_it_is_can_wait_but_what_to_do_cannot(followed: Stage) -> None:
    """Given an account that speaks for two who are followed, when a dangerous value comes, then what to do stands first."""
    for row in await CareRelation.filter(patient_id=followed.county.woman):
        values = {name: getattr(row, name) for name in CareRelation._meta.fields_db_projection}
        changed = {"id": followed.practice.ids.new(), "patient_id": followed.county.old_man, "relation": "father", "self_of_id": None}
        await CareRelation.create(**{**values, **changed})
    plan = await FollowupPlan.get()
    values = {name: getattr(plan, name) for name in FollowupPlan._meta.fields_db_projection}
    await FollowupPlan.create(**{**values, "id": followed.practice.ids.new(), "patient_id": followed.county.old_man, "live_for": "other"})
    await followed.say("woman", OA, "血糖 2.4")
    heard = await followed.hears("woman", OA, "15–20 克糖", "您名下有几位家人")
    assert heard.startswith("这个血糖太低")
    await followed.say("woman", OA, "血糖 6.1")
    assert (await followed.hears("woman", OA, "您名下有几位家人")).startswith("您名下")


async def test_no_signs_after_a_dangerous_value_is_no_all_clear(followed: Stage) -> None:
    await followed.say("woman", OA, "186/112")
    await followed.hears("woman", OA, "头晕、胸痛、看东西模糊吗")
    await followed.tap("woman", OA, "没有")
    await followed.hears("woman", OA, "也请现在就去看医生")


async def test_a_slip_of_the_finger_is_asked_about(followed: Stage) -> None:
    await followed.say("woman", OA, "95/150")
    await followed.hears("woman", OA, "不太像量出来的数")
    assert not await Reading.all().exists()


async def test_worse_is_asked_about_and_goes_to_triage_and_to_the_village_doctor(followed: Stage) -> None:
    await followed.say("woman", OA, "加重")
    await followed.hears("woman", OA, "哪里不舒服")
    await followed.say("woman", OA, "头晕,三天了")
    await followed.hears("woman", OA)
    assert (await WorseReport.get()).patient_id == followed.county.woman
    await followed.hears("village_doctor", "wecom_app", "说自己加重了")


@pytest.mark.parametrize("sentences", [("加重 胸口闷得厉害 出冷汗",), ("加重", "胸口闷得厉害 出冷汗")])
async def test_worse_that_is_an_emergency_begins_with_120_and_reaches_the_village_doctor(followed: Stage, sentences: tuple[str, ...]) -> None:
    for sentence in sentences:
        await followed.say("woman", OA, sentence)
        heard = await followed.hears("woman", OA)
    assert "120" in heard.splitlines()[0]
    assert (await WorseReport.get()).patient_id == followed.county.woman
    await followed.hears("village_doctor", "wecom_app", "说自己加重了")


async def test_a_value_of_somebody_who_is_not_followed_is_a_sentence_like_any_other(stage: Stage) -> None:
    await stage.say("stranger", OA, "150/95")
    await stage.hears("stranger", OA)
    assert not await Reading.all().exists()


async def test_the_village_doctor_begins_records_and_ends_a_plan(stage: Stage) -> None:
    await advised(stage, "调整降压药,两周后复诊")
    await stage.press("village_doctor", APP, "同意并执行")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "已签名")
    await stage.say("village_doctor", APP, "完成会诊 病人已急转县医院")
    await stage.hears("village_doctor", APP, "5号病人要不要随访")
    await stage.press("village_doctor", APP, "建高血压随访")
    await stage.hears("village_doctor", APP, "5号:高血压随访建好了", "量血压:")
    await stage.say("village_doctor", APP, "随访 5号 高血压")
    await stage.hears("village_doctor", APP, "已经有高血压随访")
    await stage.say("village_doctor", APP, "随访")
    listed = await stage.hears("village_doctor", APP, "5号 高血压随访")
    assert "李秀英" not in listed
    await stage.say("village_doctor", APP, "随访记录 5号")
    await stage.hears("village_doctor", APP, "面对面做过了。下一次")
    key = f"visit:{(await FollowupPlan.get()).id}:01J0000000000000000000000A"
    for _ in range(2):
        await stage.runtime.say(stage.county.village_doctor.account_id, "", button=key)
    assert await Occurrence.filter(task="visit").count() == 3
    await stage.say("village_doctor", APP, "随访 99号 高血压")
    await stage.hears("village_doctor", APP, "99号")
    await stage.say("village_doctor", APP, "结束随访 5号")
    await stage.hears("village_doctor", APP, "为什么结束")
    await stage.press("village_doctor", APP, "不用再随访")
    await stage.hears("village_doctor", APP, "已结束,不再提醒")
    await stage.say("pharmacist", APP, "随访 5号 高血压")
    await stage.hears("pharmacist", APP, "「随访」由村医来做")
    assert (await FollowupPlan.get()).ended_at is not None
