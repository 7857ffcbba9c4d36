"""The patient's own pages: medicine with every fen, follow-up with a picture, results, rating, and what stays without a network."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable
from tests.journeys.medicine_people import Treatment, dose, open_treatment, pharmacists
from tests.journeys.people import roster, sign_in
from tests.journeys.story.files import write_files
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

WIDE = (1280, 900)
SLOW = 40_000
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""A folder to keep pictures of the pages in."""
MEDICINE = (
    dose("valsartan", "80", days=84, directions="早上吃"), dose("gliclazide", "30", days=84), dose("acarbose", "50", 3, 84, "跟第一口饭一起嚼"),
    dose("liquorice", "300", 3, 3),
)
"""112.80, 67.50, 130.50 and 5.80: the third meets the cap of 200.00, the fourth is not covered."""


async def opened(visiting: Visiting, demo: Demo, key: str, path: str = "", size: tuple[int, int] = PHONE) -> Visit:
    visit = await visiting(f"{demo.base_url}/phone/{key}/h5/mini/#/{path}", size)
    await expect(visit.page.locator("h1")).to_be_visible()
    await expect(visit.page.locator("main .empty[role=status]")).to_have_count(0)
    return visit


async def turn_to(page: Page, path: str) -> None:
    await page.goto(re.sub("#.*", "", page.url) + f"#/{path}")
    await expect(page.locator("main .empty[role=status]")).to_have_count(0)


async def keep(page: Page, name: str) -> None:
    if PICTURES:
        tall = await page.evaluate("document.documentElement.scrollHeight")
        size = page.viewport_size
        assert size is not None
        # A page as tall as what stands in it, so that the bar below lies below and not across.
        await page.set_viewport_size({"width": size["width"], "height": min(max(size["height"], tall), 3200)})
        await page.evaluate("scrollTo(0, 0)")
        await page.wait_for_timeout(300)
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")
        await page.set_viewport_size(size)


def sign(treatment: Treatment) -> None:
    treatment.sign(**{one["key"]: "病情稳定,路远,经评估" for one in treatment.prescription["findings"] if one["action"] == "W"})


def bring_image(treatment: Treatment, folder: Path) -> None:
    address = f"{treatment.demo.base_url}/v1/consultations/{treatment.case.consultation_id}/images"
    body = (write_files(folder) / "image.dcm").read_bytes()
    arrived = httpx.post(address, content=body, headers=treatment.doctor.headers, timeout=60, trust_env=False)
    assert arrived.status_code in (201, 202), arrived.text
    # The electrocardiogram on paper, photographed.
    photo = (write_files(folder) / "consent.jpg").read_bytes()
    arrived = httpx.post(address, content=photo, headers=treatment.doctor.headers, timeout=60, trust_env=False)
    assert arrived.status_code in (201, 202), arrived.text


