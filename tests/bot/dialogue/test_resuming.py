"""Interrupted for hours, days and weeks: what was asked is not lost, not answered by accident, and not held against somebody for ever."""

from __future__ import annotations

from datetime import timedelta

from core.intake.models import Intake
from tests.bot.dialogue.stage import Stage

APP, OA = "wecom_app", "official_account"
COUGH = "我最近咳嗽,胸口有点闷"


def pass_by(stage: Stage, **delta: float) -> None:
    """Time goes by in the practice; the platform's clock signs on."""
    clock = stage.practice.clock
    clock.shift_to(clock.offset + timedelta(**delta))  # type: ignore[attr-defined]


async def asked(stage: Stage) -> None:
    await stage.say("stranger", OA, COUGH)
    await stage.hears("stranger", OA, "听到了", "都没有")


async def test_a_greeting_three_days_later_is_met_with_the_question(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, days=3)
    await stage.say("stranger", OA, "在吗")
    heard = await stage.hears("stranger", OA, "上次说到您的", "咳嗽", "3 天前", "【都没有】", "【换一件事】")
    assert "我不是医生" not in heard
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA)
    assert await Intake.all().count() == 1, "it goes on with the same talk"
    await stage.say("stranger", OA, "咳的时候才有")
    await stage.answer_until("stranger", OA, "紧急程度", ("四天了 黄痰", "58 有糖尿病"), "不清楚")
    assert await Intake.all().count() == 1


async def test_a_number_three_days_later_is_no_answer_yet(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, days=3)
    await stage.say("stranger", OA, "1")
    await stage.hears("stranger", OA, "上次说到您的", "【换一件事】")
    intake = await Intake.get()
    assert intake.lines == 2, "nothing was taken down"
    await stage.tap("stranger", OA, "换一件事")
    await stage.hears("stranger", OA, "先放下")
    await intake.refresh_from_db()
    assert intake.state == "closed"


async def test_a_direct_answer_counts_within_a_day(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, hours=20)
    await stage.tap("stranger", OA, "都没有")
    heard = await stage.hears("stranger", OA)
    assert "上次说到" not in heard
    assert await Intake.all().count() == 1


async def test_an_old_tap_is_shown_the_question_again(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, days=2)
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA, "上次说到您的", "【都没有】", "【换一件事】")
    await stage.say("stranger", OA, "都没有")
    await stage.hears("stranger", OA)
    assert await Intake.all().count() == 1


async def test_a_new_complaint_is_asked_about_and_nothing_of_it_is_lost(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, days=3)
    await stage.say("stranger", OA, "拉肚子两天")
    await stage.hears("stranger", OA, "是接着上次的吗", "【接着上次的】", "【换一件事】")
    await stage.tap("stranger", OA, "换一件事")
    await stage.hears("stranger", OA, "听到了", "拉肚子")
    assert sorted(await Intake.all().values_list("state", flat=True)) == ["closed", "open"]


async def test_or_it_goes_on_with_the_talk_of_last_time(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, days=3)
    await stage.say("stranger", OA, "又开始发烧了")
    await stage.hears("stranger", OA, "是接着上次的吗")
    await stage.say("stranger", OA, "是")
    await stage.hears("stranger", OA, "记下了", "发烧")
    assert await Intake.all().count() == 1


async def test_what_is_weeks_old_is_put_away_with_a_word(stage: Stage) -> None:
    await asked(stage)
    pass_by(stage, days=20)
    await stage.say("stranger", OA, "拉肚子两天")
    heard = await stage.hears("stranger", OA, "先放下了", "听到了")
    assert "拉肚子" in heard
    assert sorted(await Intake.all().values_list("state", flat=True)) == ["closed", "open"]


async def test_danger_of_days_ago_still_comes_first(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("stranger", OA, "中风", "120")
    pass_by(stage, days=2)
    await stage.say("stranger", OA, "在吗")
    heard = await stage.hears("stranger", OA, "120")
    assert heard.startswith("还没打 120 的话,请马上打")


async def test_a_click_in_the_menu_goes_on_where_it_was_left(stage: Stage) -> None:
    await asked(stage)
    await stage.say("stranger", OA, "问诊")
    await stage.hears("stranger", OA, "接着刚才的", "【都没有】")
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA)
    await stage.say("stranger", OA, "重来")
    await stage.hears("stranger", OA, "重新说一遍")
    await stage.say("stranger", OA, "问诊")
    await stage.hears("stranger", OA, "哪里不舒服", "120")


async def test_a_doctor_is_asked_again_before_an_old_answer_counts(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", APP, "会诊", "3号")
    await stage.say("village_doctor", APP, "取消会诊")
    await stage.hears("village_doctor", APP, "为什么取消")
    pass_by(stage, days=2)
    await stage.say("village_doctor", APP, "病人突然昏过去了,没有呼吸")
    await stage.hears("village_doctor", APP, "先打 120", "胸外按压")
    await stage.say("village_doctor", APP, "病人转院走了")
    await stage.hears("village_doctor", APP, "2 天前问您的")
    await stage.hears("village_doctor", APP, "为什么取消")
    await stage.say("village_doctor", APP, "病人好转了")
    await stage.hears("village_doctor", APP, "已取消")
