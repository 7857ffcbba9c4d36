"""The story lived by hand in a real browser, on the whole running demonstration."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import DESKTOP, PHONE, Visiting, assert_readable
from tests.journeys.simulator_phones import bubbles, phone, write

pytestmark = pytest.mark.browser

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
    # Other experts may have unread messages of other tests' cases: the one who is announced now has just been invited.
    announced = phone(page, 3).get_by_text(re.compile("收到:会诊邀请"))
    await expect(announced).to_be_visible(timeout=ANSWER)
    invited = (await announced.inner_text()).split("收到")[0].split("(")[0].strip()
    await page.locator("#news").click()
    await page.get_by_role("dialog").locator(".entry", has_text=invited).first.click()
    # He may still have the card of another test's case open; the newest stands last.
    await expect(phone(page, 3).get_by_role("button", name="接诊").last).to_be_visible(timeout=ANSWER)
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
