"""Patients: booking, whom it is about, being interrupted, changing one's mind, tapping something old."""

from __future__ import annotations

from nlp.clinical.asking import disease_names
from tests.bot.dialogue.stage import Stage

OA = "official_account"


async def test_a_patient_books_and_cancels_by_tapping(stage: Stage) -> None:
    await stage.say("woman", OA, "我想预约呼吸科")
    await stage.hears("woman", OA, "可以约的时间")
    await stage.tap("woman", OA, "11月")
    await stage.hears("woman", OA, "约好了")
    await stage.say("woman", OA, "我的预约")
    await stage.hears("woman", OA, "呼吸内科")
    await stage.say("woman", OA, "取消预约")
    await stage.hears("woman", OA, "已取消")


async def test_who_has_not_signed_in_is_told_how(stage: Stage) -> None:
    await stage.say("stranger", OA, "预约呼吸内科")
    await stage.hears("stranger", OA, "可以约的时间")
    await stage.say("stranger", OA, "1")
    await stage.hears("stranger", OA, "实名", "小程序")


async def test_the_mother_asks_for_her_child(stage: Stage) -> None:
    await stage.say("stranger", OA, "娃儿八个月 烧到38度5 流鼻涕")
    await stage.hears("stranger", OA, "是问8 个月的宝宝,对吗?")
    await stage.tap("stranger", OA, "是")
    await stage.hears("stranger", OA, "听到了")


async def test_danger_interrupts_an_open_question(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了")
    await stage.say("stranger", OA, "帮助 俺爹半拉身子不听使唤,嘴也歪了")
    heard = await stage.hears("stranger", OA, "中风")
    assert heard.startswith("这可能是中风,请马上打 120")
    await stage.say("stranger", OA, "塘边镇新塘村三组")
    later = await stage.hears("stranger", OA, "120")
    assert later.startswith("还没打 120 的话")


async def test_changing_ones_mind_and_old_buttons(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "不清楚")
    await stage.say("stranger", OA, "换一件事")
    await stage.hears("stranger", OA, "先放下")
    await stage.tap("stranger", OA, "都没有")
    await stage.hears("stranger", OA, "已经过去了")
    await stage.say("stranger", OA, "为什么")
    await stage.hears("stranger", OA)
    await stage.say("stranger", OA, "转人工")
    await stage.hears("stranger", OA, "没有人工坐席", "120")
    await stage.say("stranger", OA, "停止提醒")
    await stage.hears("stranger", OA, "全部提醒已停")
    await stage.say("stranger", OA, "恢复提醒")
    await stage.hears("stranger", OA, "已恢复")
    await stage.say("stranger", OA, "帮助")
    told = await stage.hears("stranger", OA, "可以说")
    assert "会诊 3号" not in told


async def test_what_is_not_understood_is_said_honestly(stage: Stage) -> None:
    await stage.say("stranger", OA, "天上有个月亮")
    await stage.hears("stranger", OA, "没完全听懂")


async def test_a_curse_is_no_yes_to_whom_it_is_about(stage: Stage) -> None:
    await stage.say("stranger", OA, "娃儿八个月 烧到38度5 流鼻涕")
    await stage.hears("stranger", OA, "宝宝,对吗?")
    await stage.say("stranger", OA, "操你妈 你个傻逼机器")
    await stage.hears("stranger", OA, "对吗?")
    await stage.tap("stranger", OA, "是")
    await stage.hears("stranger", OA, "听到了")


async def test_one_finding_after_another_to_the_end_and_no_disease_named(stage: Stage) -> None:
    """After the danger questions it goes on asking until it is enough; whatever it weighs, no patient reads the name of a disease."""
    await stage.say("stranger", OA, "我25岁,没有慢性病,耳朵痛三天")
    asked = []
    for _ in range(10):
        heard = await stage.hears("stranger", OA, seconds=20)
        if "建议" in heard and "为什么" in heard:
            break
        asked.append(heard)
        await stage.say("stranger", OA, "没有")
    assert asked, "something was worth asking"
    everything = await stage.everything_heard("stranger", OA)
    assert "耳鼻咽喉科" in everything
    await stage.say("stranger", OA, "为什么")
    everything += await stage.hears("stranger", OA, "依据")
    assert not [name for name in disease_names() if name in everything]


async def test_what_somebody_may_want_of_his_data_is_answered_honestly(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了")
    for said, words in (
        ("删除我的资料", ("15 年", "撤回授权")), ("我要注销", ("马上删",)), ("我要投诉", ("12345",)), ("复印病历", ("身份证",)),
        ("更正资料", ("身份证",)), ("谁看过我的记录", ("名单",)), ("更正、复印、投诉、注销", ("谁看过我的记录",)),
    ):  # fmt: skip
        await stage.say("stranger", OA, said)
        await stage.hears("stranger", OA, *words)


async def test_after_a_result_what_is_not_understood_is_not_answered_with_the_result(stage: Stage) -> None:
    await stage.say("stranger", OA, "咳嗽三天 流鼻涕 我30岁")
    await stage.answer_until("stranger", OA, "紧急程度", (), "都没有")
    await stage.say("stranger", OA, "没有")
    heard = await stage.hears("stranger", OA, "没听懂")
    assert "紧急程度" not in heard
    assert "帮助" in heard
    await stage.say("stranger", OA, "不对,我说错了")
    await stage.hears("stranger", OA, "哪里不对", "重新说")
    await stage.tap("stranger", OA, "重新说")
    await stage.hears("stranger", OA, "重新说一遍")


async def test_who_said_something_wrong_in_the_middle_is_asked_what(stage: Stage) -> None:
    await stage.say("stranger", OA, "我最近咳嗽,胸口有点闷")
    await stage.hears("stranger", OA, "听到了")
    await stage.say("stranger", OA, "不对,我说错了")
    await stage.hears("stranger", OA, "哪里不对", "重新说")
    await stage.say("stranger", OA, "我62岁")
    await stage.hears("stranger", OA, "62 岁")
