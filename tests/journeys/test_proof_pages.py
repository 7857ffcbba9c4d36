"""出示证明 and 查验证明 in a real browser, on the real web application: one phone that shows, one desk that has no account."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from core.credentials.models import IssuedCredential
from core.people.commands_sessions import OpenSession
from core.people.models import CareRelation
from tests.core.credentials.conftest import holder, quick_keys
from tests.core.credentials.people import MEMBER, Holder
from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.miniprogram_api.http.conftest import Face, face
from tests.support.county import SYSTEM

__all__ = ["face", "holder", "quick_keys"]

pytestmark = [pytest.mark.browser, pytest.mark.storage]

DESK = (1280, 800)
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""A folder that keeps what the pages looked like, for the documentation; empty keeps nothing."""


@pytest.fixture
async def working(holder: Holder) -> AsyncIterator[Holder]:
    """A worker beside the web application."""

    async def work() -> None:
        while True:
            await holder.work()
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work())
    yield holder
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


async def sign_in(page: Page, face: Face, account_id: str) -> None:
    opened = await face.practice.execute(SYSTEM, OpenSession(account_id=account_id, kind="mini_program"))
    tokens: dict[str, Any] = {"token": opened.token, "refresh": None, "freshUntil": 4_102_444_800_000}
    await page.evaluate("tokens => sessionStorage.setItem('huizhen.mini.tokens.', tokens)", json.dumps(tokens))


async def test_a_patient_shows_one_fact_and_the_pharmacy_learns_no_more(face: Face, working: Holder, visiting: Visiting) -> None:
    origin = str(face.client.base_url).rstrip("/")
    phone = (await visiting(f"{origin}/h5/verify/", PHONE)).page
    await assert_readable(phone)
    await sign_in(phone, face, working.actor.account_id)
    await phone.goto(f"{origin}/h5/mini/#/mine")
    await phone.get_by_role("link", name="出示证明").click()
    insured, of_age = phone.locator("[data-attribute=insured]"), phone.locator("[data-attribute=of_age]")
    await expect(insured).to_contain_text("办理的时间和有效期")
    await expect(insured).to_contain_text("对方看不到:姓名、身份证号、医保号")
    await assert_readable(phone)
    await insured.get_by_role("button", name="办理").click()
    await expect(insured.get_by_role("button", name="只证明参保")).to_be_visible()
    await of_age.get_by_role("button", name="办理").click()
    await of_age.get_by_role("button", name="只证明已满 18 岁").click()
    code = await of_age.locator(".mini-code").inner_text()
    await expect(of_age.locator("img")).to_be_visible()
    await assert_readable(phone)
    await picture(phone, "mini-prove-360")
    await phone.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    await assert_readable(phone)
    await of_age.locator("img").scroll_into_view_if_needed()
    await picture(phone, "mini-prove-1280")

    desk = (await visiting(f"{origin}/h5/verify/", DESK)).page
    await desk.get_by_label("证明号", exact=True).first.fill(code)
    await desk.get_by_role("button", name="查验").click()
    await expect(desk.get_by_role("alert")).to_contain_text("请写药店或医院的名字")
    await desk.get_by_label("谁在查验", exact=True).fill("平湖镇惠民药店")
    await desk.get_by_label("证明号", exact=True).first.fill(code.removeprefix("Z-").lower())
    await desk.get_by_role("button", name="查验").click()
    result = desk.get_by_label("查验结果")
    await expect(result).to_contain_text("已满 18 岁:是")
    for checked in ("签名", "从持有人的账号出示", "是这一次新做的", "没有作废"):
        await expect(result).to_contain_text(f"✓ {checked}")
    await expect(result).to_contain_text("平塘县人民医院")
    whole = await desk.content()
    for secret in ("李秀英", "1975", MEMBER, working.woman, code):
        assert secret not in whole
    await assert_readable(desk)
    await picture(desk, "verify-1280")

    await phone.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await insured.get_by_role("button", name="只证明参保").click()
    code = await insured.locator(".mini-code").inner_text()
    other = (await visiting(f"{origin}/h5/verify/#{code}", PHONE)).page
    await other.get_by_label("谁在查验", exact=True).fill("县医院收费处")
    await other.get_by_role("button", name="查验").click()
    await expect(other.get_by_label("查验结果")).to_contain_text("在本县参保:是")
    assert code not in other.url, "what the camera opened does not stay in the address"
    await assert_readable(other)
    await picture(other, "verify-360")
    await other.get_by_label("证明号", exact=True).first.fill(code)
    await other.get_by_role("button", name="查验").click()
    await expect(other.get_by_role("alert")).to_contain_text("已经用过一次")
    await assert_readable(other)
    await picture(other, "verify-used-360")

    await phone.reload()
    await expect(phone.locator("#page")).to_contain_text("被查验过一次,查验方自称 县医院收费处(网页查验)")
    await assert_readable(phone)
    await phone.get_by_text("出示过的").scroll_into_view_if_needed()
    await picture(phone, "mini-proved-360")
    await insured.get_by_role("button", name="作废").click()
    await expect(phone.get_by_role("dialog")).to_contain_text("以后再查都不通过;已经查过的不变")
    await phone.get_by_role("dialog").get_by_role("button", name="作废").click()
    await expect(insured.get_by_role("button", name="办理")).to_be_visible()
    assert (await IssuedCredential.get(attribute="insured")).revoked_because == "holder"


async def test_who_is_not_insured_is_told_what_to_do(face: Face, working: Holder, visiting: Visiting) -> None:
    from core.coverage.models import Membership

    await Membership.all().delete()
    origin = str(face.client.base_url).rstrip("/")
    phone = (await visiting(f"{origin}/h5/verify/", PHONE)).page
    await phone.get_by_role("button", name="查验").click()
    await expect(phone.get_by_role("alert")).to_contain_text("Z- 加 8 位")
    await phone.get_by_label("证明号", exact=True).first.fill("Z-ABCD 1234")
    await phone.get_by_label("谁在查验", exact=True).fill("惠民药店")
    await phone.get_by_role("button", name="查验").click()
    await expect(phone.get_by_role("alert")).to_contain_text("没有这个证明号")
    await sign_in(phone, face, working.actor.account_id)
    await phone.goto(f"{origin}/h5/mini/#/prove")
    insured = phone.locator("[data-attribute=insured]")
    await insured.get_by_role("button", name="办理").click()
    await expect(insured.get_by_role("alert")).to_contain_text("还没有登记医保")
    await assert_readable(phone)


async def test_a_guardian_is_told_that_a_minor_is_not_of_age(face: Face, working: Holder, visiting: Visiting) -> None:
    practice, account = working.practice, working.actor.account_id
    child = await working.child(date(2012, 5, 1))
    await CareRelation.create(
        id=practice.ids.new(), account_id=account, patient_id=child, relation="child", guardian=True, created_at=practice.clock.now(),
    )
    origin = str(face.client.base_url).rstrip("/")
    phone = (await visiting(f"{origin}/h5/verify/", PHONE)).page
    await sign_in(phone, face, account)
    await phone.goto(f"{origin}/h5/mini/#/prove/{child}")
    of_age = phone.locator("[data-attribute=of_age]")
    await expect(of_age).to_contain_text("还没满 18 岁,不能办、也不能出示这项证明。")
    await expect(of_age.get_by_role("button", name="办理")).to_have_count(0)
    await expect(phone.locator("[data-attribute=insured]").get_by_role("button", name="办理")).to_be_visible()
    await assert_readable(phone)
    await picture(phone, "mini-prove-minor-360")
