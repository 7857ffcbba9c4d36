"""What a page says while it waits for its data: the village doctor's and the mini program's, on a phone and on a computer's screen."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.people import roster
from tests.support.demo import Demo

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [PHONE, (1280, 900)])
@pytest.mark.parametrize(("role", "path", "held", "then"), [
    ("village_doctor", "doctor/", "**/v1/patient-list*", "main .weui-cell"), ("patient", "mini/#/consultations", "**/v1/consultations*", "main h1"),
])
async def test_it_says_that_it_fetches(
    visiting: Visiting, running_demo_house: Demo, role: str, path: str, held: str, then: str, size: tuple[int, int]
) -> None:
    people = [one for one in roster(running_demo_house) if one["role"] == role and (role != "patient" or one.get("mini_program_openid"))]
    page = (await visiting(f"{running_demo_house.base_url}/phone/{people[4]['key']}/h5/{path}", size)).page
    await expect(page.locator(then).first).to_be_visible()
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await page.route(held, hold)
    await page.reload()
    await expect(page.get_by_role("status").filter(has_text="正在").first).to_be_visible()
    await assert_readable(page)
    go_on.set()
    await expect(page.locator(then).first).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="正在")).to_have_count(0)
