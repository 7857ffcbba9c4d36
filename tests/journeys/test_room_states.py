"""The room's own page before there is a room: while it opens, for whom it is not, without a sign-in, without a network."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.call_people import Case, open_case
from tests.journeys.people import roster
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

CALL = re.compile(r"/v1/consultations/[^/]+/call$")


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house, doctor_index=8)


async def room(visiting: Visiting, demo: Demo, case: Case, key: str, size: tuple[int, int] = PHONE) -> Page:
    return (await visiting(f"{demo.base_url}/phone/{key}/h5/room/{case.consultation_id}/", size)).page


async def test_it_says_that_it_opens_and_what_to_do_without_a_network(visiting: Visiting, running_demo_house: Demo, case: Case) -> None:
    page = await room(visiting, running_demo_house, case, case.people["patient"].key)
    await expect(page.locator("h1")).to_contain_text("视频会诊")
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.abort("internetdisconnected")

    await page.route(CALL, hold)
    await page.reload()
    await expect(page.locator("#room [role=status]")).to_have_text("正在打开…")
    await assert_readable(page)
    held.set()
    await expect(page.get_by_role("alert")).to_contain_text("网络")
    await assert_readable(page)
    await page.unroute(CALL)
    await page.get_by_role("button", name="再试").click()
    await expect(page.locator("h1")).to_contain_text("视频会诊")


@pytest.mark.parametrize("size", [PHONE, (1280, 900)])
async def test_who_was_not_invited_is_told_where_to_open_it(visiting: Visiting, running_demo_house: Demo, case: Case, size: tuple[int, int]) -> None:
    invited = {one.key for one in case.people.values()}
    other = next(one["key"] for one in roster(running_demo_house) if one.get("mini_program_openid") and one["key"] not in invited)
    page = await room(visiting, running_demo_house, case, other, size)
    await expect(page.locator("#room")).to_contain_text("这次视频没有邀请您。请从您自己收到的消息里打开。")
    await assert_readable(page)


async def test_whose_sign_in_is_over_is_told_to_open_it_from_wechat(visiting: Visiting, running_demo_house: Demo, case: Case) -> None:
    page = await room(visiting, running_demo_house, case, case.people["patient"].key)

    async def refused(route: Route) -> None:
        await route.fulfill(status=401, json={"code": "auth.unknown", "title": "请先登录", "status": 401})

    await page.route("**/v1/**", refused)
    await page.reload()
    await expect(page.locator("#room")).to_contain_text("请从微信里打开")
    await assert_readable(page)
