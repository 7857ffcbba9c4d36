"""到期资料 in a real browser: what is announced is kept and let go again, each with its way back; what is being erased is seen to go on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from core.foundation.ids import ALPHABET
from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable
from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
WIDE = (1280, 800)
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
NOW = datetime.now(UTC)
MONTH, ERASING, DONE = "2023-08", "2023-07", "2023-06"


def write(demo: Demo, statement: str, *values: Any) -> list[Any]:
    """Into the tables of the running house: what the daily round would have written years from now."""
    with closing(sqlite3.connect(demo.data_dir / "practice.sqlite3", timeout=30)) as connection, connection:
        return connection.execute(statement, values).fetchall()


@pytest.fixture
def over(running_demo_house: Demo) -> Iterator[str]:
    """A record and a month announced, a month being erased, one gone; gone again afterwards. The record's patient."""
    demo = running_demo_house
    ((patient,),) = write(
        demo, "SELECT p.id FROM patient p JOIN organisation o ON o.id=p.organisation_id WHERE o.region_code LIKE '522727%' ORDER BY p.id LIMIT 1"
    )
    rows = (
        ("record", patient, "announced", 0, 0, 0), ("process", MONTH, "announced", 0, 0, 0), ("process", ERASING, "erasing", 1200, 300, 40),
        ("process", DONE, "done", 800, 800, 0),
    )
    for number, (kind, subject, state, total, gone, kept) in enumerate(rows):
        write(
            demo, "INSERT INTO disposal (id, version, kind, subject_id, state, announced_at, due_at, done_at, reason, total, gone, kept) "
            "VALUES (?, 1, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)", f"01{ALPHABET[number] * 24}", kind, subject, state, moment(-10), moment(20),
            moment(-1) if state == "done" else None, total, gone, kept,
        )  # fmt: skip
    yield patient
    write(demo, "DELETE FROM due_work WHERE ref IN (SELECT id FROM disposal)")
    write(demo, "DELETE FROM disposal")


