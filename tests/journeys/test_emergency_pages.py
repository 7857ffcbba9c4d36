"""紧急调阅 in a real browser: nobody is found without the number, what follows is said first, the record is read, the county reviews it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from core.people.id_numbers import check_character
from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable
from tests.journeys.call_people import open_case
from tests.journeys.medicine_people import Treatment
from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
WIDE = (1280, 800)
DOCTOR = 12
WORDS = "病人送来时叫不醒,家属不在,要查用药和过敏"
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")


async def at(visiting: Visiting, demo: Demo, person: dict[str, Any], size: tuple[int, int]) -> Visit:
    visit = await visiting(f"{demo.base_url}/phone/{person['key']}/h5/emergency/", size)
    await expect(visit.page.locator("main .empty[role=status]")).to_have_count(0)
    return visit


async def keep(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


async def answer(page: Page, name: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


async def test_a_record_is_opened_read_and_reviewed(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    case = open_case(demo, DOCTOR)
    treatment = Treatment(demo, case)
    treatment.give_opinion("阿司匹林嚼服,马上转院")
    treatment.decide()
    aspirin = next(one for one in treatment.doctor.get("/v1/emergency-doses").json()["doses"] if one["code"] == "aspirin_chewed")
    ordered = {"dose": aspirin["code"], "ruled_out": list(aspirin["contraindications"]), "confirm": True}
    assert treatment.doctor.post(f"/v1/consultations/{case.consultation_id}/emergency-dose", ordered).status_code == 201
    code = case.people["village_doctor"].get(f"/v1/consultations/{case.consultation_id}/timeline").json()["status"]["code"]
    experts = [one for one in roster(demo) if one["role"] == "expert" and one["key"] != case.people["expert"].key]
    visit = await at(visiting, demo, experts[-1], PHONE)
    page = visit.page
    await assert_at_home(visit, demo.base_url)
    await expect(page.get_by_text("您还没有紧急调阅过")).to_be_visible()
    press = page.get_by_role("button", name="紧急调阅", exact=True)
    await press.click()
    await expect(page.locator("#wrong-number")).to_contain_text("没有编号查不到人")
    await expect(page.locator("#wrong-reason")).to_have_text("请选一个理由。")
    await expect(page.locator("#wrong-words")).to_contain_text("至少 8 个字")
    await assert_readable(page)
    number = page.get_by_label("会诊编号,或病人的身份证号")
    await number.fill("522727195803091131")
    await press.click()
    await expect(page.locator("#wrong-number")).to_contain_text("有一位不对")
    await number.fill("C-ZZZZ")
    await page.get_by_role("button", name="昏迷或说不清病史").click()
    await page.get_by_label("情况,用自己的话写").fill(WORDS)
    await expect(page.get_by_role("note")).to_contain_text("病人和家属马上收到通知")
    # What was wrong is not said any longer once it is written otherwise.
    for wrong in ("#wrong-number", "#wrong-reason", "#wrong-words"):
        await expect(page.locator(wrong)).to_have_text("")
    await keep(page, "emergency-360")
    await press.click()
    await answer(page, "确认紧急调阅")
    await expect(page.get_by_role("alert").filter(has_text="没有找到这位病人的档案")).to_be_visible()
    # What was written stays, over a lost network too.
    await number.fill(code)
    await page.context.set_offline(True)
    await press.click()
    await answer(page, "确认紧急调阅")
    await expect(page.get_by_role("alert").filter(has_text="网络断了")).to_be_visible()
    await expect(page.get_by_label("情况,用自己的话写")).to_have_value(WORDS)
    await page.context.set_offline(False)
    await press.click()
    await answer(page, "确认紧急调阅")
    await expect(page.locator("h1")).to_have_text("打开的档案")
    await expect(page.get_by_role("note")).to_contain_text("已通知病人一方")
    head = page.locator(".panel-strong").first
    await expect(head.locator("h2")).to_have_text(re.compile(r"^.某 [男女] \d+ 岁$"))
    await expect(head).to_contain_text("过敏")
    # A dose is no prescription; who does not read of it gives a second one.
    await expect(page.get_by_role("region", name="已下急用一剂")).to_contain_text(aspirin["name"])
    await assert_readable(page)
    await keep(page, "emergency-open-360")
    await page.get_by_role("link", name=f"会诊 {code}").click()
    await expect(page.locator(".case")).to_contain_text("胸痛")
    await assert_readable(page)
    assert sign_in(demo, experts[-2]).get(f"/v1/consultations/{case.consultation_id}/case").status_code == 403

    auditor = next(one for one in roster(demo) if one["role"] == "auditor")
    review = (await at(visiting, demo, auditor, WIDE)).page
    row = review.get_by_role("link").filter(has_text="昏迷或说不清病史")
    await expect(row.first).to_contain_text("待审查")
    await assert_readable(review)
    await keep(review, "emergency-review-list-1280")
    await row.first.click()
    await expect(review.get_by_role("heading", level=3)).to_have_text(re.compile(r"^看了 \d 次$"))
    await expect(review.get_by_text(WORDS)).to_be_visible()
    await expect(review.locator(".emergency-reads")).to_contain_text("病例")
    assert "胸痛" not in await review.locator("main").inner_text()
    await review.get_by_role("button", name="写下结论").click()
    await expect(review.get_by_role("alert").filter(has_text="请选合理或不合理")).to_be_visible()
    await review.get_by_role("button", name="不合理", exact=True).click()
    await review.get_by_label("说明").fill("当天没有这位急诊病人")
    await assert_readable(review)
    await keep(review, "emergency-review-1280")
    await review.get_by_role("button", name="写下结论").click()
    await answer(review, "写下结论")
    await expect(review.get_by_role("region", name="结论")).to_contain_text("当天没有这位急诊病人")
    await expect(review.get_by_role("status").filter(has_text="档案已关上")).to_be_visible()
    await assert_readable(review)

    await page.get_by_role("link", name="‹ 回打开的档案").click()
    await expect(page.get_by_text("已经关上")).to_be_visible()
    await page.get_by_role("link", name="回到紧急调阅").click()
    await expect(page.get_by_role("region", name="我调阅过的")).to_contain_text("不合理")
    await expect(page.get_by_role("region", name="我调阅过的")).to_contain_text(re.compile(r"J-\w{5} .某 [男女]"))
    # What the typed number says by itself is asked before anything is opened, and nothing is looked up for it.
    digits = "522727" + "19630309" + "112"
    await number.fill(digits + check_character(digits))
    await page.get_by_role("button", name="昏迷或说不清病史").click()
    await page.get_by_label("情况,用自己的话写").fill(WORDS)
    await press.click()
    await expect(page.get_by_role("dialog")).to_contain_text("女,1963年3月9日生")
    await keep(page, "emergency-who-360")
    await answer(page, "先不")
    await assert_readable(page)


    patient = case.people["patient"]
    seen = (await visiting(f"{demo.base_url}/phone/{patient.key}/h5/mini/#/privacy?at=looked", PHONE)).page
    line = seen.locator(".weui-cell", has_text="紧急调阅").filter(has_text="理由")
    await expect(line).to_contain_text("理由:昏迷或说不清病史。县里审查:不合理。您可以投诉")
    await assert_readable(seen)
    await keep(seen, "privacy-emergency-360")


async def test_who_has_nothing_to_do_here_is_told_so(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    pharmacist = next(one for one in roster(demo) if one["role"] == "pharmacist")
    page = (await at(visiting, demo, pharmacist, WIDE)).page
    await expect(page.get_by_text("紧急调阅由村医、值班医生和专家做")).to_be_visible()
    await assert_readable(page)
    administrator = next(one for one in roster(demo) if one["role"] == "administrator")
    visit = await at(visiting, demo, administrator, PHONE)
    await expect(visit.page.get_by_role("region", name="调阅审查")).to_be_visible()
    await expect(visit.page.get_by_label("会诊编号,或病人的身份证号")).to_have_count(0)
    await assert_readable(visit.page)
    await visit.page.context.set_offline(True)
    await expect(visit.page.locator("#offline")).to_contain_text("网络断了")
