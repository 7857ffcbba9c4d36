"""The call room in real browsers: three tabs with cameras see and hear each other, a used ticket opens nothing, and whatever breaks comes back."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from websockets.asyncio.client import connect

from tests.journeys.browser import MOST_BYTES, PHONE, Visit, assert_readable, launched
from tests.journeys.call_people import Case, open_case
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

MEDIA_ARGUMENTS = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""A folder to keep pictures of the pages in."""
SLOW = 40_000

# What this tab decodes of each other seat, by getStats: pictures, and samples of sound that were really received.
_DECODED = """async () => {
  const { call } = await import(new URL("../room.js", document.baseURI));
  const found = {};
  if (!call?.receiving) return found;
  const seats = new Map();
  for (const [seat, stream] of call.streams) for (const track of stream.getTracks()) seats.set(track.id, seat);
  for (const one of (await call.receiving.getStats()).values()) {
    if (one.type !== "inbound-rtp") continue;
    const seat = seats.get(one.trackIdentifier);
    found[seat] ??= { pictures: 0, sounds: 0 };
    if (one.kind === "video") found[seat].pictures = one.framesDecoded ?? 0;
    else found[seat].sounds = (one.totalSamplesReceived ?? 0) - (one.concealedSamples ?? 0);
  }
  return found;
}"""


@pytest.fixture(scope="module")
async def camera_browser() -> AsyncIterator[Browser]:
    async with launched(*MEDIA_ARGUMENTS) as browser:
        yield browser


@pytest.fixture
async def contexts(camera_browser: Browser) -> AsyncIterator[list[BrowserContext]]:
    made: list[BrowserContext] = []
    yield made
    for context in made:
        await context.close()


