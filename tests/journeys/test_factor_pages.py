"""动态码 on the pages: asked for when something is signed, wrong ones told, what was written kept; bound anew after an administrator's reset."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import expect

from tests.journeys.browser import DESKTOP, PHONE, Visiting, assert_readable
from tests.journeys.call_people import open_case
from tests.journeys.codes import fresh_code_soon
from tests.journeys.people import Somebody, roster, sign_in
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
SLOW = 30_000
DOCTOR = 17


def reset(who: Somebody, practitioner_id: str) -> int:
    """The status with which an administrator's reset is answered."""
    address = f"{who.base_url}/v1/practitioners/{practitioner_id}/second-factor"
    return httpx.delete(address, headers=who.headers, timeout=30, trust_env=False).status_code


def scan(demo: Demo, key: str, otpauth: str) -> None:
    """The person's authenticator takes what the QR code says."""
    answer = httpx.post(f"{demo.base_url}/simulator/people/{key}/authenticator", json={"address": otpauth}, timeout=30, trust_env=False)
    assert answer.status_code == 201, answer.text


async def test_the_code_is_asked_for_and_the_signature_goes_on(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    case = open_case(demo, DOCTOR)
    expert = case.people["expert"]
    address = f"{demo.base_url}/phone/{expert.key}/h5/desk/case/{case.consultation_id}/"
    page = (await visiting(address, DESKTOP, codes=False)).page
    form = page.locator("section", has=page.get_by_role("heading", name="写意见"))
    await form.get_by_label("建议").fill("调整降压药,两周后复诊")
    await form.get_by_role("button", name="签名").click()
    await page.get_by_role("dialog").get_by_role("button", name="确认签名").click()
    sheet = page.get_by_role("dialog", name="请输入动态码(6 位)")
    await assert_readable(page)
    await sheet.get_by_role("button", name="先不签").click()
    await expect(form.get_by_text("没有签名")).to_be_visible()
    await expect(form.get_by_label("建议")).to_have_value("调整降压药,两周后复诊")
    assert expert.get(f"/v1/consultations/{case.consultation_id}/opinion").json()["code"] == "consultation.opinion_missing"

    await form.get_by_role("button", name="签名").click()
    await page.get_by_role("dialog").get_by_role("button", name="确认签名").click()
    code = sheet.get_by_label("6 位动态码")
    right = await fresh_code_soon(demo.base_url, expert.key)
    await code.fill("000000" if right != "000000" else "111111")
    await expect(sheet.get_by_role("alert")).to_contain_text("动态码不对")
    await expect(code).to_have_value("")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/second-factor/codes") else None)
    await code.fill("000000" if right != "000000" else "111111")
    await expect(sheet.get_by_role("alert")).to_contain_text("刚才试过了")
    assert asked == []
    await expect(form.get_by_label("建议")).to_have_value("调整降压药,两周后复诊")
    await code.fill(right)
    await expect(sheet).to_have_count(0)
    await expect(page.locator(".case-part", has_text="专家意见")).to_contain_text("✓ 已签名", timeout=SLOW)


async def test_after_a_reset_it_is_bound_anew_in_the_sheet(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    case = open_case(demo, DOCTOR + 1)
    doctor = case.people["village_doctor"]
    administrator = sign_in(demo, next(one for one in roster(demo) if one["role"] == "administrator"))
    practitioner = doctor.get("/v1/me").json()["practitioner_id"]
    assert reset(doctor, practitioner) == 403
    assert reset(administrator, practitioner) == 200

    page = (await visiting(f"{demo.base_url}/phone/{doctor.key}/h5/factor/", PHONE, codes=False)).page
    await expect(page.get_by_role("img", name="绑定动态码的二维码")).to_be_visible()
    await page.get_by_text("不能扫码").click()
    await assert_readable(page)
    otpauth = await page.locator(".factor-address").inner_text()
    lines = await page.locator(".factor-address").evaluate("one => one.scrollWidth > one.clientWidth && one.clientHeight < 60")
    assert lines, "an address for programs fills the page"
    scan(demo, doctor.key, otpauth)
    await page.get_by_label("6 位动态码").fill(await fresh_code_soon(demo.base_url, doctor.key))
    await expect(page.get_by_role("status")).to_contain_text("绑定好了")
    await expect(page.get_by_text("已绑定")).to_contain_text(re.compile(r"已绑定.\d+月\d+日 周. (凌晨|上午|下午|晚上)\d+:\d\d"))
    await page.get_by_text("换手机").click()
    await page.get_by_label("旧动态码").fill("000000")
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("alert")).to_contain_text("动态码不对")
