"""The faults and the outbox on the simulator's page, in a real browser: each switch says what it does, and does it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.bot.simulator.alone import Alone, started
from tests.bot.simulator.receiver import Receiver, xml_text
from tests.bot.simulator.test_standalone import config_for
from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.page_stage import PageStage, stage
from tests.journeys.simulator_phones import bubbles, opened, phone, write

__all__ = ["stage", "started"]

pytestmark = pytest.mark.browser
CHOICES = {
    "后说的话先到": (None, "reorder_callbacks", True),
    "微信停机": ("接口答 HTTP 502", "platform_down", "http"),
    "接口随机失败": ("两成", "api_error_rate", 0.2),
    "当天次数用完": ("模板消息", "exhausted_apis", ["/cgi-bin/message/template/send"]),
    "令牌一直失效": ("42001 过期", "lost_tokens", 42001),
    "客服消息发不出": ("45047 条数用完", "customer_service_refused", 45047),
    "订阅消息被拒收": (None, "subscriptions_refused", True),
}


async def drawer_of(page: Page, tab: str) -> Locator:
    await page.locator("#clock").click()
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("tab", name=tab).click()
    return drawer


async def picture(page: Page, name: str) -> None:
    if os.environ.get("HUIZHEN_SCREENSHOTS"):
        await page.screenshot(path=f"{os.environ['HUIZHEN_SCREENSHOTS']}/{name}.png")


async def test_every_fault_says_what_it_does_and_takes_effect(visiting: Visiting, stage: PageStage) -> None:
    async def conditions() -> dict[str, Any]:
        return (await stage.client.get(f"{stage.origin}/simulator/conditions")).json()

    page = (await opened(visiting, stage)).page
    drawer = await drawer_of(page, "网络与故障")
    before = await conditions()
    for label, (option, name, value) in CHOICES.items():
        control = drawer.get_by_label(label, exact=True)
        assert len(await drawer.locator(f"[id='fault-{label}']").inner_text()) > 8
        await (control.check() if option is None else control.select_option(label=option))
        await expect(drawer.locator(".fault-on", has_text=label)).to_have_count(1)
        assert (await conditions())[name] == value
    await assert_readable(page)
    await drawer.locator(".fault").first.scroll_into_view_if_needed()
    await picture(page, "simulator-faults")
    await drawer.get_by_role("button", name="恢复正常").click()
    await expect(drawer.locator(".fault-on")).to_have_count(0)
    assert await conditions() == before
    await stage.say("patient-001", "official_account", "我咳嗽")
    await stage.customer_service("oa1", msgtype="text", text={"content": "先坐下"})
    await drawer.get_by_role("button", name="现在让所有令牌失效").click()
    await expect(drawer.locator(".pane-status")).to_contain_text("1 个令牌")


async def test_the_outbox_lists_what_was_sent_and_what_was_not(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage)).page
    await stage.say("patient-001", "official_account", "我咳嗽")
    await stage.customer_service("oa1", msgtype="text", text={"content": "先坐下,别着急"})
    await stage.app_message("ex8", msgtype="text", text={"content": "您有 1 个会诊"})
    await stage.client.put(f"{stage.origin}/simulator/people/patient-001/refusals", json={"customer_service": 45015})
    with pytest.raises(AssertionError):
        await stage.customer_service("oa1", msgtype="text", text={"content": "这句没有送到"})
    drawer = await drawer_of(page, "发件箱")
    rows = drawer.locator(".sent tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("这句没有送到")
    await expect(rows.first.locator(".failed").first).to_contain_text("没有送出 45015")
    await expect(rows.first.locator(".failed").first).to_have_css("color", "rgb(179, 38, 30)")
    await assert_readable(page)
    await picture(page, "simulator-outbox")
    await drawer.get_by_label("结果").select_option(label="已送出")
    await expect(rows).to_have_count(2)
    await drawer.get_by_label("给谁").select_option(value="patient-001")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("先坐下,别着急")
    await rows.first.get_by_role("button", name="看原文").click()
    await expect(page.get_by_role("dialog", name="这条消息的来往")).to_contain_text("/cgi-bin/message/custom/send")


@pytest.mark.parametrize("size", [PHONE, (1280, 800)])
async def test_what_there_is_to_try_opens_and_closes_and_leads_to_faults_and_outbox(
    visiting: Visiting, stage: PageStage, size: tuple[int, int]
) -> None:
    """On a first visit the sentences stand there already: a touch of 试试 must be seen to do something all the same."""
    page = (await visiting(stage.origin + "/", size)).page
    tips, hints = page.locator("#tips"), page.locator(".hint")
    await expect(hints).to_have_count(3)
    await expect(tips).to_have_attribute("aria-expanded", "true")
    await assert_readable(page)
    await tips.click()
    await expect(hints).to_have_count(0)
    await expect(tips).to_have_attribute("aria-expanded", "false")
    await tips.click()
    await expect(hints).to_have_count(3)
    for name, tab in (("弄出网络故障", "网络与故障"), ("看发件箱", "发件箱")):
        await page.get_by_role("button", name=name).click()
        drawer = page.get_by_role("dialog")
        await expect(drawer.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        await expect(drawer.get_by_label("丢失回调" if tab == "网络与故障" else "给谁")).to_be_in_viewport()
        await drawer.get_by_label("关闭").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await hints.first.click()
    await expect(hints).to_have_count(0 if size == PHONE else 3)
    await expect(tips).to_have_attribute("aria-expanded", "false" if size == PHONE else "true")


async def test_a_name_in_the_outbox_stands_on_one_line_of_a_phone(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage, PHONE)).page
    await stage.say("patient-001", "official_account", "我咳嗽")
    await stage.customer_service("oa1", msgtype="text", text={"content": "先坐下,别着急"})
    drawer = await drawer_of(page, "发件箱")
    outcome = drawer.locator(".sent tbody tr").first.get_by_role("button", name="看原文")
    box = await outcome.bounding_box()
    assert box is not None
    assert box["width"] > 2 * 14, "its three characters stand beside each other"
    assert box["x"] + box["width"] <= PHONE[0]


async def test_a_person_refuses_on_his_own_phone(visiting: Visiting, stage: PageStage) -> None:
    page = (await opened(visiting, stage, PHONE)).page
    patient = phone(page, 1)
    key = (await stage.client.get(f"{stage.origin}/simulator/people")).json()["people"][0]["key"]
    await patient.get_by_label("公众号选项").click()
    await patient.get_by_role("button", name="不再接收客服消息").click()
    await patient.get_by_label("公众号选项").click()
    await expect(patient.get_by_role("button", name="恢复接收客服消息")).to_be_visible()
    await assert_readable(page)
    refused = (await stage.client.get(f"{stage.origin}/simulator/people/{key}/refusals")).json()
    assert refused == {"subscriptions": False, "templates": False, "customer_service": 45015}
    await patient.get_by_role("button", name="恢复接收客服消息").click()
    await patient.get_by_label("公众号选项").click()
    await expect(patient.get_by_role("button", name="不再接收客服消息")).to_be_visible()


async def test_alone_the_page_shows_whoever_there_is(visiting: Visiting, tmp_path: Path, started: list[Alone]) -> None:
    receiver = Receiver({})
    await receiver.start()
    receiver.answering = lambda channel, m: xml_text(m, f"听到了:{m['Content']}") if m["MsgType"] == "text" else None
    simulator = await asyncio.to_thread(Alone, tmp_path, config_for(receiver))
    started.append(simulator)
    page = (await visiting(simulator.origin + "/")).page
    await expect(page.locator(".phone")).to_have_count(2)
    await expect(page.locator(".hint")).to_have_count(0)
    await expect(phone(page, 1).locator(".title")).to_have_text("演示服务号")
    await write(phone(page, 1), "你好")
    await expect(bubbles(phone(page, 1))).to_contain_text(["你好", "听到了:你好"])
    await picture(page, "simulator-alone")
    drawer = await drawer_of(page, "发件箱")
    await expect(drawer.locator(".sent")).to_contain_text("没有这样的消息")
    await expect(drawer.locator(".pane")).not_to_contain_text("会诊")
    await assert_readable(page)
    await receiver.stop()
    assert receiver.errors == []
