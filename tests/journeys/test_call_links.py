"""Calls on weak links, in real browsers behind the seeded shaper: sound survives, the picture returns, nobody is disconnected, and whoever lost his
network or got another one is back without a touch. Deadlines are generous: nothing here measures a speed (benchmarks/call_quality.py does)."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from benchmarks.support.call_tabs import Camera, Tab, open_tab
from benchmarks.support.call_tabs import camera_browser as shaped_browser
from tests.journeys.browser import PHONE, assert_readable
from tests.journeys.call_people import Case, open_case
from tests.journeys.test_call_pages import PICTURES, camera_browser, contexts, tab
from tests.support.demo import Demo
from tests.support.links import Link

__all__ = ["camera_browser", "contexts"]

pytestmark = pytest.mark.browser

GOOD = Link(1_000_000, 0.02)
HARDLY = Link(50_000, 0.04, loss=0.10)
LONG_S = 90
SEATS = {"expert": (1280, 800), "village_doctor": (1280, 800), "patient": PHONE}
CAMERA = Camera(160, 120, 10, 0.1, every=250)


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house)


@pytest.fixture
async def tabs(running_demo_house: Demo, case: Case) -> AsyncIterator[dict[str, Tab]]:
    """All three in the call; the patient's network is weak or goes, as the test says."""
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(shaped_browser())
        made = {
            seat: await stack.enter_async_context(open_tab(browser, running_demo_house.base_url, case, seat, CAMERA, seed, size))
            for seed, (seat, size) in enumerate(SEATS.items())
        }
        made["patient"].shaper.set(GOOD)
        for one in made.values():
            await one.join()
        await pictures_come(made, 0)
        yield made
        assert [error for one in made.values() for error in one.errors] == []


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    for _ in range(LONG_S * 3):
        if await condition():
            return
        await asyncio.sleep(0.33)
    raise AssertionError(what)


async def pictures_come(tabs: dict[str, Tab], since: float) -> None:
    """Each shows ten pictures of each other that are younger than ``since``."""

    async def all_shown() -> bool:
        return all([len(await tabs[me].shown(other, since)) >= 10 for me in tabs for other in tabs if other != me])

    await until(all_shown, "pictures did not come")


async def heard(one: Tab, seat: str, since: float) -> float:
    """Seconds of sound of ``seat`` that really arrived since then."""
    counts = [sample["received"].get(f"{seat} audio") for sample in await one.samples(since)]
    real = [count["totalSamplesReceived"] - count.get("concealedSamples", 0) for count in counts if count and "totalSamplesReceived" in count]
    return sum(max(0, after - before) for before, after in itertools.pairwise(real)) / 48_000


async def states(one: Tab, since: float) -> set[str]:
    return {sample["state"] for sample in await one.samples(since)}


async def keep(one: Tab, name: str) -> None:
    if PICTURES:
        await one.page.screenshot(path=str(Path(PICTURES) / f"room-{name}.png"))


async def test_sound_survives_fifty_kilobits_and_the_picture_returns(tabs: dict[str, Tab], case: Case) -> None:
    patient, expert = tabs["patient"], tabs["expert"]
    fell = await patient.now()
    patient.shaper.set(HARDLY)

    async def both_hear() -> bool:
        return min(await heard(patient, "expert", fell + 2000), await heard(expert, "patient", fell + 2000)) >= 5

    await until(both_hear, "speech did not get through")
    await assert_readable(patient.page)
    await keep(patient, "weak-360")
    await keep(expert, "weak-1280")
    assert await states(expert, fell) == {"connected"}
    patient.shaper.set(GOOD)
    await pictures_come(tabs, await patient.now())
    assert [kind for kind in case.timeline() if kind.startswith(("call.dropped", "call.left"))] == []


async def test_a_network_that_was_gone_or_became_another_one_is_come_back_from(tabs: dict[str, Tab], case: Case) -> None:
    patient = tabs["patient"]
    line, faces = patient.page.locator(".call-line"), patient.page.locator(".face video")
    shown = await faces.count()
    patient.shaper.drop(6, GOOD)
    await expect(line).to_contain_text("自动重连", timeout=20_000)
    assert await faces.count() == shown  # what was seen last stays
    await keep(patient, "reconnecting")
    await expect(line).to_be_hidden(timeout=LONG_S * 1000)
    await pictures_come(tabs, await patient.now())

    patient.shaper.change_address()
    await expect(line).to_contain_text("自动重连", timeout=20_000)
    await expect(line).to_be_hidden(timeout=LONG_S * 1000)
    await pictures_come(tabs, await patient.now())
    assert case.timeline().count("call.ended") == 0
    for one in tabs.values():
        await expect(one.page.get_by_text("您已退出视频")).to_have_count(0)


async def test_sound_alone_by_one_tap_before_and_in_the_call(tabs: dict[str, Tab]) -> None:
    patient, expert = tabs["patient"], tabs["expert"]
    await patient.page.get_by_role("button", name="语音模式").click()
    await expect(expert.page.locator(".without:not([hidden])", has_text="只用声音")).to_be_visible()
    await expect(patient.page.locator(".without:not([hidden])", has_text="语音模式")).to_have_count(2)
    await assert_readable(patient.page)
    await patient.page.get_by_role("button", name="退出").click()
    await patient.page.get_by_role("button", name="再进视频").click()
    since = await expert.now()
    await patient.page.get_by_role("button", name="只用声音加入").click()
    await expect(patient.page.get_by_role("button", name="语音模式")).to_have_attribute("aria-pressed", "true")
    await until(lambda: _hears(expert, "patient", since), "sound alone did not get through")


async def _hears(one: Tab, seat: str, since: float) -> bool:
    return await heard(one, seat, since) >= 1


def _expire(demo: Demo) -> None:
    with closing(sqlite3.connect(demo.data_dir / "practice.sqlite3", timeout=30)) as connection, connection:
        connection.execute("UPDATE call_ticket SET expires_at = '2020-01-01 00:00:00+00:00' WHERE used_at IS NULL")


@pytest.mark.parametrize("kind", ["wrong", "expired"])
async def test_a_fourth_tab_with_a_wrong_or_an_expired_ticket_is_turned_away(
    camera_browser: Browser, contexts: list[Any], running_demo_house: Demo, case: Case, kind: str, on_mariadb: bool
) -> None:
    """A used one: tests/journeys/test_call_pages.py."""
    if on_mariadb and kind == "expired":
        pytest.skip("the ticket is made old in SQLite's file")
    ticket = "x" * 43 if kind == "wrong" else await asyncio.to_thread(case.ticket, "expert")
    if kind == "expired":
        await asyncio.to_thread(_expire, running_demo_house)
    fourth = await tab(camera_browser, contexts, running_demo_house, case, "expert")

    async def given(route: Any) -> None:
        answer = {"ticket": ticket, "expires_at": "2026-01-01T00:00:00Z", "call_id": "0" * 26, "seat": "expert", "seat_label": "专家"}
        if route.request.method == "POST":
            await route.fulfill(status=201, json=answer)
        else:
            await route.continue_()

    await fourth.page.route("**/call", given)
    await fourth.page.get_by_role("button", name="加入", exact=True).click()
    await expect(fourth.page.get_by_role("button", name="回到视频页")).to_be_visible(timeout=30_000)
    said = {"wrong": "没有权限", "expired": "过期"}[kind]
    await expect(fourth.page.get_by_role("status")).to_contain_text(said)
    assert await fourth.page.locator("video[data-seat]").count() == 0
