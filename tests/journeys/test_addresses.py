"""Addresses that nobody of ours wrote: a damaged link leads to the first page, and never to an empty one."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect

from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.people import roster
from tests.support.demo import Demo

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


@pytest.mark.parametrize("size", [PHONE, (1280, 800)], ids=["360", "1280"])
async def test_an_address_that_is_none_says_so_and_leads_home(visiting: Visiting, running_demo_house: Demo, size: tuple[int, int]) -> None:
    demo = running_demo_house
    page = (await visiting(f"{demo.base_url}/h5/nosuch/", size)).page
    await expect(page.locator("h1")).to_have_text("没有这一页")
    await assert_readable(page)
    await expect(page.get_by_role("link", name="回首页")).to_have_attribute("href", "/h5/mini/")
    patient = next(one for one in roster(demo) if one["role"] == "patient")["key"]
    await page.goto(f"{demo.base_url}/phone/{patient}/h5/mini/nosuch.html")
    await page.get_by_role("link", name="回首页").click()
    await expect(page.locator("h1")).to_have_text("会诊")


def test_programs_are_answered_in_json(running_demo_house: Demo) -> None:
    with httpx.Client(base_url=running_demo_house.base_url, trust_env=False, timeout=30) as client:
        for path, accept in (("/h5/nosuch/", "*/*"), ("/v1/nosuch", "text/html"), ("/fhir/nosuch", "text/html")):
            answer = client.get(path, headers={"Accept": accept})
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "application/problem+json"), path
