"""The mini program's pages and the village doctor's page, in a real browser on the whole running demonstration."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable
from tests.journeys.people import roster, sign_in
from tests.journeys.story.files import write_files
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SLOW = 30_000
WIDE = (1280, 900)
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")


def id_number(serial: int, born: str = "20180312") -> str:
    """A valid ID number of Pingtang county."""
    body = f"522727{born}{serial:03}"
    return body + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, body, strict=True)) % 11]


def patients(demo: Demo) -> list[dict[str, Any]]:
    """Patients with WeChat, from the end of the roster: other journeys take them from its beginning."""
    return [person for person in roster(demo) if person["role"] == "patient" and person.get("mini_program_openid")][::-1]


async def mini_program(visiting: Visiting, demo: Demo, person: dict[str, Any], path: str = "") -> Visit:
    visit = await visiting(f"{demo.base_url}/phone/{person['key']}/h5/mini/{path}", PHONE)
    await expect(visit.page.locator("h1")).to_be_visible()
    return visit


async def enrol_child(page: Page, name: str, serial: int) -> None:
    """实名登记 of a child, then 知情同意; ends at the family."""
    await page.goto(re.sub("#.*", "", page.url) + "#/register")
    await page.get_by_label("和您的关系").select_option("child")
    await page.get_by_label("姓名").fill(name)
    await page.get_by_label("身份证号").fill(id_number(serial))
    await page.get_by_role("button", name="下一步:知情同意").click()
    await expect(page.locator(".consent-text")).to_contain_text("同意")
    await page.get_by_role("button", name="我看过了,同意").click()
    await expect(page.locator(".weui-cells__title", has_text="监护人同意书")).to_be_visible()  # A child's data take a consent of its own.
    await page.get_by_role("button", name="我看过了,同意").click()
    await expect(page.locator(".weui-cell", has_text=name).first).to_be_visible()


async def keep(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def choose_slot(page: Page) -> None:
    """From 预约 to the last look, with the first department that has free times."""
    await page.locator(".tab-bar").get_by_role("link", name="预约").click()
    # Below the others lie, folded, those that nobody of his age and sex goes to.
    await page.locator(".weui-cell:visible", has_text="个号").last.click()
    await page.locator("button.weui-cell").first.click()
    await expect(page.locator("h1")).to_have_text("确认预约")


async def on_a_desktop(visiting: Visiting, demo: Demo) -> None:
    """选时间 and 确认预约 on a computer's screen."""
    page = (await visiting(f"{demo.base_url}/phone/{patients(demo)[1]['key']}/h5/mini/#/book", WIDE)).page
    await page.locator(".weui-cell:visible", has_text="个号").last.click()
    await expect(page.locator("h1")).to_have_text("选时间")
    await expect(page.locator("button.weui-cell").first).to_be_visible()
    await assert_readable(page)
    await keep(page, "mini-slots-1280")
    await page.locator("button.weui-cell").first.click()
    await expect(page.locator("h1")).to_have_text("确认预约")
    await expect(page.get_by_role("button", name="确认预约")).to_be_visible()
    await assert_readable(page)
    await keep(page, "mini-program")


async def test_the_first_page_says_what_is_next(visiting: Visiting, running_demo_house: Demo) -> None:
    visit = await mini_program(visiting, running_demo_house, patients(running_demo_house)[0])
    await expect(visit.page.locator("main .empty[role=status]")).to_have_count(0)
    await expect(visit.page.locator(".tab-bar a")).to_have_text(["首页", "预约", "会诊", "我的"])
    await assert_readable(visit.page)
    await assert_at_home(visit, running_demo_house.base_url)


