"""A red flag that is no emergency by name: what to do now, and who was told, come before the next question; and what its alert looks like."""

from __future__ import annotations

from tests.bot.dialogue.stage import Stage

OA, APP = "official_account", "wecom_app"


async def test_what_to_do_now_comes_before_the_next_question(stage: Stage) -> None:
    await stage.say("stranger", OA, "怀孕3个月下面见血")
    first = await stage.hears("stranger", OA, "先说要紧的")
    assert "现在就去急诊" in first
    assert "产科" in first
    assert "我已经通知" in first
    assert first.index("我已经通知") < first.index("有没有肚子痛")

    await stage.say("stranger", OA, "没有")
    told = await stage.answer_until("stranger", OA, "紧急程度:急重", ("没有",), "没有")
    assert "我已经通知" in told
    assert (await stage.everything_heard("stranger", OA)).count("先说要紧的") == 1


async def test_it_interrupts_what_was_asked_about_something_else(stage: Stage) -> None:
    await stage.say("stranger", OA, "咳嗽三天")
    await stage.hears("stranger", OA, "咳嗽")
    await stage.say("stranger", OA, "刚才右眼突然看不见了")
    assert "有眼科的医院" in await stage.hears("stranger", OA, "现在就去急诊")


async def test_the_duty_doctor_reads_why_and_that_no_ambulance_was_named(stage: Stage) -> None:
    await stage.say("stranger", OA, "怀孕3个月下面见血")
    card = await stage.hears("duty_doctor", APP, "急症提醒")
    for words in ("急重", "见血", "看要不要 120"):
        assert words in card
    assert "危急提醒" not in card
    await stage.press("duty_doctor", APP, "已接手")
    taken = await stage.hears("duty_doctor", APP, "您已接手")
    assert "没有叫 120" in taken
    assert "120 已经出车" not in taken


async def test_who_has_taken_it_over_hears_where_the_patient_is(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("duty_doctor", APP, "危急提醒")
    await stage.press("duty_doctor", APP, "已接手")
    await stage.hears("duty_doctor", APP, "您已接手")
    await stage.say("stranger", OA, "在新塘村三组家里")
    heard = await stage.hears("duty_doctor", APP, "您接手的病人")
    assert "新塘村三组" in heard
    assert "已接手" not in heard