async def tab(browser: Browser, contexts: list[BrowserContext], demo: Demo, case: Case, seat: str, size: tuple[int, int] = (1280, 800)) -> Visit:
    """The room as the person of ``seat`` opens it from a card or a chat: signed in by OAuth on the way."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", permissions=["camera", "microphone"])
    contexts.append(context)
    visit = Visit(await context.new_page())
    visit.page.on("pageerror", lambda error: visit.troubles.append(str(error)))
    visit.page.set_default_timeout(SLOW)
    page = "room" if seat == "patient" else "doctor/room"

    visit.page.on("response", visit.keep)
    await visit.page.goto(f"{demo.base_url}/phone/{case.people[seat].key}/h5/{page}/{case.consultation_id}/")
    return visit


async def decoded(page: Page) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = await page.evaluate(_DECODED)
    return found


async def all_meet(tabs: dict[str, Visit], seconds: float = 40) -> None:
    """Every tab decodes further pictures and sounds of every other one."""
    first = {seat: await decoded(visit.page) for seat, visit in tabs.items()}
    async with asyncio.timeout(seconds):
        while True:
            now = {seat: await decoded(visit.page) for seat, visit in tabs.items()}
            if all(_grew(first[me].get(other), now[me].get(other)) for me in tabs for other in tabs if other != me):
                return
            for me in tabs:
                for other, counts in now[me].items():
                    if counts["pictures"] < first[me].get(other, counts)["pictures"]:
                        first[me] = now[me]  # a new connection counts from nothing
            await asyncio.sleep(0.3)


def _grew(before: dict[str, int] | None, now: dict[str, int] | None) -> bool:
    before = before or {"pictures": 0, "sounds": 0}
    return now is not None and now["pictures"] >= before["pictures"] + 10 and now["sounds"] >= before["sounds"] + 9600


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"room-{name}.png"))


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house)


async def test_three_tabs_see_and_hear_each_other(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    demo = running_demo_house
    sizes = {"patient": PHONE, "village_doctor": (1280, 800), "expert": (1280, 800)}
    tabs = {seat: await tab(camera_browser, contexts, demo, case, seat, size) for seat, size in sizes.items()}
    for seat, visit in tabs.items():
        join = visit.page.get_by_role("button", name="加入", exact=True)
        await expect(join).to_be_enabled()
        await expect(visit.page.locator(".light-green")).to_be_visible()
        await assert_readable(visit.page)
        await picture(visit.page, f"before-{seat}")
        await join.click()
    await all_meet(tabs)
    for seat, visit in tabs.items():
        await expect(visit.page.locator(".call-line")).to_be_hidden()
        await assert_readable(visit.page)
        await picture(visit.page, f"in-{seat}")
        assert await visit.compressed() < MOST_BYTES
        assert [url for url in visit.loaded if not url.startswith(demo.base_url)] == []
    joined = [kind for kind in case.timeline() if kind.startswith("call.joined")]
    assert sorted(joined) == ["call.joined.expert", "call.joined.patient", "call.joined.village_doctor"]
    assert "begin" in case.timeline()

    await _one_face_large(tabs["patient"].page)
    await _voice_mode_and_mute(tabs)
    await _leave_and_come_back(tabs, case)
    await _the_media_process_dies(tabs, demo)
    await _every_web_process_dies(tabs, demo)
    assert [trouble for visit in tabs.values() for trouble in visit.troubles] == []
    for visit in tabs.values():
        await visit.page.get_by_role("button", name="退出").click()
        await expect(visit.page.get_by_role("button", name="再进视频")).to_be_enabled()
        back = await visit.page.get_by_role("link", name="回到会诊").get_attribute("href") or ""
        assert back.endswith(case.consultation_id)
        page = await visit.page.context.request.get(urljoin(visit.page.url, back))
        assert (page.status, page.headers["content-type"].partition(";")[0]) == (200, "text/html"), back


async def _one_face_large(page: Page) -> None:
    """On a phone, where each of two faces is small."""
    await page.get_by_role("button", name=re.compile("^放大:.*村医")).click()
    large, small = page.locator(".face.large"), page.locator(".face:not(.large)")
    await expect(large.locator("figcaption")).to_contain_text("村医")
    await expect(small.locator("figcaption")).to_be_visible()
    await expect(small.locator("figcaption")).to_contain_text("专家")
    heights = [(await one.bounding_box() or {})["height"] for one in (large, small)]
    assert heights[0] > 2 * heights[1]
    await assert_readable(page)
    await picture(page, "large")
    await large.click()
    await expect(large).to_have_count(0)
    await expect(page.get_by_role("button", name=re.compile("^放大:"))).to_have_count(2)


async def _voice_mode_and_mute(tabs: dict[str, Visit]) -> None:
    patient, expert = tabs["patient"].page, tabs["expert"].page
    await patient.get_by_role("button", name="语音模式").click()
    await patient.get_by_role("button", name="静音").click()
    await expect(expert.locator(".without:not([hidden])", has_text="只用声音")).to_be_visible()
    await expect(expert.locator("figcaption", has_text="已静音")).to_be_visible()
    await expect(patient.get_by_role("button", name="语音模式")).to_have_attribute("aria-pressed", "true")
    await picture(patient, "voice")
    await patient.get_by_role("button", name="语音模式").click()
    await patient.get_by_role("button", name="已静音").click()
    await expect(expert.locator(".without:not([hidden])", has_text="只用声音")).to_have_count(0)
    await all_meet(tabs)


async def _leave_and_come_back(tabs: dict[str, Visit], case: Case) -> None:
    page = tabs["village_doctor"].page
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_text("您已退出视频。")).to_be_visible()
    await picture(page, "left")
    await expect(tabs["expert"].page.locator(".without:not([hidden])", has_text="已退出")).to_be_visible()
    await page.get_by_role("button", name="再进视频").click()
    await page.get_by_role("button", name="加入", exact=True).click()
    await all_meet(tabs)
    kinds = case.timeline()
    assert kinds.count("call.joined.village_doctor") == 2, kinds


async def _the_media_process_dies(tabs: dict[str, Visit], demo: Demo) -> None:
    demo.kill("media")
    line = tabs["patient"].page.locator(".call-line")
    await expect(line).to_contain_text("自动重连")
    await picture(tabs["patient"].page, "reconnecting")
    await asyncio.to_thread(demo.wait_serving, "media")
    await all_meet(tabs, 60)
    await expect(line).to_be_hidden()


async def _every_web_process_dies(tabs: dict[str, Visit], demo: Demo) -> None:
    """Sockets are gone at once; the pages get new tickets and come back through the processes that are started in their place."""
    for name in ("web-1", "web-2"):
        demo.kill(name)
    await expect(tabs["expert"].page.locator(".call-line")).to_contain_text("自动重连")
    for name in ("web-1", "web-2"):
        await asyncio.to_thread(demo.wait_serving, name)
    await all_meet(tabs, 60)


async def test_the_way_in_from_the_pages(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    """The village doctor's page and the patient's mini program lead there, each by the sign-in of their own platform."""
    for seat, path in (("village_doctor", "h5/doctor/cases/"), ("patient", f"h5/mini/#/consultation/{case.consultation_id}")):
        context = await camera_browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN", permissions=["camera", "microphone"])
        contexts.append(context)
        page = await context.new_page()
        await page.goto(f"{running_demo_house.base_url}/phone/{case.people[seat].key}/{path}")
        await page.get_by_role("link", name="进入视频").first.click(timeout=SLOW)
        await expect(page.get_by_role("button", name="加入", exact=True)).to_be_enabled(timeout=SLOW)


async def test_the_way_in_from_the_chat(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    """Staff get a link; the patient too while he may be written to, else a template message that says where to tap."""
    demo = running_demo_house
    for seat, chat in (("village_doctor", "wecom_app"), ("expert", "wecom_app"), ("patient", "official_account")):
        person = case.people[seat]
        async with httpx.AsyncClient(trust_env=False) as client:
            address = f"{demo.base_url}/simulator/people/{person.key}/chats/{chat}/messages"
            for _ in range(100):
                sent = (await client.get(address)).text
                if f"room/{case.consultation_id}/" in sent or "进入视频" in sent:
                    break
                await asyncio.sleep(0.2)
        path = "h5/room" if seat == "patient" else "h5/doctor/room"
        linked = f"{demo.base_url}/{path}/{case.consultation_id}/" in sent
        assert linked or (seat == "patient" and "请到小程序「会诊」里进入视频" in sent), seat


async def test_a_used_ticket_and_a_strangers_tab_are_turned_away(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    ticket = await asyncio.to_thread(case.ticket, "expert")
    expert = case.people["expert"]
    address = expert.base_url.replace("http", "ws") + "/v1/realtime/call"

    async def hello(seat: str) -> dict[str, Any]:
        async with connect(address, additional_headers=case.people[seat].headers, proxy=None) as socket:
            await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
            answer: dict[str, Any] = json.loads(await socket.recv())
            return answer

    assert (await hello("patient"))["code"] == "access.denied"
    assert (await hello("expert"))["type"] == "welcome"
    assert (await hello("expert"))["code"] == "call.ticket_used"

    # In a tab: the page of the expert whose ticket was used already, for instance by a copy of the request.
    fourth = await tab(camera_browser, contexts, running_demo_house, case, "expert")

    async def used(route: Any) -> None:
        answer = {"ticket": ticket, "expires_at": "2026-01-01T00:00:00Z", "call_id": "0" * 26, "seat": "expert", "seat_label": "专家"}
        if route.request.method == "POST":
            await route.fulfill(status=201, json=answer)
        else:
            await route.continue_()

    await fourth.page.route("**/call", used)
    await fourth.page.get_by_role("button", name="加入", exact=True).click()
    await expect(fourth.page.get_by_text("这张入场券已经用过")).to_be_visible()
    await picture(fourth.page, "used-ticket")
    assert (await decoded(fourth.page)) == {}


async def test_without_camera_the_page_says_what_to_do_and_the_timeline_why(
    chromium_without_camera: Browser, running_demo_house: Demo, case: Case, contexts: list[BrowserContext]
) -> None:
    visit = await tab(chromium_without_camera, contexts, running_demo_house, case, "patient", PHONE)
    await visit.page.context.clear_permissions()
    await expect(visit.page.get_by_role("alert")).to_be_visible()
    await expect(visit.page.get_by_role("button", name="加入(听和看)")).to_be_enabled()
    await expect(visit.page.locator(".check")).to_contain_text("没有话筒")
    await expect(visit.page.locator(".check")).not_to_contain_text("说句话试试")
    await assert_readable(visit.page)
    await picture(visit.page, "no-camera")
    assert any(kind.startswith("call.trouble.patient") for kind in case.timeline())
    assert visit.troubles == []


@pytest.fixture(scope="module")
async def chromium_without_camera() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser
