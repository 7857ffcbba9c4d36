"""人体图: a place is tapped, a feeling, a number, and the dialogue goes on from the sentence that came of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import PHONE, Visiting, assert_at_home, assert_readable
from tests.journeys.people import roster
from tests.journeys.test_patient_pages import SLOW, WIDE, keep, opened, turn_to
from tests.support.demo import Demo

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
    await assert_at_home(visit, demo.base_url)

    wide = (await opened(visiting, demo, phone, "where", WIDE)).page
    await wide.get_by_role("button", name="胸口", exact=True).click()
    await wide.get_by_role("button", name="胸口疼", exact=True).click()
    await assert_readable(wide)
    await beside_the_figure(wide)
    await keep(wide, "mini-where-1280")


async def beside_the_figure(page: Page) -> None:
    """On a wide screen what is written stands beside the figure, in sight without scrolling."""
    figure, field = await page.locator(".body-map").bounding_box(), await page.get_by_label("要说的话").bounding_box()
    assert figure is not None
    assert field is not None
    assert field["x"] >= figure["x"] + figure["width"]
    assert figure["y"] - 200 < field["y"] < WIDE[1]


async def test_an_open_question_is_answered_on_the_home_page(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    phone = [one for one in roster(demo)[::-1] if one.get("mini_program_openid")][1]["key"]
    page = (await opened(visiting, demo, phone, "where")).page
    await page.get_by_label("要说的话").fill("头痛三天")
    await page.get_by_role("button", name="告诉助手").click()
    await expect(page.get_by_role("group", name="可以点着回答")).to_be_visible(timeout=SLOW)
    await turn_to(page, "")
    for size, seen in ((PHONE, page), (WIDE, (await opened(visiting, demo, phone, "", WIDE)).page)):
        part = seen.get_by_role("region", name="问诊还没问完")
        await expect(part).to_contain_text("头痛是不是突然一下子痛到顶")
        await expect(part.get_by_role("group", name="可以点着回答").get_by_role("button", name="都没有")).to_be_visible()
        await expect(part.get_by_label("您的回答")).to_be_visible()
        await expect(part.get_by_role("link", name="看人体图")).to_be_visible()
        await assert_readable(seen)
        await keep(seen, f"mini-home-open-{size[0]}")
    wide_part = seen.get_by_role("region", name="问诊还没问完")
    await wide_part.get_by_role("button", name="都没有").click()
    await expect(wide_part.locator(".mini-bubble-practice").nth(1)).to_be_visible(timeout=SLOW)
    await expect(wide_part).to_contain_text("都没有")
    await assert_readable(seen)
    await keep(seen, "mini-home-answered-1280")
    await wide_part.get_by_role("link", name="看人体图").click()
    await expect(seen.get_by_role("heading", name="点一点哪里不舒服")).to_be_visible()


async def test_swallowed_poison_shows_120_first_and_who_listens(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    phone = [one for one in roster(demo)[::-1] if one.get("mini_program_openid")][2]["key"]
    page = (await opened(visiting, demo, phone, "where")).page
    await page.get_by_label("要说的话").fill("喝了百草枯")
    await page.get_by_role("button", name="告诉助手").click()
    await expect(page.get_by_role("group", name="可以点着回答").get_by_role("button", name="不小心的")).to_be_visible(timeout=SLOW)
    for size, seen in ((PHONE, page), (WIDE, (await opened(visiting, demo, phone, "", WIDE)).page)):
        danger = seen.get_by_role("alert").first
        await expect(danger).to_contain_text("百草枯、敌草快中毒,请马上打 120")
        await expect(danger).to_contain_text("我在这儿")
        await expect(danger.get_by_role("link")).to_have_text(["拨打 120", "拨打 110", "拨打 12356 心理援助热线"])
        await assert_readable(seen)
        await keep(seen, f"mini-poison-{size[0]}")


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
