"""What stands in the way of a call, in real browsers: each trouble reaches the timeline once; without a camera every mode can be left again; who
chose large letters has them in the room."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.journeys.browser import PHONE
from tests.journeys.call_people import Case, open_case
from tests.journeys.test_call_modules import AGENTS
from tests.journeys.test_call_pages import SLOW, camera_browser, contexts, decoded
from tests.support.demo import Demo

__all__ = ["camera_browser", "contexts"]

pytestmark = pytest.mark.browser

_FAILS = "navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{}'); }}"
_NO_CAMERA = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (wanted.video) throw new DOMException('', 'NotFoundError');
    return open(wanted);
  };"""
_NO_WAY = """
  const Real = RTCPeerConnection;
  RTCPeerConnection = class extends Real { constructor(given) { super({ ...given, iceTransportPolicy: 'relay' }); } };"""
BEFORE_THE_CALL: list[tuple[str, dict[str, str]]] = [
    ("refused_camera", {"script": _FAILS.format("NotAllowedError")}), ("no_device", {"script": _FAILS.format("NotFoundError")}),
    ("device_busy", {"script": _FAILS.format("NotReadableError")}), ("unfit_browser", {"script": "delete globalThis.RTCPeerConnection"}),
    ("wrong_device", {"agent": AGENTS["desktop"]}), ("weak_network", {"slow": "yes"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house, doctor_index=3)


class Room:
    """A tab before the call, and what it told of trouble."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.told: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        page.on("request", self._asked)
        page.on("websocket", lambda socket: socket.on("framesent", self._sent))

    def _asked(self, request: Any) -> None:
        if request.url.endswith("/call/trouble"):
            self.told.append(request.post_data_json)

    def _sent(self, frame: Any) -> None:
        self.said.append(json.loads(frame))

    def told_of(self, trouble: str) -> list[int]:
        """How many minutes before, of each time. A busy machine may find its network weak besides."""
        return [one["minutes_before"] for one in self.told if one["trouble"] == trouble]

    async def until(self, found: Callable[[], bool]) -> None:
        for _ in range(int(SLOW / 100)):
            if found():
                return
            await asyncio.sleep(0.1)
        raise AssertionError((self.told, await self.page.locator("body").inner_text()))

    async def sees(self, seat: str) -> None:
        """Further pictures of ``seat`` are decoded."""
        first = None
        async with asyncio.timeout(SLOW / 1000):
            for _ in itertools.count():
                counts = (await decoded(self.page)).get(seat)
                first = first if first is not None else counts
                if first and counts and counts["pictures"] >= first["pictures"] + 10:
                    return
                await asyncio.sleep(0.2)


async def opened(
    browser: Browser, contexts: list[BrowserContext], demo: Demo, case: Case, seat: str,
    *, script: str = "", agent: str | None = None, slow: str = "",
) -> Room:  # fmt: skip
    size = {"width": PHONE[0], "height": PHONE[1]}
    context = await browser.new_context(viewport=size, locale="zh-CN", permissions=["camera", "microphone"], user_agent=agent)
    contexts.append(context)
    page = await context.new_page()
    page.set_default_timeout(SLOW)
    if script:
        await page.add_init_script(f"{{ {script} }}")
    if slow:
        async def late(route: Any) -> None:
            if route.request.method == "GET":
                await asyncio.sleep(2.2)
            await route.continue_()

        await page.route("**/call", late)
    room = Room(page)
    path = "room" if seat == "patient" else "doctor/room"
    await page.goto(f"{demo.base_url}/phone/{case.people[seat].key}/h5/{path}/{case.consultation_id}/")
    return room


@pytest.mark.parametrize(("trouble", "how"), BEFORE_THE_CALL, ids=[trouble for trouble, _ in BEFORE_THE_CALL])
async def test_the_page_says_once_what_stands_in_the_way(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case, trouble: str, how: dict[str, str]
) -> None:
    for _ in range(2):
        room = await opened(camera_browser, contexts, running_demo_house, case, "patient", **how)
        await room.until(functools.partial(room.told_of, trouble))
        assert room.told_of(trouble) == [0]
    assert case.timeline().count(f"call.trouble.patient.{trouble}") == 1


async def test_what_finds_no_network_is_kept_and_told_when_there_is_one(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    room = await opened(camera_browser, contexts, running_demo_house, case, "patient")
    page = room.page
    await expect(page.get_by_text("正在看网络")).to_have_count(0)
    await page.context.set_offline(True)
    await room.until(lambda: bool(room.told_of("no_network")))
    kept = json.loads(await page.evaluate("localStorage.getItem('huizhen.call.troubles')"))
    assert ("no_network", case.consultation_id) in [(one["trouble"], one["consultation"]) for one in kept]
    assert set(kept[0]) == {"whose", "consultation", "trouble", "at"}
    assert "call.trouble.patient.no_network" not in case.timeline()
    # The phone is put away and found again: what was kept is old by then.
    await page.evaluate("""() => {
      const kept = JSON.parse(localStorage.getItem('huizhen.call.troubles'));
      localStorage.setItem('huizhen.call.troubles', JSON.stringify(kept.map((one) => ({ ...one, at: one.at - 7 * 60000 }))));
    }""")
    await page.context.set_offline(False)
    await room.until(lambda: "call.trouble_before.patient.no_network" in case.timeline())
    await page.wait_for_function("localStorage.getItem('huizhen.call.troubles') === null")
    assert set(room.told_of("no_network")) == {0, 7}


async def test_a_network_that_lets_no_media_through_is_told_once_however_often_it_is_tried(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    room = await opened(camera_browser, contexts, running_demo_house, case, "patient", script=_NO_WAY)
    await room.page.get_by_role("button", name="加入", exact=True).click()
    await expect(room.page.locator(".call-line")).to_contain_text("网络不让视频通过")
    published = [one["type"] for one in room.said].count("publish")
    await room.until(lambda: [one["type"] for one in room.said].count("publish") >= published + 2)
    assert room.told_of("no_media_path") == [0]
    await room.page.get_by_role("button", name="退出").click()
    assert case.timeline().count("call.trouble.patient.no_media_path") == 1


async def test_without_a_camera_the_voice_mode_can_be_left_and_pictures_come_back(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    doctor = await opened(camera_browser, contexts, running_demo_house, case, "village_doctor")
    await doctor.page.get_by_role("button", name="加入", exact=True).click()
    patient = await opened(camera_browser, contexts, running_demo_house, case, "patient", script=_NO_CAMERA)
    page = patient.page
    await page.get_by_role("button", name="加入(只用声音)").click()
    voice, camera = page.get_by_role("button", name="语音模式"), page.get_by_role("button", name="开画面")
    await expect(camera).to_be_visible()
    await patient.sees("village_doctor")

    def wanted() -> list[bool]:
        return [one["pictures"] for one in patient.said if one["type"] == "state"]

    await voice.click()
    await expect(voice).to_have_attribute("aria-pressed", "true")
    await patient.until(lambda: wanted()[-1] is False)
    await voice.click()
    await expect(voice).to_have_attribute("aria-pressed", "false")
    await patient.until(lambda: wanted()[-1] is True)
    await expect(page.get_by_text("您在用语音模式")).to_have_count(0)
    await expect(page.get_by_text("摄像头打不开")).to_be_visible()
    await patient.sees("village_doctor")
    # What each one's picture goes out as is said with what was measured; who has no camera sends none.
    await doctor.until(lambda: any(one.get("rung") for one in doctor.said if one["type"] == "quality"))
    await patient.until(lambda: any(one["type"] == "quality" for one in patient.said))
    assert {one["rung"] for one in patient.said if one["type"] == "quality"} == {None}
    for room in (patient, doctor):
        await room.page.get_by_role("button", name="退出").click()


async def test_who_chose_large_letters_has_them_in_the_room_at_once(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    async def large(seat: str) -> bool:
        room = await opened(camera_browser, contexts, running_demo_house, case, seat)
        button = room.page.get_by_role("button", name="大字")
        await expect(button).to_be_visible()
        found = await room.page.evaluate("document.documentElement.classList.contains('care')")
        assert await button.get_attribute("aria-pressed") == ("true" if found else "false")
        return bool(found)

    assert not await large("patient")
    answer = case.people["patient"].post("/v1/commands", {"command": "people.choose_reading", "arguments": {"elder": True}})
    assert answer.status_code == 200, answer.text
    assert await large("patient")
    assert not await large("village_doctor")