async def test_a_mother_registers_her_child_and_books_for_her(visiting: Visiting, running_demo_house: Demo) -> None:
    page = (await mini_program(visiting, running_demo_house, patients(running_demo_house)[1])).page
    await page.goto(page.url + "#/register")
    await page.get_by_label("姓名").fill("周小满")
    await page.get_by_label("身份证号").fill(id_number(127)[:17] + ("0" if id_number(127)[17] != "0" else "1"))
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("alert")).to_have_text("身份证号好像有一位打错了,请再对一遍。")
    await assert_readable(page)
    verify = page.get_by_role("button", name="用微信手机号")
    if await verify.count():
        await verify.click()
    await expect(page.get_by_text("手机号已由微信验证")).to_be_visible()
    await enrol_child(page, "周小满", 127)
    await choose_slot(page)
    await page.get_by_role("button", name="周小满").click()
    await expect(page.locator("[aria-pressed=true]")).to_contain_text("周小满")
    await assert_readable(page)
    await on_a_desktop(visiting, running_demo_house)
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_role("status")).to_contain_text("约好了")
    await expect(page.locator(".panel")).to_contain_text("预约号")
    await page.goto(re.sub("#.*", "#/appointments", page.url))
    booked = page.locator(".panel", has_text="周小满")
    await expect(booked).to_have_count(1)
    await assert_readable(page)
    await booked.get_by_role("button", name="取消预约").click()
    await page.get_by_role("dialog").get_by_role("button", name="留着").click()
    await expect(booked.get_by_role("button", name="取消预约")).to_be_visible()
    await booked.get_by_role("button", name="取消预约").click()
    await page.get_by_role("dialog").get_by_role("button", name="取消预约").click()
    await expect(page.locator(".panel", has_text="周小满")).to_contain_text("已取消")


async def test_a_time_that_somebody_else_took_is_answered_with_others(visiting: Visiting, running_demo_house: Demo) -> None:
    one = (await mini_program(visiting, running_demo_house, patients(running_demo_house)[2])).page
    other = (await mini_program(visiting, running_demo_house, patients(running_demo_house)[3])).page
    for page, name, serial in ((one, "陈一", 201), (other, "陈二", 202)):
        await enrol_child(page, name, serial)
        await choose_slot(page)
        await page.get_by_role("button", name=name).click()
    assert await one.locator(".panel h2").inner_text() == await other.locator(".panel h2").inner_text()
    await one.get_by_role("button", name="确认预约").click()
    await expect(one.get_by_role("status")).to_contain_text("约好了")
    await other.get_by_role("button", name="确认预约").click()
    await expect(other.get_by_role("alert")).to_have_text("这个时间刚被约走,还有这些:")
    await assert_readable(other)
    await other.locator("button.weui-cell").first.click()
    await other.get_by_role("button", name="确认预约").click()
    await expect(other.get_by_role("status")).to_contain_text("约好了")


async def test_consent_is_withdrawn_and_who_looked_is_shown(visiting: Visiting, running_demo_house: Demo) -> None:
    page = (await mini_program(visiting, running_demo_house, patients(running_demo_house)[4])).page
    await enrol_child(page, "林小雨", 301)
    await page.locator(".weui-cell", has_text="林小雨").first.click()
    given = page.locator('.panel[data-purpose="care"]')
    await expect(given).to_contain_text("版本")
    await expect(page.locator("h2", has_text="谁看过记录")).to_be_visible()
    await assert_readable(page)
    await given.get_by_role("button", name="撤回").click()
    await page.get_by_role("dialog").get_by_role("button", name="撤回", exact=True).click()
    await expect(given).to_contain_text("由监护人撤回了")
    await page.get_by_role("button", name="停止全部提醒").click()
    await expect(page.get_by_role("status")).to_contain_text("全部提醒已停")
    await page.get_by_role("button", name="恢复提醒").click()
    await expect(page.get_by_role("status")).to_contain_text("提醒已恢复")


async def test_without_a_network_the_page_says_so_and_goes_on(visiting: Visiting, running_demo_house: Demo) -> None:
    page = (await mini_program(visiting, running_demo_house, patients(running_demo_house)[5])).page
    await page.context.set_offline(True)
    await page.locator(".tab-bar").get_by_role("link", name="预约").click()
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(page.locator(".weui-cell").first).to_be_visible()


