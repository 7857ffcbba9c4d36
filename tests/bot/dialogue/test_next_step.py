"""The next thing to do is one tap away, and who comes late hears who has it."""

from __future__ import annotations

import re

from tests.bot.dialogue.stage import GROUP, Stage

OA = "official_account"
APP = "wecom_app"
CALL = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"


async def sent(stage: Stage, person: str, chat: str) -> str:
    """The newest text as it was sent, with its links."""
    return str((await stage.messages(person, chat))[-1]["content"])


async def test_in_danger_120_is_one_tap(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("stranger", OA, "中风", "平躺")
    assert '<a href="tel:120">一键拨打 120</a>' in await sent(stage, "stranger", OA)
    await stage.say("stranger", OA, "塘边镇新塘村三组")
    await stage.hears("stranger", OA, "还没打 120 的话")
    assert 'href="tel:120"' in await sent(stage, "stranger", OA)


async def test_registering_is_one_tap(stage: Stage) -> None:
    await stage.say("stranger", OA, "预约呼吸内科")
    await stage.hears("stranger", OA, "可以约的时间")
    await stage.say("stranger", OA, "1")
    await stage.hears("stranger", OA, "实名")
    assert 'data-miniprogram-appid="wxmp"' in await sent(stage, "stranger", OA)


async def test_who_must_not_wait_is_not_sent_to_a_slot_of_another_day(stage: Stage) -> None:
    await stage.say("woman", OA, "咳嗽四天 黄痰 发烧38.5 有糖尿病 58岁 没有胸闷 没有喘不上气")
    for _ in range(8):
        heard = await stage.hears("woman", OA)
        if "建议科室" in heard:
            break
        await stage.say("woman", OA, "不清楚")
    assert re.search("今天就看医生|现在就去医院", heard)
    await stage.say("woman", OA, "预约呼吸内科")
    offered = await stage.hears("woman", OA, "可以约的时间")
    assert offered.startswith("今天没有号了,您的情况不要等到明天")


async def test_the_village_doctor_is_led_to_her_page(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, CALL)
    await stage.hears("village_doctor", APP, "还要补", "知情同意书的照片")
    await stage.hears("village_doctor", APP, "拍照片、传影像")
    link = (await stage.messages("village_doctor", APP))[-1]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/h5/doctor/cases/", link["url"])


async def test_a_late_press_with_the_code_hears_who_has_it(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, CALL)
    code = re.findall(r"C-\w{4}", await stage.hears("village_doctor", GROUP, "已建"))[0]
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.hears("expert2", APP, "会诊邀请")
    await stage.tap("expert2", APP, "接诊")
    await stage.hears("expert2", APP, "由您接诊")
    await stage.say("expert1", APP, f"接诊 {code}")
    assert "已接诊" in await stage.hears("expert1", APP)


async def test_a_greeting_of_staff_is_answered_as_one(stage: Stage) -> None:
    await stage.say("scheduler", APP, "你好")
    assert "帮助" in await stage.hears("scheduler", APP, "您好")
