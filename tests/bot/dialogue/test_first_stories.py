"""The story's first steps, over the simulated platform, as people read them."""

from __future__ import annotations

from tests.bot.dialogue.stage import GROUP, Stage

OA = "official_account"
APP = "wecom_app"


async def test_a_worried_patient_is_asked_one_question_at_a_time_and_sent_to_a_department(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷")
    heard = await stage.hears("stranger", OA, "听到了")
    assert "咳嗽" in heard
    assert "我不是医生" in heard
    await stage.tap("stranger", OA, "都没有")
    told = await stage.answer_until("stranger", OA, "紧急程度", ("咳的时候才有", "四天了 黄痰", "58 有糖尿病"), "不清楚")
    assert "建议科室" in told
    assert "演示·未经临床审定" in told
    print("\n".join(stage.transcript))


async def test_danger_comes_first_in_one_message_and_the_duty_doctor_is_alerted(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    heard = await stage.hears("stranger", OA, "120")
    assert "中风" in heard
    assert "请马上打 120" in heard.splitlines()[0]
    card = await stage.hears("scheduler", APP, "危急提醒")
    assert "半拉身子" in card
    await stage.tap("scheduler", APP, "已接手")
    await stage.hears("scheduler", APP, "您已接手")
    print("\n".join(stage.transcript))


async def test_a_consultation_in_the_group_and_an_expert_who_takes_it(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    heard = await stage.hears("village_doctor", GROUP, "会诊", "3号")
    assert "120" in heard.splitlines()[0]
    await stage.hears("village_doctor", APP, "还要补")
    card = await stage.hears("expert1", APP, "会诊邀请", "接诊")
    assert "罗大山" not in card
    await stage.tap("expert1", APP, "接诊")
    await stage.hears("expert1", APP, "由您接诊")
    await stage.hears("village_doctor", GROUP, "已接诊")
    await stage.hears("village_doctor", APP, "已接诊")
    await stage.hears("expert2", APP, "已接诊")
    in_group = await stage.everything_heard("village_doctor", GROUP)
    assert "罗大山" not in in_group
    print("\n".join(stage.transcript))
