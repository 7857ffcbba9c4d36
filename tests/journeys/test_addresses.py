"""Addresses that nobody of ours wrote: a damaged link leads to the first page, and never to an empty one."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.journeys.browser import PHONE, Visiting, chromium, visiting
from tests.journeys.people import roster
from tests.support.demo import Demo

__all__ = ["chromium", "visiting"]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("page", "role"), [("mini", "patient"), ("doctor", "village_doctor"), ("desk", "expert")])
async def test_a_damaged_address_leads_to_the_first_page(visiting: Visiting, running_demo_house: Demo, page: str, role: str) -> None:
    demo = running_demo_house
    person = next(one for one in roster(demo) if one["role"] == role)
    place = f"{demo.base_url}/phone/{person['key']}/h5/{page}/"
    visit = await visiting(place, PHONE)
    first = await visit.page.locator("h1").inner_text()
    for damaged in ("%", "%E5%8", "constructor", "toString/1"):
        await visit.page.goto(f"{place}#/{damaged}")
        await visit.page.reload()
        await expect(visit.page.locator("h1")).to_have_text(first)