async def test_a_patient_fetches_her_medicine_and_reads_the_outcome(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    demo = running_demo_house
    treatment = open_treatment(demo, "proposed", doctor_index=5, items=MEDICINE)
    visit = await opened(visiting, demo, treatment.patient.key, "prescriptions")
    page = visit.page
    await expect(page.get_by_text("等医生签名")).to_be_visible()
    sign(treatment)
    await turn_to(page, f"prescription/{treatment.prescription_id}")
    await expect(page.locator(".tag")).to_have_text("药师在审")
    await expect(page.get_by_text("缬沙坦")).to_have_count(0)
    await assert_readable(page)
    treatment.release()
    bring_image(treatment, tmp_path)

    await turn_to(page, "")
    await expect(page.get_by_text("可以取药")).to_be_visible()
    await keep(page, "home-360")
    await page.get_by_role("link", name="看取药码").click()
    code = treatment.patient.get(f"/v1/prescriptions/{treatment.prescription_id}").json()["dispense_code"]
    await expect(page.get_by_label("取药码", exact=True)).to_contain_text(code)
    await expect(page.get_by_alt_text("取药码的二维码")).to_be_visible()
    await expect(page.locator(".panel", has_text="阿卡波糖").first).to_contain_text("每次吃 1 片,一天 3 次")
    costs = page.get_by_label("费用")
    for figure in ("¥316.60", "¥200.00", "¥116.60", "医保报 ¥73.79(到了报销上限),您付 ¥56.71", "不报,¥5.80 自己付"):
        await expect(costs).to_contain_text(figure)
    await costs.get_by_text("怎么算的").click()
    await expect(costs).to_contain_text("一次最多报 ¥200.00")
    await expect(costs).to_contain_text("这个药不在医保目录内")
    await expect(page.locator("main")).to_contain_text("✓ 医生签过名,药师审过")
    await assert_readable(page)
    await assert_at_home(visit, demo.base_url)
    await keep(page, "mini-prescription-360")
    wide = (await opened(visiting, demo, treatment.patient.key, f"prescription/{treatment.prescription_id}", WIDE)).page
    await expect(wide.get_by_label("费用")).to_contain_text("¥116.60")
    await assert_readable(wide)
    await keep(wide, "mini-prescription-1280")

    address = f"/v1/prescriptions/{treatment.prescription_id}/dispense"
    given = pharmacists(demo)[0][1].post(address, {"dispense_code": code})
    assert given.status_code == 200, given.text
    for _ in range(40):
        await page.reload()
        await expect(page.locator(".tag")).to_have_text("已取药")
        if "已结算" in await page.get_by_label("费用").inner_text():
            break
        await page.wait_for_timeout(500)
    await expect(page.get_by_label("费用")).to_contain_text("您付")
    await expect(page.get_by_label("费用")).to_contain_text("已结算")
    await expect(page.get_by_label("费用")).to_contain_text("¥116.60")
    await expect(page.get_by_label("取药码", exact=True)).to_have_count(0)
    await follow_the_course(page, treatment)
    await look_at_the_outcome(page, treatment)
    await on_both_screens(visiting, treatment)


async def on_both_screens(visiting: Visiting, treatment: Treatment) -> None:
    """Lists and single ones of 报告 and 我的会诊, the family, what was agreed to: on a phone and on a computer's screen."""
    consultation_id = treatment.case.consultation_id
    shown = (
        ("reports", "mini-reports", "报告与影像"), (f"report/{consultation_id}", "mini-report", "会诊结果"),
        ("consultations", "mini-consultations", "我的会诊"), (f"consultation/{consultation_id}", "mini-consultation", "会诊经过"),
        ("family", "mini-family", "家人"), ("privacy", "mini-privacy", "授权与隐私"),
    )
    for size in (PHONE, WIDE):
        page = (await opened(visiting, treatment.demo, treatment.patient.key, "", size)).page
        for path, name, heading in shown:
            await turn_to(page, path)
            await expect(page.locator("h1")).to_contain_text(heading)
            await expect(page.locator("main .weui-cell, main .panel").first).to_be_visible()
            await assert_readable(page)
            await keep(page, f"{name}-{size[0]}")


async def follow_the_course(page: Page, treatment: Treatment) -> None:
    """What happens meanwhile appears by itself; while one asking is on its way over a weak link, no other follows it."""
    address = f"consultation/{treatment.case.consultation_id}"
    await turn_to(page, address)
    asked: list[Route] = []

    async def hold(route: Route) -> None:
        asked.append(route)

    await page.route("**/timeline", hold)
    for _ in range(3):
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    body = {"dose": "aspirin_chewed", "ruled_out": ["allergy", "bleeding", "anticoagulant", "dissection", "child"], "confirm": True}
    given = treatment.doctor.post(f"/v1/consultations/{treatment.case.consultation_id}/emergency-dose", body)
    assert given.status_code == 201, given.text
    assert len(asked) == 1
    await asked[0].continue_()
    await expect(page.locator(".timeline")).to_contain_text("急用一剂已下医嘱:阿司匹林肠溶片 300 mg")
    await page.unroute("**/timeline")
    await turn_to(page, f"report/{treatment.case.consultation_id}")
    await expect(page.locator(".panel", has_text="急用一剂已下医嘱")).to_contain_text("阿司匹林肠溶片 300 mg")


async def look_at_the_outcome(page: Page, treatment: Treatment) -> None:
    consultation_id = treatment.case.consultation_id
    await turn_to(page, f"consultation/{consultation_id}")
    await page.get_by_role("link", name="进入视频").click()
    await expect(page).to_have_url(re.compile(rf"/phone/{treatment.patient.key}/h5/room/{consultation_id}/(#.*)?$"))
    await expect(page.get_by_role("button", name=re.compile("加入"))).to_be_visible()
    await page.goto(f"{treatment.demo.base_url}/phone/{treatment.patient.key}/h5/mini/#/reports")
    await page.locator(".weui-cell").first.click()
    await expect(page.get_by_label("医生的决定")).to_contain_text("同意专家的建议")
    await expect(page.get_by_label("专家的建议")).to_contain_text("调整降压药,两周后复诊")
    await expect(page.get_by_label("要当心")).to_contain_text("胸痛加重马上再呼叫")
    await expect(page.locator(".done-line")).to_contain_text("专家和村医都签过名")
    await page.locator(".images-item").first.scroll_into_view_if_needed()
    await expect(page.get_by_label("影像", exact=True).locator("img").first).to_be_visible(timeout=SLOW)
    await page.locator(".images-item", has_text="照片").click()
    viewer = page.get_by_role("dialog", name="影像")
    shown = viewer.locator("img.viewer-picture")
    await expect(shown).to_be_visible(timeout=SLOW)
    await page.keyboard.press("+")
    assert "scale(1.25)" in str(await shown.get_attribute("style"))
    await assert_readable(page)
    await viewer.get_by_role("button", name="关闭").click()
    await assert_readable(page)
    await keep(page, "mini-report-360")

    await turn_to(page, f"consultation/{consultation_id}")
    done = treatment.doctor.post(f"/v1/consultations/{consultation_id}/complete", {"without": "急救在先"})
    assert done.status_code == 200, done.text
    await page.wait_for_timeout(900)  # Nothing is drawn anew under a finger.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.get_by_role("link", name="看医生的决定")).to_be_visible()
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.get_by_role("alert")).to_have_text("先点一下星星。")
    await page.get_by_role("button", name="4 星,满意").click()
    await page.get_by_label("想说的话").fill("讲得明白")
    await assert_readable(page)
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.get_by_label("评价")).to_contain_text("4 星 · 满意")
    await page.reload()
    await expect(page.get_by_label("评价")).to_contain_text("讲得明白")
    await expect(page.get_by_role("button", name="提交评价")).to_have_count(0)