def moment(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat(" ")


async def at(visiting: Visiting, demo: Demo, size: tuple[int, int], role: str = "administrator") -> Visit:
    key = next(one["key"] for one in roster(demo) if one["role"] == role)
    visit = await visiting(f"{demo.base_url}/phone/{key}/h5/staff/", size)
    await expect(visit.page.locator("#tabs a")).to_have_count(3)
    await to(visit.page, "disposals")
    return visit


async def to(page: Page, name: str) -> None:
    await page.evaluate("(name) => { location.hash = name; }", f"#/{name}")


async def keep(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


async def test_something_is_kept_and_let_go_each_with_its_way_back(visiting: Visiting, running_demo_house: Demo, over: str) -> None:
    visit = await at(visiting, running_demo_house, PHONE)
    page = visit.page
    announced, held = page.get_by_role("region", name="已预告"), page.get_by_role("region", name="继续保留")
    said, dialog = page.locator("[data-part=said]"), page.get_by_role("dialog")
    await expect(announced.locator(".staff-role")).to_have_count(2)
    await expect(announced).to_contain_text(f"病历 {over[-6:]}")
    await expect(announced).to_contain_text("聊天记录 2023年8月")
    await assert_readable(page)
    await assert_at_home(visit, running_demo_house.base_url)
    await keep(page, "disposals-360")

    async def press(where: Any, label: str, reason: str = "") -> None:
        await where.locator(".staff-role", has_text="病历").get_by_role("button", name=label, exact=True).click()
        if reason:
            await dialog.get_by_role("button", name=reason).click()
        await dialog.get_by_role("button", name=label, exact=True).click()

    await press(announced, "保留")
    await expect(dialog.get_by_role("alert")).to_have_text("请先选原因。")
    await assert_readable(page)
    await keep(page, "disposals-why-360")
    await dialog.get_by_role("button", name="先不").click()
    await expect(announced.locator(".staff-role")).to_have_count(2)
    await page.context.set_offline(True)
    await press(announced, "保留", "有纠纷或投诉")
    await expect(announced.get_by_role("alert")).to_contain_text("网络断了")
    await page.context.set_offline(False)
    await press(announced, "保留", "有纠纷或投诉")
    await expect(held).to_contain_text("有纠纷或投诉")
    await expect(announced.locator(".staff-role")).to_have_count(1)
    await said.get_by_role("button", name="撤销").click()
    await expect(said).to_contain_text("撤销了")
    await expect(announced.locator(".staff-role")).to_have_count(2)
    await expect(said.get_by_role("button")).to_have_count(0)
    await press(announced, "保留", "本人或家属要求")
    await expect(held).to_contain_text("本人或家属要求")
    await assert_readable(page)
    await keep(page, "disposals-held-360")
    await press(held, "取消保留", "事情已了结")
    await expect(said).to_contain_text("不再保留,已重新预告")
    await expect(held).to_have_count(0)
    await said.get_by_role("button", name="撤销").click()
    await expect(held).to_contain_text("本人或家属要求")
    # Somebody else was faster: the page says so and shows what is.
    await page.route("**/v1/disposals/*/release", lambda route: route.fulfill(
        status=409, content_type="application/problem+json", json={"code": "oversight.not_held", "detail": "这份资料没有设为继续保留,不用取消。"}
    ))  # fmt: skip
    await press(held, "取消保留", "点错了")
    await expect(page.get_by_role("alert").filter(has_text="没有设为继续保留").first).to_be_visible()


async def test_erasing_is_seen_to_go_on_and_the_page_bears_what_goes_wrong(visiting: Visiting, running_demo_house: Demo, over: str) -> None:
    demo = running_demo_house
    page = (await at(visiting, demo, WIDE)).page
    erasing = page.get_by_role("region", name="正在删除")
    await expect(erasing).to_contain_text("已删 300 / 1200 条")
    await expect(erasing).to_contain_text("40 条未结束的会诊还要用")
    await page.get_by_text("已经删除或不用删的 1 份").click()
    await expect(page.locator("details")).to_contain_text("共 800 条")
    await assert_readable(page)
    await keep(page, "disposals-1280")
    write(demo, "UPDATE disposal SET gone=900 WHERE state='erasing'")
    await page.context.set_offline(True)
    await expect(page.locator("#offline")).to_contain_text("网络断了")
    await expect(erasing).to_contain_text("已删 300")
    await page.wait_for_timeout(900)  # it does not ask anew right after a touch
    await page.context.set_offline(False)
    await expect(erasing).to_contain_text("已删 900 / 1200 条")
    await expect(erasing.get_by_role("progressbar")).to_have_js_property("value", 900)

    answers: list[Any] = [{"disposals": [], "counts": {}}, None]

    async def other(route: Route) -> None:
        answer = answers.pop(0)
        await (route.fulfill(json=answer) if answer else route.abort())

    await page.route("**/v1/disposals", other)
    await to(page, "import")
    await to(page, "disposals")
    await expect(page.get_by_text("现在没有到期的资料")).to_be_visible()
    await assert_readable(page)
    await keep(page, "disposals-empty-1280")
    await to(page, "import")
    await to(page, "disposals")
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await page.unroute("**/v1/disposals")
    await page.get_by_role("button", name="再试").click()
    await expect(erasing).to_be_visible()

    reader = (await at(visiting, demo, PHONE, "auditor")).page
    await expect(reader.get_by_role("region", name="已预告")).to_contain_text("2023年8月")
    await expect(reader.get_by_role("button", name="保留")).to_have_count(0)
    outsider = (await at(visiting, demo, PHONE, "pharmacist")).page
    await expect(outsider.locator("main .empty")).to_contain_text("管理员")
    assert sign_in(demo, next(one for one in roster(demo) if one["role"] == "pharmacist")).get("/v1/disposals").status_code == 403


@pytest.fixture
def asked(running_demo_house: Demo) -> Iterator[None]:
    """Two who want to be erased while something of theirs is in dispute: one with his account, one for a record."""
    demo = running_demo_house
    ((account,),) = write(demo, "SELECT account_id FROM care_relation ORDER BY id LIMIT 1")
    for number, record in enumerate((None, f"01{ALPHABET[7] * 24}")):
        write(
            demo, "INSERT INTO erasure_request (id, version, account_id, of_patient_id, region_code, question, state, reason, asked_at) "
            "VALUES (?, 1, ?, ?, '', 'dispute', 'asked', '', ?)", f"01{ALPHABET[number + 3] * 24}", account, record, moment(-2),
        )  # fmt: skip
    yield
    write(demo, "DELETE FROM erasure_request")


@pytest.mark.parametrize("size", [PHONE, WIDE])
async def test_who_wants_to_be_erased_is_decided_and_who_is_to_be_telephoned_is_said(
    visiting: Visiting, running_demo_house: Demo, asked: None, size: tuple[int, int]
) -> None:
    page = (await at(visiting, running_demo_house, size)).page
    wanted = page.get_by_role("region", name="要求删除的")
    await expect(wanted).to_contain_text("注销账号 333333")
    await expect(wanted).to_contain_text("删除档案 444444")
    await assert_readable(page)
    await keep(page, f"erasures-{size[0]}")
    dialog = page.get_by_role("dialog")
    await wanted.get_by_role("button", name="同意删除").first.click()
    await expect(dialog).to_contain_text("请打电话告诉本人")
    await assert_readable(page)
    await keep(page, f"erasures-why-{size[0]}")
    await dialog.get_by_role("button", name="先不").click()
    await wanted.get_by_role("button", name="不删").first.click()
    await dialog.get_by_role("button", name="不删").click()
    await expect(dialog).to_contain_text("请先选原因")
    await dialog.get_by_role("button", name="有纠纷或投诉").click()
    await dialog.get_by_role("button", name="不删").click()
    await expect(page.get_by_role("status")).to_contain_text("没有删除,已告诉本人")
    await expect(wanted).not_to_contain_text("333333")
    # Erased in earnest elsewhere: this house is shared with the other journeys.
    await page.route("**/v1/erasure-requests/*", lambda route: route.fulfill(json={"request_id": "", "kind": "record", "state": "done"}))
    await wanted.get_by_role("button", name="同意删除").click()
    await expect(dialog).not_to_contain_text("打电话")
    await dialog.get_by_role("button", name="事情已了结").click()
    await dialog.get_by_role("button", name="同意删除").click()
    await expect(page.get_by_role("status").filter(has_text="已经删除")).to_contain_text("已告诉提出的人")
    await keep(page, f"erasures-done-{size[0]}")
