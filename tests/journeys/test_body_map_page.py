"""人体图: a place is tapped, a feeling, a number, and the dialogue goes on from the sentence that came of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import Visiting, assert_at_home, assert_readable, chromium, visiting
from tests.journeys.people import roster
from tests.journeys.test_patient_pages import SLOW, WIDE, keep, opened, turn_to
from tests.support.demo import Demo

__all__ = ["chromium", "visiting"]

pytestmark = pytest.mark.browser

LEAST_TOUCH = 43.5
"""CSS pixels: 44, and what rounding of a drawing takes."""


async def test_who_cannot_name_it_points_at_it(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    phone = next(one for one in roster(demo)[::-1] if one.get("mini_program_openid"))["key"]
    visit = await opened(visiting, demo, phone)
    page = visit.page
    await page.get_by_role("link", name="看人体图").click()
    await expect(page.get_by_role("heading", name="点一点哪里不舒服")).to_be_visible()
    await assert_readable(page)
    for place in await page.locator(".body-place").all():
        box = await place.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= LEAST_TOUCH, await place.get_attribute("aria-label")

    await page.get_by_role("button", name="妈妈", exact=True).click()
    await page.get_by_role("button", name="右膝盖", exact=True).click()
    feelings = page.get_by_role("group", name="膝盖怎么不舒服")
    await feelings.get_by_role("button", name="膝盖疼", exact=True).click()
    await page.get_by_role("button", name="6 分,难受").click()
    await page.get_by_role("button", name="三天了").click()
    sentence = page.get_by_label("要说的话")
    await expect(sentence).to_have_value("我妈右膝盖疼,疼痛6分,三天了")
    await assert_readable(page)
    await keep(page, "mini-where-360")
    await turned_by_keys(page)
    # What is tapped once more is gone again; what somebody wrote himself stays.
    await page.get_by_role("group", name="点到的").get_by_role("button", name="腰疼", exact=True).click()
    await expect(sentence).to_have_value("我妈右膝盖疼,疼痛6分,三天了")
    await sentence.fill("我妈右膝盖疼,疼痛6分,三天了,下不了楼")
    await page.get_by_role("button", name="前面", exact=True).click()
    await page.get_by_role("button", name="头、脸", exact=True).click()
    await page.get_by_role("button", name="头晕", exact=True).click()
    await expect(sentence).to_have_value("我妈右膝盖疼,疼痛6分,三天了,下不了楼,头晕")
    await sentence.fill("我妈右膝盖疼,疼痛6分,三天了")
    await page.get_by_role("button", name="告诉助手").click()
    answer = page.locator(".mini-bubble-practice").first
    await expect(answer).to_be_visible(timeout=SLOW)
    await expect(page.get_by_role("log")).to_contain_text("我妈右膝盖疼")
    await expect(page.get_by_role("group", name="可以点着回答")).to_be_visible(timeout=SLOW)
    await assert_readable(page)
    assert_at_home(visit, demo.base_url)

    wide = (await opened(visiting, demo, phone, "where", WIDE)).page
    await wide.get_by_role("button", name="胸口", exact=True).click()
    await wide.get_by_role("button", name="胸口疼", exact=True).click()
    await assert_readable(wide)
    await keep(wide, "mini-where-1280")


async def turned_by_keys(page: Page) -> None:
    """The back, reached and pressed without a finger."""
    await page.get_by_role("button", name="后面", exact=True).click()
    await page.get_by_role("button", name="腰", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("group", name="腰怎么不舒服").get_by_role("button", name="腰疼", exact=True).click()
    await expect(page.get_by_label("要说的话")).to_have_value("我妈右膝盖疼,腰疼,疼痛6分,三天了")


async def test_without_a_network_it_says_what_else_can_be_done(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    phone = next(one for one in roster(demo)[::-1] if one.get("mini_program_openid"))["key"]
    page = (await opened(visiting, demo, phone)).page
    await page.route("**/body_map.json", lambda route: route.abort())
    await turn_to(page, "where")
    await expect(page.locator("main")).to_contain_text("也可以直接在聊天里说哪里不舒服")
    await assert_readable(page)
    await page.unroute("**/body_map.json")
    await page.get_by_role("button", name="再试").click()
    await expect(page.get_by_role("button", name="胸口", exact=True)).to_be_visible()
