"""The simulator's page in a real browser: against the platform alone, and the story lived by hand on the whole running demonstration."""

from __future__ import annotations

import random
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pyotp
import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from core.foundation.clock import spoken
from tests.bot.simulator.conftest import until
from tests.bot.simulator.receiver import xml_text
from tests.journeys.browser import DESKTOP, PHONE, Visit, Visiting, assert_at_home, assert_readable, chromium, visiting
from tests.journeys.page_stage import KEY, PageStage, stage

__all__ = ["chromium", "stage", "visiting"]

pytestmark = pytest.mark.browser

SEEN = {"huizhen.simulator.hints": "1"}
EVIL = "<img src=x onerror=\"document.title='hacked'\"><b>粗</b> </script>"
COUGH = "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷"


async def opened(visiting: Visiting, stage: PageStage, size: tuple[int, int] = DESKTOP) -> Visit:
    visit = await visiting(stage.origin + "/", size, SEEN)
    await expect(visit.page.locator(".phone")).to_have_count(4)
    return visit


def phone(page: Page, number: int) -> Locator:
    return page.locator(".phone").nth(number - 1)


def bubbles(where: Locator) -> Locator:
    return where.locator(".messages .row:not(.row-pending)")


async def write(where: Locator, words: str) -> None:
    await where.get_by_label("要说的话").fill(words)
    await where.get_by_label("要说的话").press("Enter")


def invitation(task_id: str) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "会诊邀请 · 危急 · 胸痛 2 小时", "desc": "58 岁 男"},
        "sub_title_text": "为什么找您:I20–I25 专长",
        "horizontal_content_list": [{"keyname": "血压", "value": "90/60"}],
        "button_list": [{"text": "接诊", "style": 1, "key": "accept"}, {"text": "请转别人", "style": 2, "key": "decline"}],
        "task_id": task_id,
    }


async def test_four_phones_side_by_side_on_a_desktop(visiting: Visiting, stage: PageStage) -> None:
    visit = await visiting(stage.origin + "/")
    page = visit.page
    await expect(page.locator(".owner")).to_contain_text(["患者", "吴医生", "专家", "值班医生"])
    await expect(phone(page, 2).locator(".title")).to_have_text("村医会诊群")
    await expect(phone(page, 3).locator(".owner")).to_contain_text("心血管内科")
    boxes = [await phone(page, number).bounding_box() for number in (1, 2, 3, 4)]
    assert all(box and box["width"] > 250 and box["x"] + box["width"] <= DESKTOP[0] for box in boxes)
    assert len({box["y"] for box in boxes if box}) == 1
    await expect(page.locator(".hint")).to_have_count(3)
    await assert_readable(page)
    assert_at_home(visit, stage.origin)


async def test_one_phone_fills_a_narrow_screen_and_the_next_is_a_swipe_away(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage, PHONE)).page
    first, second = await phone(page, 1).bounding_box(), await phone(page, 2).bounding_box()
    assert first is not None
    assert second is not None
    assert (first["x"], first["width"], second["x"]) == (0, PHONE[0], PHONE[0])
    await page.locator(".dots button").nth(1).click()
    await expect(phone(page, 2)).to_be_in_viewport(ratio=0.99)
    await expect(page.locator(".dots [aria-current=true]")).to_have_attribute("aria-label", "第 2 部手机")
    await assert_readable(page)


async def test_larger_letters_for_elders(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage, PHONE)).page
    await stage.say("patient-001", "official_account", "我咳嗽")
    await page.get_by_role("button", name="关怀模式").click()
    assert await bubbles(phone(page, 1)).first.evaluate("e => getComputedStyle(e).fontSize") == "22px"
    await assert_readable(page)


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


