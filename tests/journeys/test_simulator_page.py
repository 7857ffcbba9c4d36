"""The simulator's page in a real browser, against the platform alone: its phones, its drawers, what is announced, and how it is reached."""

from __future__ import annotations

import os
import random
import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pyotp
import pytest
from playwright.async_api import expect

from core.foundation.clock import spoken
from tests.journeys.browser import DESKTOP, PHONE, Visiting, assert_at_home, assert_readable
from tests.journeys.page_stage import KEY, PageStage, stage
from tests.journeys.simulator_phones import COUGH, bubbles, invitation, opened, phone, write

__all__ = ["stage"]

pytestmark = pytest.mark.browser


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
    await assert_at_home(visit, stage.origin)


_CUT = """() => [...document.querySelectorAll(".owner *:not(.unseen)")].filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent)"""


async def test_who_holds_a_phone_is_never_cut(visiting: Visiting, stage: PageStage) -> None:
    for size in ((1280, 900), PHONE):
        page = (await opened(visiting, stage, size)).page
        await expect(phone(page, 3).locator(".owner")).to_contain_text("心血管内科 主任医师")
        assert await page.evaluate(_CUT) == []
        if os.environ.get("HUIZHEN_SCREENSHOTS"):
            await page.screenshot(path=f"{os.environ['HUIZHEN_SCREENSHOTS']}/simulator-{size[0]}.png")


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
    await expect(bubbles(phone(page, 1)).first).to_have_css("font-size", "22px")
    await assert_readable(page)


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


async def test_a_practitioners_phone_shows_the_code_of_now_whatever_is_open_on_it(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    tile = page.locator(".phone", has_text="乡村医生").first.get_by_role("group", name="动态码验证器")
    await expect(tile.locator("[data-code]")).to_have_attribute("data-code", re.compile("^[0-9]{6}$"))
    seen = await tile.locator("[data-code]").get_attribute("data-code")
    assert seen in {pyotp.TOTP(KEY).at(time.time() + shift) for shift in (-30, 0, 30)}
    await expect(tile).to_be_visible()
    assert await page.locator(".phone", has_text="秀英").first.get_by_role("group", name="动态码验证器").count() == 0
    await assert_readable(page)