async def press(page: Page, signs: str) -> None:
    pad = page.get_by_role("group", name="数字键")
    for sign_ in signs:
        await pad.get_by_role("button", name="小数点" if sign_ == "." else sign_, exact=True).click()
    await page.get_by_role("button", name="记下").click()


async def low_values_are_answered_with_what_helps(page: Page, patient_id: str) -> None:
    """Low sugar: sugar, at once and on the page to which she comes back; a pressure of shock: lie down, 120."""
    await turn_to(page, f"measure/{patient_id}/fasting_glucose")
    await page.locator("main input").first.fill("2.4")
    await page.get_by_role("button", name="记下").click()
    await expect(page.get_by_role("alert")).to_contain_text("马上吃 15–20 克糖")
    await turn_to(page, f"measure/{patient_id}/blood_pressure")
    for label, value in (("高压", "66"), ("低压", "40")):
        await page.get_by_label(label).fill(value)
    await page.get_by_role("button", name="记下").click()
    await expect(page.get_by_role("alert")).to_contain_text("先躺下")
    await expect(page.get_by_role("button", name="没有")).to_have_count(0)
    await assert_readable(page)
    await page.get_by_role("link", name="回随访").click()
    sugar = page.get_by_role("note").filter(has_text="2.4,很危险")
    await expect(sugar).to_contain_text("嘴里什么都不要喂")
    await expect(sugar).not_to_contain_text("别自己加药停药")
    await expect(page.get_by_role("note").filter(has_text="66/40,很危险")).to_contain_text("马上打 120")