async def test_elders_read_larger_letters(visiting: Visiting, running_demo_house: Demo) -> None:
    page = (await mini_program(visiting, running_demo_house, patients(running_demo_house)[5], "#/mine")).page
    await page.get_by_role("button", name="关怀模式").click()
    await expect(page.get_by_role("button", name="关怀模式")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".weui-cell").first).to_have_css("font-size", "22px")
    await assert_readable(page)


async def test_each_phone_is_signed_in_for_itself(visiting: Visiting, running_demo_house: Demo) -> None:
    """Two phones in one browser: the page of one never shows the people of the other."""
    first, second = patients(running_demo_house)[6:8]
    page = (await mini_program(visiting, running_demo_house, first)).page
    await enrol_child(page, "何小树", 401)
    await page.goto(f"{running_demo_house.base_url}/phone/{second['key']}/h5/mini/#/family")
    await expect(page.locator("h1")).to_have_text("家人")
    await expect(page.get_by_role("link", name="添加家人")).to_be_visible()
    await expect(page.get_by_text("何小树")).to_have_count(0)


async def test_the_doctor_s_page_opens_by_sign_in_only(visiting: Visiting, running_demo_house: Demo) -> None:
    page = (await visiting(f"{running_demo_house.base_url}/h5/doctor/cases/", PHONE)).page
    await expect(page.locator("body")).to_contain_text("微信")
    await expect(page.locator("h1", has_text="我的会诊")).to_have_count(0)


async def test_the_village_doctor_completes_a_case_over_a_weak_link(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    demo, files = running_demo_house, write_files(tmp_path)
    doctors = [person for person in roster(demo) if person["role"] == "village_doctor"][::-1]
    doctor = next(one for one in doctors if not sign_in(demo, one).get("/v1/consultations").json()["consultations"])
    listed = sign_in(demo, doctor).get("/v1/patient-list").json()["patients"]
    number = listed[-1]["number"]
    group = f"group:{doctor['groups'][0]}"
    line = {"type": "text", "content": f"@会诊助手 会诊 {number}号 胸痛2小时 出冷汗 血压90/60 紧急"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        said = await client.post(f"{demo.base_url}/simulator/people/{doctor['key']}/chats/{group}/messages", json=line)
    assert said.status_code == 201
    visit = await visiting(f"{demo.base_url}/phone/{doctor['key']}/h5/doctor/cases/", PHONE)
    page = visit.page
    await expect(page.locator("h1")).to_have_text("我的会诊")
    case = page.locator("section.panel", has_text=f"{number}号")
    for _ in range(10):
        if await case.count():
            break
        await page.wait_for_timeout(1000)
        await page.reload()
    await expect(case).to_contain_text("胸痛")
    await expect(case).to_contain_text("还差")
    await assert_readable(page)
    await assert_at_home(visit, demo.base_url)

    await case.get_by_role("button", name="确认病人").click()
    await expect(case.get_by_role("button", name="确认病人")).to_have_count(0)

    cut = 0

    async def weak(route: Route) -> None:
        nonlocal cut
        piece = route.request.method == "PATCH"
        cut += piece
        await (route.abort("connectionreset") if piece and cut == 1 else route.continue_())

    await page.route("**/v1/uploads/*", weak)
    await case.locator("input[type=file]").first.set_input_files(files / "consent.jpg")
    await expect(case).to_contain_text("信号不好")
    await expect(case).to_contain_text("同意书已存好", timeout=SLOW)
    assert cut == 2

    images = case.locator("input[type=file]").last
    await images.set_input_files(files / "broken.dcm")
    await expect(case.get_by_role("alert")).to_be_visible(timeout=SLOW)
    await expect(case).to_contain_text("换一个文件")
    await images.set_input_files(files / "image.dcm")
    await expect(case).to_contain_text("影像已收下", timeout=SLOW)
    await expect(case).to_contain_text("资料齐了", timeout=SLOW)
    await case.get_by_text("看经过").click()
    await expect(case.locator(".timeline li").first).to_be_visible()
    await assert_readable(page)
