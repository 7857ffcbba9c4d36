"""员工与机构 in a real browser: somebody is added, a role ends and counts no more, a register is tried line by line and taken in, a factor reset."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable
from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo
from tests.support.forked import Forked

pytestmark = pytest.mark.browser
WIDE = (1280, 800)
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
HOUSE = "平塘县演示医院"
HEAD = "姓名,性别,机构,岗位,职称,执业范围,执业证号,有效期至,科室代码,专长,从业年限,企业微信账号\n"


def of_role(demo: Demo, role: str, place: int = 0) -> dict[str, Any]:
    return [one for one in roster(demo) if one["role"] == role][place]


async def at(visiting: Visiting, demo: Demo, size: tuple[int, int], path: str = "") -> Visit:
    visit = await visiting(f"{demo.base_url}/phone/{of_role(demo, 'administrator')['key']}/h5/staff/", size)
    await expect(visit.page.get_by_role("region", name="机构", exact=True)).to_be_visible()
    await to(visit.page, path)
    return visit


async def keep(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=False)


async def answer(page: Page, name: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def field(page: Page, label: str) -> Locator:
    """What one types or chooses under exactly this label, whatever is said to be wrong with it."""
    return page.locator("label.field").filter(has=page.locator("span", has_text=re.compile(f"^{label}"))).locator("input, select")


async def to(page: Page, path: str) -> None:
    await page.evaluate("(path) => { location.hash = path; }", f"#/{path}")


async def test_somebody_is_added_and_his_role_ended(visiting: Visiting, running_demo_house: Demo) -> None:
    visit = await at(visiting, running_demo_house, PHONE)
    page = visit.page
    await expect(page.get_by_role("region", name="机构", exact=True)).to_contain_text("村卫生室")
    await assert_readable(page)
    await assert_at_home(visit, running_demo_house.base_url)
    await keep(page, "staff-360")
    await page.get_by_role("link", name=HOUSE).first.click()
    await expect(page.get_by_role("region", name="人员")).to_contain_text("执业证有效至")
    await assert_readable(page)
    await keep(page, "staff-house-360")
    rows = page.get_by_role("region", name="人员").locator("a.weui-cell:visible")
    everybody = await rows.count()
    await page.get_by_label("找人").fill("药师")
    await expect(rows.first).to_contain_text("药师")
    assert 0 < await rows.count() < everybody
    await page.get_by_label("找人").fill("没有这个人")
    await expect(page.get_by_role("status").filter(has_text="没有这样的人")).to_be_visible()
    await assert_readable(page)
    await page.get_by_label("找人").fill("")
    await expect(rows).to_have_count(everybody)
    await page.get_by_role("link", name="登记人员").click()
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.locator("#wrong-name")).to_have_text("请写姓名,和证件一样。")
    await expect(page.locator("#wrong-licence")).to_contain_text("执业证号")
    await field(page, "姓名").fill("石小勇")
    # What was wrong is neither said nor marked any longer once it is written otherwise.
    await expect(page.locator("#wrong-name")).to_have_text("")
    await expect(page.locator("[aria-describedby=wrong-name]")).not_to_have_attribute("aria-invalid", "true")
    await field(page, "性别").select_option("male")
    await field(page, "岗位").select_option("pharmacist")
    await field(page, "职称").select_option("主治医师")
    await field(page, "执业证号").fill("152000099001")
    await field(page, "有效期至").fill("2031-01-31")
    await field(page, "企业微信账号").fill("shixiaoyong")
    await assert_readable(page)
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="执业范围或职称不包括")).to_be_visible()
    await field(page, "职称").select_option("药师")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="网络断了")).to_be_visible()
    await page.context.set_offline(False)
    await page.get_by_role("button", name="登记", exact=True).click()
    head = page.get_by_role("region", name="石小勇(演示)")
    await expect(head).to_contain_text("药师")
    roles = page.get_by_role("region", name="岗位")
    await expect(roles.locator(".staff-role")).to_have_count(1)
    await assert_readable(page)
    await keep(page, "staff-person-360")

    await roles.get_by_text("授予岗位").click()
    await field(page, "岗位.在").select_option("auditor")
    await field(page, "到哪天为止").fill("2031-06-30")
    await roles.get_by_role("button", name="授予", exact=True).click()
    await expect(page.get_by_role("status").filter(has_text="岗位授予好了")).to_be_visible()
    await expect(roles).to_contain_text("到 2031-06-30")
    await roles.locator(".staff-role", has_text="药师").get_by_role("button", name="结束").click()
    await answer(page, "结束岗位")
    await expect(page.get_by_role("status").filter(has_text="已结束")).to_be_visible()
    await expect(roles.locator(".staff-role")).to_have_count(1)
    await page.get_by_role("region", name="执业证").get_by_text("更新执业证").click()
    await field(page, "有效期至").fill("2020-01-01")
    await page.get_by_role("button", name="更新", exact=True).click()
    # A slip in the year would stop all his work within the second.
    await expect(page.get_by_role("dialog")).to_contain_text("2020-01-01 已经过去了")
    await answer(page, "改日期")
    await expect(page.get_by_role("region", name="执业证")).to_contain_text("执业证有效至 2031-01-31")
    await page.get_by_role("button", name="更新", exact=True).click()
    await answer(page, "已过期,就这样填")
    await expect(page.get_by_role("status").filter(has_text="现在不能用")).to_be_visible()
    await expect(page.get_by_role("region", name="执业证")).to_contain_text("已过期")
    await head.get_by_role("button", name="停用").click()
    await answer(page, "停用")
    await expect(head).to_contain_text("已停用")
    await assert_readable(page)


async def test_how_the_backups_stand_is_one_line_and_red_when_they_are_old(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    visits = [(await at(visiting, demo, size), size[0]) for size in (PHONE, WIDE)]

    async def told(line: str, to_do: str, name: str) -> None:
        for visit, width in visits:
            await visit.page.reload()
            shown = visit.page.get_by_role("region", name="备份", exact=True)
            await expect(shown).to_contain_text(line)
            await expect(shown.locator(".wrong")).to_have_count(1 if to_do else 0)
            await expect(shown).to_contain_text(to_do)
            await assert_readable(visit.page)
            await keep(visit.page, f"staff-backups-{name}-{width}")

    await told("这套演示没有设置备份", "", "none")
    await noted(demo, "30")
    await told("备份成功,还没有演练过", "备份超过 26 小时了:请在服务器上运行 huizhen backup", "late")
    await noted(demo, "0", "drilled")
    await told("备份成功,今天演练通过", "", "good")


async def noted(demo: Demo, *what: str) -> None:
    """As if backups had been made."""
    environment = {**os.environ, **demo.environment}
    running = await Forked.begin("tests.support.operator_process", json.dumps(environment), "tests.journeys.backups_noted", *what)
    assert await running.end() == 0


async def test_a_register_is_tried_line_by_line_and_then_taken_in(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    page = (await at(visiting, running_demo_house, WIDE, "import")).page
    await page.get_by_role("button", name="人员", exact=True).click()
    await expect(page.locator(".staff-columns")).to_contain_text("企业微信账号")
    good = f"罗小满,女,{HOUSE},护师,,,,,,,4,luoxiaoman\n".replace(",护师,", ",调度员,")
    wrong = tmp_path / "wrong.csv"
    wrong.write_bytes((HEAD + good + good + f"王五,男,{HOUSE},国王,,,,,,,3,wangwu\n赵六,男,没有的医院,审计员,,,,,,,3,zhaoliu\n").encode("gb18030"))
    await page.locator("#register-file").set_input_files(str(wrong))
    told = page.get_by_role("region", name="试导入的结果")
    await expect(told).to_contain_text("有 3 处要改,什么都没有导入")
    await expect(told.locator("tbody tr").first).to_contain_text("第 3 行")
    await expect(told).to_contain_text("岗位「国王」不认识")
    await expect(told.get_by_role("button")).to_have_count(0)
    await assert_readable(page)
    await keep(page, "staff-import-1280")
    right = tmp_path / "right.csv"
    right.write_text(HEAD + good, encoding="utf-8-sig")
    await page.locator("#register-file").set_input_files(str(right))
    await expect(told).to_contain_text("每一行都对。还没有导入")
    await told.get_by_role("button", name="导入 1 行").click()
    await answer(page, "导入")
    await expect(page.get_by_role("status").filter(has_text="导入好了:新登记 1 行")).to_be_visible()
    await page.locator("#register-file").set_input_files(str(right))
    await expect(told).to_contain_text("已经登记过")
    await page.get_by_role("link", name="机构和人员").click()
    await page.get_by_role("link", name=HOUSE).first.click()
    await expect(page.get_by_role("region", name="人员")).to_contain_text("罗小满")
    await assert_readable(page)
    await keep(page, "staff-1280")


async def test_a_factor_is_reset_and_the_page_bears_what_goes_wrong(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    doctor = sign_in(demo, of_role(demo, "village_doctor", -1))
    visit = await at(visiting, demo, WIDE, f"person/{doctor.get('/v1/me').json()['practitioner_id']}")
    page, factor = visit.page, visit.page.get_by_role("region", name="动态码")
    await expect(factor).to_contain_text("已绑定")
    await keep(page, "staff-person-1280")
    await factor.get_by_role("button", name="重置动态码").click()
    await answer(page, "重置")
    await expect(factor).to_contain_text("还没有绑定")
    await assert_readable(page)
    # Without a network what was fetched stays; a page that was not fetched says so and goes on afterwards.
    await page.context.set_offline(True)
    await expect(page.locator("#offline")).to_contain_text("网络断了")
    await to(page, "")
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await assert_readable(page)
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(page.get_by_role("region", name="机构", exact=True)).to_be_visible()
    await to(page, "person/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    await expect(page.locator("main .empty").filter(has_text="回机构名单")).to_be_visible()

    async def nothing(route: Route) -> None:
        await route.fulfill(json={"organisations": []})

    await page.route("**/v1/organisations?*", nothing)
    await to(page, "")
    await expect(page.get_by_text("还没有登记机构")).to_be_visible()
    await assert_readable(page)
    outsider = await visiting(f"{demo.base_url}/phone/{of_role(demo, 'pharmacist')['key']}/h5/staff/", PHONE)
    await expect(outsider.page.get_by_text("您现在不是哪个县的管理员")).to_be_visible()
    await assert_readable(outsider.page)
