"""The simulator's chats in a real browser, against the platform alone: words, cards, menus and pictures, and the time they stand under."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import FilePayload, expect

from tests.bot.simulator.conftest import until
from tests.bot.simulator.receiver import xml_text
from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.page_stage import PageStage, stage
from tests.journeys.simulator_phones import COUGH, bubbles, invitation, opened, phone, write

__all__ = ["stage"]

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=\"document.title='hacked'\"><b>粗</b> </script>"


async def test_words_travel_and_the_wire_can_be_read(visiting: Visiting, stage: PageStage) -> None:
    stage.receiver.answering = lambda channel, message: xml_text(message, "听到了:咳嗽。") if message["MsgType"] == "text" else None
    page = (await opened(visiting, stage)).page
    patient = phone(page, 1)
    await write(patient, COUGH)
    await expect(bubbles(patient)).to_contain_text([COUGH, "听到了:咳嗽。"])
    assert [message["Content"] for message in stage.receiver.of("official_account", "text")] == [COUGH]
    await bubbles(patient).first.get_by_label("看这条消息的原始回调").click()
    drawer = page.get_by_role("dialog")
    await expect(drawer).to_contain_text("已回答")
    columns = drawer.locator(".pair").first.locator("pre")
    await expect(columns.nth(0)).to_contain_text("Encrypt")
    await expect(columns.nth(0)).not_to_contain_text("咳嗽")
    await expect(columns.nth(1)).to_contain_text(COUGH)
    await expect(drawer.locator(".pair").nth(1).locator("pre").nth(1)).to_contain_text("听到了:咳嗽。")
    await assert_readable(page)
    await page.keyboard.press("Escape")
    await expect(drawer).to_have_count(0)
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "看这条消息的原始回调"


async def test_what_people_write_is_never_markup(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    await stage.say("patient-001", "official_account", EVIL)
    menu = {"head_content": EVIL, "list": [{"id": "1", "content": EVIL}], "tail_content": EVIL}
    await stage.customer_service("oa1", msgtype="msgmenu", msgmenu=menu)
    await stage.app_message("ex0", msgtype="markdown", markdown={"content": f"**{EVIL}** [看](javascript:alert(1)) {EVIL}"})
    card = invitation("evil")
    card["main_title"]["title"] = EVIL[:36]
    await stage.app_message("ex0", msgtype="template_card", template_card=card)
    await expect(bubbles(phone(page, 1))).to_have_count(2)
    await expect(bubbles(phone(page, 3))).to_have_count(2)
    assert await page.locator(".messages img, .messages b:not(:empty) script, .messages a[href^=javascript]").count() == 0
    await expect(bubbles(phone(page, 1)).first).to_contain_text(EVIL)
    assert await page.title() == "会诊 · 模拟器"


async def test_a_menu_row_is_tapped_and_says_what_was_chosen(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    patient = phone(page, 1)
    await write(patient, "胸口闷")
    await expect(bubbles(patient)).to_have_count(1)
    choices = [{"id": "q7:none", "content": "都没有"}, {"id": "q7:unknown", "content": "不清楚"}]
    await stage.customer_service("oa1", msgtype="msgmenu", msgmenu={"head_content": "喘不上气吗?", "list": choices, "tail_content": ""})
    await patient.get_by_role("button", name="都没有").click()
    await expect(bubbles(patient)).to_contain_text(["胸口闷", "喘不上气吗?", "都没有"])
    # The bubble stands before the callback has gone out.
    await until(lambda: stage.receiver.of("official_account", "text")[-1].get("bizmsgmenuid") == "q7:none")


async def test_an_invitation_is_accepted_and_greyed_on_every_phone(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    sent = await stage.app_message("ex0|ex4", msgtype="template_card", template_card=invitation("case-1"))
    first = phone(page, 3)
    await expect(first.locator(".card-title")).to_have_text("会诊邀请 · 危急 · 胸痛 2 小时")
    await first.get_by_role("button", name="接诊").click()
    await until(lambda: stage.receiver.of("wecom_app", "template_card_event"))
    assert stage.receiver.of("wecom_app", "template_card_event")[0]["EventKey"] == "accept"
    await stage.update_card(sent["response_code"], "王主任已接诊")
    await expect(first.locator(".card-answered")).to_have_text("王主任已接诊")
    await expect(first.get_by_role("button", name="接诊", exact=True)).to_have_count(0)
    # The other expert has no phone on screen: his news is announced, and one press brings it here.
    await page.locator("#news").click()
    await page.get_by_role("dialog").get_by_role("button", name="会诊邀请").first.click()
    await expect(first.locator(".card-answered")).to_have_text("王主任已接诊")


async def test_the_robot_s_answer_grows_before_one_s_eyes(visiting: Visiting, stage: PageStage) -> None:
    parts = iter(["", "**先打", "**先打 120**\n- 平卧\n- 吸氧"])

    def answering(channel: str, message: dict[str, Any]) -> Any:
        if channel != "wecom_robot":
            return None
        content = next(parts)
        return {"msgtype": "stream", "stream": {"id": "s1", "finish": "吸氧" in content, "content": content}}

    stage.receiver.answering = answering
    page = (await opened(visiting, stage)).page
    doctor = phone(page, 2)
    await write(doctor, "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await expect(bubbles(doctor).first).to_contain_text("@会诊助手 会诊 3号")
    answer = bubbles(doctor).nth(1)
    await expect(answer.locator("strong")).to_have_text("先打 120")
    await expect(answer.locator("li")).to_have_text(["平卧", "吸氧"])
    await expect(answer.locator(".typing")).to_have_count(0)


async def test_a_long_answer_is_shown_from_its_first_line(visiting: Visiting, stage: PageStage) -> None:
    lines = "\n".join(["**先打 120**", *(f"第 {number} 件事" for number in range(40))])
    stage.receiver.answering = lambda channel, message: {"msgtype": "stream", "stream": {"id": "s1", "finish": True, "content": lines}}
    page = (await opened(visiting, stage)).page
    doctor = phone(page, 2)
    await write(doctor, "会诊 3号 胸痛")
    await expect(doctor.locator(".rich strong")).to_be_in_viewport()
    await expect(doctor.get_by_text("第 39 件事")).not_to_be_in_viewport()
    await doctor.locator(".messages").evaluate("e => { e.scrollTop = e.scrollHeight; }")
    await expect(doctor.get_by_text("第 39 件事")).to_be_in_viewport()


async def test_what_a_press_brings_comes_into_view_and_other_news_is_told(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    expert = phone(page, 3)
    await stage.app_message("ex0", msgtype="template_card", template_card=invitation("case-9"))
    long = "\n".join(f"第 {number} 行" for number in range(30))
    for _ in range(2):
        await stage.app_message("ex0", msgtype="text", text={"content": long})
    await expect(bubbles(expert)).to_have_count(3)
    await expert.locator(".messages").evaluate("e => { e.scrollTop = 0; }")
    await stage.app_message("ex0", msgtype="text", text={"content": f"别的事\n{long}"})
    await expect(expert.get_by_role("button", name="条新消息")).to_be_in_viewport()
    await expect(expert.get_by_text("别的事")).not_to_be_in_viewport()
    await expert.get_by_role("button", name="接诊").click()
    await until(lambda: len(stage.receiver.of("wecom_app")) == 1)
    await stage.app_message("ex0", msgtype="text", text={"content": f"由您接诊\n{long}"})
    await expect(expert.get_by_text("由您接诊")).to_be_in_viewport()
    await stage.app_message("ex0", msgtype="text", text={"content": "后来的事"})
    await expect(expert.get_by_text("由您接诊")).to_be_in_viewport()
    await expert.get_by_role("button", name="条新消息").click()
    await expect(expert.get_by_text("后来的事")).to_be_in_viewport()
    await expect(expert.locator(".news")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")


async def test_without_the_robot_s_name_the_group_talks_among_itself(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    doctor = phone(page, 2)
    await doctor.get_by_role("button", name="@会诊助手").click()
    await write(doctor, "今天谁值班?")
    await expect(bubbles(doctor)).to_have_count(1)
    await stage.say("village-doctor-02", "group:village-doctors", "我在")
    await expect(bubbles(doctor).nth(1).locator(".sender")).to_contain_text("医生")
    assert stage.receiver.of("wecom_robot") == []


async def test_voice_picture_and_place(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    patient = phone(page, 1)
    await patient.get_by_label("发语音").click()
    await patient.get_by_label("说了什么").fill("肚子疼")
    await patient.get_by_role("button", name="发送语音").click()
    await patient.get_by_label("发语音").click()
    await patient.get_by_role("button", name="无识别").click()
    await expect(bubbles(patient)).to_contain_text(["识别:肚子疼", "没有识别出文字"])
    await patient.get_by_label("图片、文件、位置").click()
    await assert_readable(page)
    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea72b1d"
                        "e40000000049454e44ae426082")  # fmt: skip
    await patient.locator("input[type=file]").set_input_files(FilePayload(name="皮疹.png", mimeType="image/png", buffer=png))
    await expect(patient.locator(".picture img")).to_be_visible()
    await patient.get_by_label("图片、文件、位置").click()
    await patient.locator("summary").click()
    await patient.get_by_role("button", name="平湖镇 卫生院").click()
    await expect(bubbles(patient)).to_have_count(4)
    await until(lambda: len(stage.receiver.of("official_account")) == 4)
    assert [message["MsgType"] for message in stage.receiver.of("official_account")] == ["voice", "voice", "image", "location"]
    assert stage.receiver.of("official_account", "voice")[0]["Recognition"] == "肚子疼"


async def test_the_account_s_menu_and_following_it(visiting: Visiting, stage: PageStage) -> None:
    care = {"name": "看病", "sub_button": [{"type": "click", "name": "说症状", "key": "say"}]}
    await stage.account_menu([care, {"type": "click", "name": "帮助", "key": "help"}])
    stage.receiver.answering = lambda channel, message: xml_text(message, "您可以说:进度") if message.get("EventKey") == "help" else None
    page = (await opened(visiting, stage)).page
    patient = phone(page, 1)
    await patient.get_by_role("button", name="看病").click()
    await expect(patient.get_by_role("button", name="说症状")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(patient.get_by_role("button", name="说症状")).to_have_count(0)
    await patient.get_by_role("button", name="帮助").click()
    await expect(bubbles(patient)).to_contain_text(["您可以说:进度"])
    await patient.get_by_label("公众号选项").click()
    await patient.get_by_role("button", name="取消关注").click()
    await expect(patient.get_by_label("要说的话")).to_have_count(0)
    await patient.get_by_role("button", name="关注公众号").click()
    await expect(patient.get_by_label("要说的话")).to_be_visible()
    events = ["CLICK", "unsubscribe", "subscribe"]
    await until(lambda: [message["Event"] for message in stage.receiver.of("official_account", "event")] == events)


async def test_unread_messages_are_counted_until_they_are_read(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    doctor = phone(page, 2)
    for words in ("资料收到", "专家接诊了"):
        await stage.app_message("vd1", msgtype="text", text={"content": words})
    await expect(doctor.locator(".back-count")).to_have_text("2")
    await doctor.get_by_label("回到聊天列表").click()
    row = doctor.locator(".entry", has_text="会诊工作台")
    await expect(row.locator(".badge")).to_have_text("2")
    await expect(row).to_contain_text("专家接诊了")
    await row.click()
    await doctor.get_by_label("回到聊天列表").click()
    await expect(row.locator(".badge")).to_have_count(0)


async def test_choices_numbers_and_pages_in_a_text_are_tapped(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage, PHONE)).page
    # The mini program is not there on this stage.
    await page.route("**/h5/mini/**", lambda route: route.fulfill(content_type="text/html", body=""))
    patient = phone(page, 1)
    await write(patient, "约号")
    long = "11月21日 周六 上午9:00 黄长林(演示) 平塘县演示医院"
    choice = f'1 <a href="weixin://bizmsgmenu?msgmenucontent={long.replace(" ", "")}&msgmenuid=m:1">{long}</a>'
    call = '<a href="tel:120">一键拨打 120</a>'
    mini = '<a href="#" data-miniprogram-appid="wx1" data-miniprogram-path="pages/register/index?relation=self">去登记</a>'
    await stage.customer_service("oa1", msgtype="text", text={"content": f"可以约:\n{choice}\n选一个。\n\n{call}\n\n{mini}"})
    row = patient.locator(".choice-row")
    number, words = await row.locator("span").bounding_box(), await row.locator("a").bounding_box()
    assert number is not None
    assert words is not None
    assert words["y"] <= number["y"] < words["y"] + words["height"]
    await assert_readable(page)
    await patient.get_by_role("link", name="一键拨打 120").click()
    await expect(patient.locator(".chat-error")).to_contain_text("120")
    await patient.get_by_role("link", name="去登记").click()
    await expect(patient.locator("iframe")).to_have_attribute("src", "/phone/patient-001/h5/mini/#/register?relation=self")


async def test_a_message_stands_under_the_time_that_the_phone_showed_when_it_came(visiting: Visiting, stage: PageStage) -> None:
    await stage.say("village-doctor-01", "wecom_app", "前一天")
    shifted = await stage.client.put(f"{stage.origin}/simulator/clock", json={"offset_s": 86400})
    assert shifted.status_code == 200
    await stage.say("village-doctor-01", "wecom_app", "后一天")
    await stage.stop()
    await stage.start()
    page = (await opened(visiting, stage)).page
    doctor = page.locator(".phone", has_text="乡村医生").first
    await doctor.get_by_label("回到聊天列表").click()
    await doctor.locator(".entry", has_text="会诊工作台").click()
    lines = doctor.locator(".time-line time")
    await expect(lines).to_have_count(2)
    before, after = [datetime.fromisoformat(str(await line.get_attribute("datetime"))) for line in await lines.all()]
    assert timedelta(hours=23) < after - before < timedelta(hours=25)
    refused = await stage.client.put(f"{stage.origin}/simulator/clock", json={"offset_s": "soon"})
    assert refused.status_code == 422