async def test_a_phone_can_be_handed_to_anybody(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    last = phone(page, 4)
    await last.locator(".owner").click()
    await expect(last.locator(".people .entry")).to_have_count(51)
    await assert_readable(page)
    await last.get_by_label("找人").fill("儿科 主任")
    await expect(last.locator(".people .entry")).to_have_count(10)
    await last.get_by_label("找人").fill("没有这个人")
    await expect(last.locator(".people")).to_contain_text("没有找到")
    await last.get_by_label("找人").fill("")
    await last.get_by_role("button", name="药师", exact=True).click()
    await last.locator(".people .entry").click()
    await expect(last.locator(".owner")).to_contain_text("药师")
    await expect(last.locator(".chats .entry")).to_have_count(2)
    await page.reload()
    await expect(phone(page, 4).locator(".owner")).to_contain_text("药师")


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


async def test_the_three_sentences_stand_ready_on_the_right_phones(visiting: Visiting, stage: PageStage) -> None:
    page = (await visiting(stage.origin + "/")).page
    before = await phone(page, 1).locator(".owner").inner_text()
    hints = page.locator(".hint")
    await hints.nth(0).click()
    await expect(phone(page, 1).get_by_label("要说的话")).to_have_value(COUGH)
    await hints.nth(1).click()
    await expect(phone(page, 1).get_by_label("要说的话")).to_have_value("俺爹半拉身子不听使唤,嘴也歪了")
    assert await phone(page, 1).locator(".owner").inner_text() != before
    await hints.nth(2).click()
    await expect(phone(page, 2).get_by_label("要说的话")).to_have_value("会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    await page.get_by_role("button", name="知道了").click()
    await page.reload()
    await expect(phone(page, 1)).to_be_visible()
    await expect(hints).to_have_count(0)


async def test_who_is_called_is_announced_on_the_phone_of_his_role(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    expert, doctor = phone(page, 3), phone(page, 2)
    await expect(page.locator(".other:visible")).to_have_count(0)
    sent = await stage.app_message("ex8", msgtype="template_card", template_card=invitation("case-8"))
    announced = expert.locator(".other-open")
    await expect(announced).to_contain_text("会诊邀请 · 危急")
    await expect(doctor.locator(".other-open")).to_have_count(0)
    await assert_readable(page)
    await stage.update_card(sent["response_code"], "王主任已接诊")
    await expect(announced).to_have_count(0)
    await stage.app_message("ex12", msgtype="template_card", template_card=invitation("case-12"))
    await announced.click()
    await expect(expert.get_by_role("button", name="接诊")).to_be_visible()
    await expect(announced).to_have_count(0)


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


async def test_a_low_window_scrolls_instead_of_squeezing_the_phones(visiting: Visiting, stage: PageStage) -> None:
    page = (await visiting(stage.origin + "/", (1366, 560))).page
    await expect(page.locator(".hint")).to_have_count(3)
    box = await phone(page, 1).bounding_box()
    assert box is not None
    assert box["height"] > 440


async def test_a_lost_line_is_said_and_what_was_missed_is_fetched(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    patient = phone(page, 1)
    await write(patient, "我咳嗽")
    await expect(bubbles(patient)).to_have_count(1)
    await stage.stop()
    await expect(page.locator("#offline")).to_contain_text("连")
    await write(patient, "发出去了吗")
    failed = patient.locator(".row-failed")
    await expect(failed).to_contain_text("连不上")
    await assert_readable(page)
    await stage.start()
    await stage.say("patient-001", "official_account", "这是断线时说的")
    await expect(page.locator("#offline")).to_be_hidden()
    await expect(bubbles(patient)).to_contain_text(["我咳嗽", "这是断线时说的"])
    await failed.get_by_role("button", name="重发").click()
    await expect(bubbles(patient)).to_contain_text(["我咳嗽", "这是断线时说的", "发出去了吗"])


async def test_platform_faults_are_set_in_the_drawer(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    await page.locator("#clock").click()
    await page.get_by_role("tab", name="时间").press("ArrowRight")
    drawer = page.get_by_role("dialog")
    await drawer.locator(".field select").first.select_option(label="慢(0.8 秒)")
    await expect(drawer.locator(".pane-status")).to_have_text("已生效。")
    await drawer.get_by_label("每个回调送两遍").check()
    await expect(drawer.get_by_label("每个回调送两遍")).to_be_checked()
    conditions = (await stage.client.get(f"{stage.origin}/simulator/conditions")).json()
    assert (conditions["delay_ms"], conditions["duplicate_callbacks"]) == (800, True)
    await assert_readable(page)
    await drawer.get_by_role("button", name="恢复正常").click()
    await expect(drawer.get_by_label("每个回调送两遍")).not_to_be_checked()


async def test_everything_is_reached_by_keyboard(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    reached = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("(e => e.getAttribute('aria-label') || e.textContent.trim())(document.activeElement)"))
    for name in ("新消息", "回到聊天列表", "公众号选项", "发语音", "要说的话", "图片、文件、位置", "@会诊助手"):
        assert any(name in one for one in reached), (name, reached)
    await phone(page, 1).get_by_label("回到聊天列表").press("Enter")
    await phone(page, 1).locator(".entry", has_text="会诊服务号").press("Enter")
    await expect(phone(page, 1).locator(".title")).to_have_text("会诊服务号")


async def test_dates_read_as_the_practice_says_them(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    chance = random.Random(11)
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(2 * 365 * 1440)) for _ in range(300)]
    shown = await page.evaluate(
        "async (moments) => { const { spoken } = await import('/simulator/static/dates.js'); return moments.map((one) => spoken(one)); }",
        [moment.isoformat() for moment in moments],
    )
    assert shown == [spoken(moment) for moment in moments]


async def test_links_stay_inside_the_phone_they_were_tapped_on(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    addresses = {
        f"{stage.origin}/h5/mini/": "/phone/patient-001/h5/mini/",
        f"http://localhost:{stage.port}/h5/doctor/cases?x=1": "/phone/patient-001/h5/doctor/cases?x=1",
        "/phone/somebody-else/h5/mini/": "/phone/patient-001/h5/mini/",
        "https://example.org/h5/mini/": None,
        "javascript:alert(1)": None,
        "/simulator/people": None,
        "/v1/me": None,
        "not an address:": None,
    }
    script = """async (urls) => {
      const { phoneAddress } = await import("/simulator/static/webview.js");
      return urls.map((url) => phoneAddress(url, "patient-001"));
    }"""
    found = await page.evaluate(script, list(addresses))
    assert found == list(addresses.values())
    target = quote(f"{stage.origin}/h5/x", safe="")
    sign_in = f"{stage.origin}/simulator/open.weixin.qq.com/connect/oauth2/authorize?appid=a&redirect_uri={target}"
    rewritten = await page.evaluate("async (url) => (await import('/simulator/static/webview.js')).phoneAddress(url, 'patient-001')", sign_in)
    assert "%2Fphone%2Fpatient-001%2Fh5%2Fx" in rewritten


# The story, lived by hand on the whole demonstration.

ANSWER = 20_000


async def lived(visiting: Visiting, running_demo: str, size: tuple[int, int] = DESKTOP) -> Page:
    page: Page = (await visiting(running_demo + "/", size)).page
    await expect(page.locator(".phone")).to_have_count(4)
    return page


async def test_a_worried_patient_is_asked_one_thing_at_a_time(visiting: Visiting, running_demo: str) -> None:
    page = await lived(visiting, running_demo)
    await page.locator(".hint").nth(0).click()
    patient = phone(page, 1)
    await patient.get_by_role("button", name="发送").click()
    await expect(patient.locator(".messages")).to_contain_text("咳嗽", timeout=ANSWER)
    said = bubbles(patient).filter(has=page.locator(".menu-row, .bubble"))
    for _ in range(12):
        await expect(said.last).not_to_have_class(re.compile("row-mine"), timeout=ANSWER)
        text = await patient.locator(".messages").inner_text()
        if re.search(r"建议科室|建议.*(看医生|就医|处理)", text):
            break
        await write(patient, "不清楚")
    await expect(patient.locator(".messages")).to_contain_text(re.compile("科"), timeout=ANSWER)
    await assert_readable(page)


async def test_danger_stops_everything_and_reaches_a_duty_doctor(visiting: Visiting, running_demo: str) -> None:
    page = await lived(visiting, running_demo)
    await page.locator(".hint").nth(1).click()
    patient = phone(page, 1)
    await patient.get_by_role("button", name="发送").click()
    await expect(bubbles(patient).last).to_contain_text("120", timeout=ANSWER)
    await expect(page.locator("#news .badge, .phone:nth-child(4) .card").first).to_be_visible(timeout=ANSWER)


async def test_a_call_in_the_group_reaches_experts(visiting: Visiting, running_demo: str) -> None:
    page = await lived(visiting, running_demo, PHONE)
    await page.locator(".hint").nth(2).click()
    doctor = phone(page, 2)
    await doctor.get_by_role("button", name="发送").click()
    await expect(doctor.locator(".row-theirs", has_text="120").last).to_be_visible(timeout=ANSWER)
    await page.locator("#news").click()
    drawer = page.get_by_role("dialog")
    await expect(drawer.locator(".entry", has_text="专家").first).to_be_visible(timeout=ANSWER)
    await drawer.locator(".entry", has_text="专家").first.click()
    # He may still have the card of another test's case open; the newest stands last.
    await expect(page.locator(".phone").nth(2).get_by_role("button", name="接诊").last).to_be_visible()
    await assert_readable(page)


async def test_the_clock_moves_and_the_outbox_is_seen(visiting: Visiting, running_demo: str) -> None:
    page = await lived(visiting, running_demo)
    await page.locator("#clock").click()
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("button", name="快进 10 分钟").click()
    await expect(drawer).to_contain_text("比真实时间快")
    known = await (await page.request.get(f"{running_demo}/v1/demo/clock")).json()
    assert known["next"] is None or known["next"]["at"] > known["now"]
    await assert_readable(page)
    await drawer.get_by_role("tab", name="发件箱").click()
    await expect(drawer.locator(".pane")).to_contain_text(re.compile("等着处理"))
    await drawer.get_by_role("tab", name="时间").click()
    await drawer.get_by_role("button", name="恢复真实时间").click()
    await expect(drawer).to_contain_text("和真实时间一致")


async def test_the_mini_program_opens_inside_the_patient_s_phone(visiting: Visiting, running_demo: str) -> None:
    page = await lived(visiting, running_demo)
    patient = phone(page, 1)
    await patient.get_by_label("回到聊天列表").click()
    await patient.locator(".entry", has_text="小程序").click()
    inside = patient.frame_locator("iframe")
    await expect(inside.locator("h1")).to_have_text("会诊", timeout=ANSWER)
    await expect(inside.locator(".tab-bar a")).to_have_count(4)
    await inside.get_by_role("link", name="预约").first.click()
    await expect(inside.locator(".weui-cell").first).to_be_visible()
    await patient.get_by_label("关闭页面").click()
    await expect(patient.locator(".chats")).to_be_visible()


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


async def test_a_practitioners_phone_shows_the_code_of_now_whatever_is_open_on_it(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    tile = page.locator(".phone", has_text="乡村医生").first.get_by_role("group", name="动态码验证器")
    await expect(tile.locator("[data-code]")).to_have_attribute("data-code", re.compile("^[0-9]{6}$"))
    seen = await tile.locator("[data-code]").get_attribute("data-code")
    assert seen in {pyotp.TOTP(KEY).at(time.time() + shift) for shift in (-30, 0, 30)}
    await expect(tile).to_be_visible()
    assert await page.locator(".phone", has_text="秀英").first.get_by_role("group", name="动态码验证器").count() == 0
    await assert_readable(page)
