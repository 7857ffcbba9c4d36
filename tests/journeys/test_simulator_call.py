"""Pages inside the simulator's phones: the call of three of them in one window, and every other page with its way back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Frame, FrameLocator, Locator, Page, expect

from tests.journeys.browser import DESKTOP, assert_readable
from tests.journeys.call_people import Case, open_case
from tests.journeys.people import roster
from tests.journeys.test_call_pages import all_meet, camera_browser, contexts
from tests.support.demo import Demo

__all__ = ["camera_browser", "contexts"]

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
SLOW = 40_000
SEATS = ("patient", "village_doctor", "expert")


class InFrame:
    """What `all_meet` asks of a tab, for the page inside one phone."""

    def __init__(self, frame: Frame) -> None:
        self.page = frame


async def simulator(browser: Browser, made: list[BrowserContext], demo: Demo, holders: list[dict[str, str]], size: tuple[int, int]) -> Page:
    """The simulator with these people's chats open on its four phones."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", permissions=["camera", "microphone"])
    made.append(context)
    stored = {"huizhen.simulator.hints": "1", "huizhen.simulator.phones": json.dumps(holders)}
    for name, value in stored.items():
        await context.add_init_script(f"localStorage.getItem({name!r}) ?? localStorage.setItem({name!r}, {value!r})")
    page = await context.new_page()
    page.set_default_timeout(SLOW)
    await page.goto(demo.base_url + "/")
    await expect(page.locator(".phone")).to_have_count(4)
    return page


async def tap_link(phone: Locator, words: str) -> None:
    """Open a page by what leads there in the phone's chat."""
    await phone.locator(".chat-link, .article", has_text=words).last.click(timeout=SLOW)


async def joined(phone: Locator) -> None:
    join = phone.frame_locator("iframe").get_by_role("button", name="加入", exact=True)
    await expect(join).to_be_enabled(timeout=SLOW)
    await join.click()


async def frame_of(phone: Locator) -> Frame:
    handle = await phone.locator("iframe").element_handle()
    assert handle is not None
    frame = await handle.content_frame()
    assert frame is not None
    return frame


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house, doctor_index=1)


async def test_three_phones_of_one_window_see_and_hear_each_other(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    demo = running_demo_house
    duty = next(person["key"] for person in roster(demo) if person["role"] == "duty_doctor")
    chats = {"patient": "", "village_doctor": "wecom_app", "expert": "wecom_app"}
    holders = [{"key": case.people[seat].key, "chat": chats[seat]} for seat in SEATS] + [{"key": duty, "chat": ""}]
    page = await simulator(camera_browser, contexts, demo, holders, DESKTOP)
    phones = {seat: page.locator(".phone").nth(place) for place, seat in enumerate(SEATS)}
    # Staff open the room from the message that came, the patient from his mini program.
    for seat in ("village_doctor", "expert"):
        await tap_link(phones[seat], "进入视频")
    await phones["patient"].locator("[data-chat=mini_program]").click()
    mini = phones["patient"].frame_locator("iframe")
    await mini.locator(f"a[href$='consultation/{case.consultation_id}']").first.click(timeout=SLOW)
    await mini.get_by_role("link", name="进入视频").click(timeout=SLOW)
    for phone in phones.values():
        await joined(phone)
    tabs: Any = {seat: InFrame(await frame_of(phone)) for seat, phone in phones.items()}
    for seat, phone in phones.items():
        assert f"/phone/{case.people[seat].key}/h5/room/" in tabs[seat].page.url
        await expect(phone.locator(".title")).to_have_text("视频会诊")
    await all_meet(tabs, 90)
    await assert_readable(page)
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / "simulator-call.png"))
    # The way back: the patient to the page he came from, the expert to his chat; the others see that they have gone.
    await phones["patient"].get_by_role("button", name="上一页").click()
    await expect(mini.get_by_role("link", name="进入视频")).to_be_visible(timeout=SLOW)
    await phones["expert"].get_by_role("button", name="关闭页面").click()
    await expect(phones["expert"].locator(".messages")).to_be_visible()
    await expect(phones["village_doctor"].frame_locator("iframe").locator(".without:not([hidden])")).to_have_count(2, timeout=SLOW)


async def platform(demo: Demo, userid: str, text: str) -> None:
    """A message of the WeCom app, sent as the practice itself sends: over the platform's API."""
    wecom = json.loads((demo.data_dir / "secrets" / "channels.json").read_text())["wecom"]
    base = f"{demo.base_url}/simulator/qyapi.weixin.qq.com/cgi-bin"
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        query = {"corpid": wecom["corpid"], "corpsecret": wecom["app"]["secret"]}
        token = (await client.get(f"{base}/gettoken", params=query)).json()["access_token"]
        body = {"touser": userid, "agentid": wecom["app"]["agentid"], "msgtype": "text", "text": {"content": text}}
        answer = (await client.post(f"{base}/message/send", params={"access_token": token}, json=body)).json()
        assert answer["errcode"] == 0, answer


PAGES = {"expert": "desk", "village_doctor": "doctor", "pharmacist": "pharmacy", "duty_doctor": "sign"}
"""Whose chat leads to which page."""


async def test_every_page_of_the_staff_opens_in_the_phone_and_leads_back(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo
) -> None:
    demo = running_demo_house
    people = {role: next(person for person in roster(demo) if person["role"] == role) for role in PAGES}
    holders = [{"key": people[role]["key"], "chat": "wecom_app"} for role in PAGES]
    for role, name in PAGES.items():
        await platform(demo, people[role]["userid"], f"请打开 {demo.base_url}/h5/{name}/")
    page = await simulator(camera_browser, contexts, demo, holders, DESKTOP)
    for place, (role, name) in enumerate(PAGES.items()):
        phone = page.locator(".phone").nth(place)
        await tap_link(phone, f"/h5/{name}/")
        inside: FrameLocator = phone.frame_locator("iframe")
        await expect(inside.locator("h1").first).to_be_visible(timeout=SLOW)
        frame = await frame_of(phone)
        assert f"/phone/{people[role]['key']}/h5/{name}/" in frame.url
        await expect(phone.locator(".title")).to_have_text(await frame.title())
        assert await frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    for place in range(len(PAGES)):
        phone = page.locator(".phone").nth(place)
        await phone.get_by_role("button", name="关闭页面").click()
        await expect(phone.locator(".messages")).to_be_visible()