def lose_the_second_answer() -> Callable[[Route], Awaitable[None]]:
    """The first request (for whom) goes through; of the second the practice hears, but its answer does not arrive."""
    seen = 0

    async def handle(route: Route) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            await route.continue_()
            return
        await route.fetch()
        await route.abort()

    return handle


async def test_a_reading_becomes_a_picture_and_danger_comes_first(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    doctor = sign_in(demo, [one for one in roster(demo) if one["role"] == "village_doctor"][6])
    named = {one["name"]: one for one in roster(demo) if one.get("mini_program_openid")}
    patient = next(one for one in doctor.get("/v1/patient-list").json()["patients"] if one["full_name"] in named)
    started = doctor.post(f"/v1/patients/{patient['patient_id']}/plans", {"template": "hypertension"})
    assert started.status_code == 201, started.text
    visit = await opened(visiting, demo, named[patient["full_name"]]["key"], "followup")
    page = visit.page
    await expect(page.get_by_label("高血压随访")).to_contain_text("量血压")
    for systolic, diastolic in ((152, 94), (138, 86), (146, 91)):
        doctor.post(f"/v1/patients/{patient['patient_id']}/readings", {"systolic": systolic, "diastolic": diastolic})

    async def when_it_is_due(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["now"] = min(due["due_at"] for due in body["plans"][0]["due"])
        await route.fulfill(response=answer, body=json.dumps(body))

    await page.route("**/v1/plans", when_it_is_due)
    await turn_to(page, "")
    await page.locator(".panel", has_text="今天:量血压").get_by_role("link", name="现在记").click()
    await page.unroute("**/v1/plans")
    await press(page, "15")
    await expect(page.get_by_role("alert")).to_have_text("还差低压(舒张压)。")
    await page.get_by_label("高压").fill("")
    await press(page, "95150")
    await expect(page.get_by_role("alert")).to_contain_text("不太像量出来的数")
    await assert_readable(page)
    for label, value in (("高压", "150"), ("低压", "95")):
        await page.get_by_label(label).fill(value)
    await page.get_by_role("button", name="记下").click()
    await expect(page.locator(".panel-strong")).to_contain_text("150/95")
    await expect(page.locator(".panel-strong")).to_contain_text("偏高")
    trend = page.get_by_alt_text("血压趋势图")
    await expect(trend).to_be_visible(timeout=SLOW)
    assert await trend.evaluate("e => e.naturalWidth") == 720
    await page.get_by_role("button", name="没有").click()
    await expect(page.get_by_text("别自己加减")).to_be_visible()
    await assert_readable(page)

    await page.get_by_role("link", name="再记一次").click()
    await press(page, "190115")
    danger = page.get_by_role("alert")
    await expect(danger).to_contain_text("马上打 120")
    await expect(danger.get_by_role("link", name="拨打 120")).to_be_visible()
    assert await page.locator("main > div > section").first.evaluate("e => e.className") == "panel panel-danger"
    await expect(page.locator("main")).to_contain_text("他会联系您")
    await assert_readable(page)

    await page.get_by_role("link", name="回随访").click()
    await expect(page.get_by_role("note")).to_contain_text("190/115,很危险")
    await expect(page.get_by_role("note")).to_contain_text("别自己加药停药")
    await expect(page.get_by_role("list", name="血压记录").get_by_role("listitem")).to_have_count(5)
    await expect(page.get_by_alt_text("血压趋势图")).to_be_visible(timeout=SLOW)
    await assert_readable(page)
    await assert_at_home(visit, demo.base_url)
    await keep(page, "mini-followup-360")
    wide = (await opened(visiting, demo, named[patient["full_name"]]["key"], "followup", WIDE)).page
    await expect(wide.get_by_alt_text("血压趋势图")).to_be_visible(timeout=SLOW)
    await assert_readable(wide)
    await keep(wide, "mini-followup-1280")

    await low_values_are_answered_with_what_helps(page, patient["patient_id"])
    await page.get_by_role("button", name="停止全部提醒").click()
    await expect(page.get_by_role("button", name="恢复提醒")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="恢复提醒").click()
    await expect(page.get_by_role("button", name="停止全部提醒")).to_be_visible()

    await page.get_by_role("link", name="更难受了").click()
    await expect(page.get_by_label("哪里更难受")).to_be_visible()
    await expect(page.get_by_role("note")).to_contain_text("马上打 120")
    # The sentence arrives, its answer is lost on the way; what she writes then is another sentence, and is taken.
    await page.route("**/v1/commands", lose_the_second_answer())
    await page.get_by_label("哪里更难受").fill("胸口有点闷")
    await page.get_by_role("button", name="告诉医生").click()
    await expect(page.get_by_text("网络断了,连不上")).to_be_visible(timeout=SLOW)
    await page.unroute("**/v1/commands")
    await page.get_by_label("哪里更难受").fill("胸口压着痛,出冷汗,喘不上气")
    await page.get_by_role("button", name="告诉医生").click()
    await expect(page.locator(".mini-bubble-practice").first).to_be_visible(timeout=SLOW)
    await expect(page.get_by_role("alert")).to_contain_text("请马上打 120")
    await assert_readable(page)

    await turn_to(page, "followup")
    await page.get_by_role("button", name="不再随访").click()
    await page.get_by_role("dialog").get_by_role("button", name="结束随访").click()
    await expect(page.get_by_text("随访已经结束")).to_be_visible()


async def test_empty_refused_and_without_a_network(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    doctor = sign_in(demo, [one for one in roster(demo) if one["role"] == "village_doctor"][11])
    named = {one["name"]: one for one in roster(demo) if one.get("mini_program_openid")}
    patient = next(one for one in doctor.get("/v1/patient-list").json()["patients"] if one["full_name"] in named)
    page = (await opened(visiting, demo, named[patient["full_name"]]["key"], "prescriptions")).page
    await expect(page.get_by_text("还没有处方")).to_be_visible()
    await assert_readable(page)
    for path, said in (
        ("reports", "还没有会诊结果"), ("followup", "还没有随访计划"), ("prescription/01ARZ3NDEKTSV4RRFFQ69G5FAV", "没有找到这张处方"),
        ("report/01ARZ3NDEKTSV4RRFFQ69G5FAV", "先在「家人」里登记"), ("measure/01ARZ3NDEKTSV4RRFFQ69G5FAV/weight", "没有这一项"),
    ):  # fmt: skip
        await turn_to(page, path)
        await expect(page.locator("main")).to_contain_text(said)
        await assert_readable(page)

    await turn_to(page, "privacy")
    await page.get_by_role("link", name="看同意书原文").first.click()
    await expect(page.locator(".done-line")).to_contain_text("同意了这一版")
    await assert_readable(page)

    await turn_to(page, f"insurance/{patient['patient_id']}")
    for number, said in (("12", "医保号是 6 到 30 位"), ("DEMO99999999", "没有")):
        await page.get_by_label("医保号").fill(number)
        await page.get_by_role("button", name="登记").click()
        await expect(page.get_by_role("alert")).to_contain_text(said)
    await assert_readable(page)

    await turn_to(page, f"measure/{patient['patient_id']}/fasting_glucose")
    await page.context.set_offline(True)
    await expect(page.locator("#offline")).to_be_visible()
    await press(page, "6.8")
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    assert await page.get_by_label("空腹血糖").input_value() == "6.8"
    await turn_to(page, "prescriptions")
    await expect(page.get_by_role("alert")).to_contain_text("下面是上次取到的")
    await expect(page.get_by_text("还没有处方")).to_be_visible()
    await assert_readable(page)
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(page.locator("#offline")).to_be_hidden()

    async def three_days_ago(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["now"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3 * 86400))
        await route.fulfill(response=answer, body=json.dumps(body))

    await page.route("**/v1/slots?**", three_days_ago)
    await turn_to(page, "book")
    await page.locator(".weui-cell:visible", has_text="个号").last.click()
    await expect(page.get_by_role("status")).to_contain_text("今天没有号,最近的是")
    await assert_readable(page)
