"""Tabs of the real call room for figures: real Chromium, real house, a canvas for a camera, each tab behind a link of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.journeys.browser import launched
from tests.journeys.call_people import Case
from tests.journeys.test_call_pages import MEDIA_ARGUMENTS
from tests.support.shaped_tab import shaped_context
from tests.support.shaper import Shaper

SCRIPT = Path(__file__).with_name("call_tab.js")
ROOM = {"patient": "room", "village_doctor": "doctor/room", "expert": "doctor/room"}


@dataclass(frozen=True)
class Camera:
    """The canvas: its size, pictures a second, the share of it that is noise (0–1), whether the ages of shown pictures are read, and how often
    getStats is asked (ms)."""

    width: int = 320
    height: int = 240
    rate: int = 25
    lively: float = 0.3
    ages: bool = False
    every: int = 100
    audio: dict[str, bool] | bool = True


@dataclass
class Tab:
    seat: str
    page: Page
    shaper: Shaper
    errors: list[str] = field(default_factory=list)

    async def join(self) -> float:
        """Press 加入; the moment, in ms of the tabs' common clock."""
        button = self.page.get_by_role("button", name="加入", exact=True)
        await button.wait_for(timeout=60_000)
        at: float = await button.evaluate("""async (button) => {
          while (button.disabled) await new Promise((done) => setTimeout(done, 20));
          const at = measured.now();
          button.click();
          return at;
        }""")
        return at

    async def leave(self) -> None:
        await self.page.get_by_role("button", name="退出").click()
        await self.page.get_by_role("button", name="再进视频").click()

    async def now(self) -> float:
        at: float = await self.page.evaluate("measured.now()")
        return at

    async def shown(self, seat: str, since: float = 0.0) -> list[tuple[float, float | None]]:
        """(when, age) of every picture of ``seat`` that was shown here, both in ms."""
        found: list[tuple[str, float, float | None]] = await self.page.evaluate("(since) => measured.shown.filter((one) => one[1] >= since)", since)
        return [(at, age) for name, at, age in found if name == seat]

    async def samples(self, since: float = 0.0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.page.evaluate("(since) => measured.samples.filter((one) => one.at >= since)", since)
        return found

    async def first_picture(self, seat: str, since: float, limit_ms: float = 60_000) -> float | None:
        """When the first picture of ``seat`` after ``since`` was shown; None when none came within the limit."""
        at: float | None = await self.page.evaluate("""async ([seat, since, limit]) => {
          while (true) {
            const found = measured.shown.find((one) => one[0] === seat && one[1] > since);
            if (found) return found[1];
            if (measured.now() - since > limit) return null;
            await new Promise((done) => setTimeout(done, 10));
          }
        }""", [seat, since, limit_ms])
        return at


def camera_browser(*more: str) -> AbstractAsyncContextManager[Browser]:
    """Chromium with a camera and a microphone of its own making."""
    return launched(*MEDIA_ARGUMENTS, *more)


@asynccontextmanager
async def open_tab(
    browser: Browser, base_url: str, case: Case, seat: str, camera: Camera, seed: int, size: tuple[int, int] = (800, 600)
) -> AsyncIterator[Tab]:
    """The room's page as ``seat`` opens it, behind a link that is open until it is told otherwise."""
    shaper = Shaper(seed)
    viewport = {"width": size[0], "height": size[1]}
    context = await shaped_context(browser, shaper, viewport=viewport, locale="zh-CN", permissions=["camera", "microphone"])
    await context.add_init_script(f"globalThis.tabOptions = {json.dumps(asdict(camera))};")
    await context.add_init_script(path=SCRIPT)
    page = await context.new_page()
    tab = Tab(seat, page, shaper)
    page.on("pageerror", lambda error: tab.errors.append(str(error)))
    page.set_default_timeout(60_000)
    try:
        await page.goto(f"{base_url}/phone/{case.people[seat].key}/h5/{ROOM[seat]}/{case.consultation_id}/")
        yield tab
    finally:
        await context.close()
        await shaper.close()
