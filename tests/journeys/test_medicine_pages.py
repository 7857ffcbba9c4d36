"""The pharmacist's page and the signing doctor's, in a real browser on the whole running demonstration."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable
from tests.journeys.medicine_people import AMLODIPINE, BLOCKED, WARFARIN, Treatment, dose, duty_doctor_of, open_treatment, pharmacists
from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

DESK = (1280, 800)
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""A folder that keeps what the pages looked like, for the documentation; empty keeps nothing."""
REASON = "今早刚服过药,平时150以上,先减半观察"


async def at(visiting: Visiting, demo: Demo, person: dict[str, Any], name: str, size: tuple[int, int]) -> Visit:
    visit = await visiting(f"{demo.base_url}/phone/{person['key']}/h5/{name}/", size)
    await expect(visit.page.locator("#queue .empty[role=status]")).to_have_count(0)
    return visit


async def take(page: Page, code: str) -> None:
    """Open the prescription from the queue."""
    await page.locator(".wl-row", has_text=code).first.click()
    await expect(page.locator(".wl-head h2")).to_contain_text(code)


async def unfold_the_case(page: Page) -> None:
    fold = page.locator("summary", has_text="的病情")
    await fold.click()
    await expect(page.locator(".case")).to_contain_text("胸痛")
    await assert_readable(page)
    await fold.click()


async def confirm(page: Page, name: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


async def look_again(page: Page) -> None:
    """What coming back to the page does, a while after the last touch: nothing changes under a finger."""
    await page.wait_for_timeout(1000)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def sign_on_the_page(page: Page, reason: str) -> None:
    await page.get_by_label("氨氯地平").fill(reason)
    await page.get_by_role("button", name="签名", exact=True).click()
    await confirm(page, "签名")
    await expect(page.locator("#detail .notice-good")).to_contain_text("已签名")


async def lose_the_network_while_signing(page: Page, reason: str) -> None:
    """What was typed stays, and the sentence says what to do."""
    field = page.get_by_label("氨氯地平")
    await field.fill(reason)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="签名", exact=True).click()
    await confirm(page, "签名")
    await expect(page.locator("#detail .notice[role=alert]")).to_contain_text("网络断了")
    await expect(field).to_have_value(reason)
    await page.context.set_offline(False)


def referred(demo: Demo) -> Treatment:
    """Beyond the village list, with one soft warning, and an emergency dose given beside it."""
    treatment = open_treatment(demo, "proposed", doctor_index=17, items=(WARFARIN, AMLODIPINE), facts={"systolic": "96", "creatinine": "150"})
    assert treatment.prescription["state"] == "REFERRED"
    doses = treatment.doctor.get("/v1/emergency-doses").json()["doses"]
    aspirin = next(one for one in doses if one["code"] == "aspirin_chewed")
    body = {"dose": aspirin["code"], "ruled_out": list(aspirin["contraindications"]), "confirm": True}
    given = treatment.doctor.post(f"/v1/consultations/{treatment.case.consultation_id}/emergency-dose", body)
    assert given.status_code == 201, given.text
    return treatment


async def test_signed_returned_signed_again_released_and_handed_out_once(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    treatment = referred(demo)
    code = str(treatment.prescription["code"])
    duty, _ = duty_doctor_of(demo, treatment.prescription_id)
    (first, _), (second, _), *_ = pharmacists(demo)

    signing = await at(visiting, demo, duty, "sign", PHONE)
    await assert_readable(signing.page)
    await assert_at_home(signing, demo.base_url)
    await take(signing.page, code)
    await expect(signing.page.locator(".rx-warn")).to_contain_text("依据")
    await expect(signing.page.locator("#detail")).to_contain_text("村医可开目录")
    await picture(signing.page, "sign-360")
    await unfold_the_case(signing.page)
    await signing.page.get_by_role("button", name="签名", exact=True).click()
    await expect(signing.page.locator("#detail .notice")).to_contain_text("没有写理由")
    await assert_readable(signing.page)
    await lose_the_network_while_signing(signing.page, REASON)
    await sign_on_the_page(signing.page, REASON)

    desk = await at(visiting, demo, first, "pharmacy", DESK)
    urgent = desk.page.get_by_role("region", name=f"急用一剂 {treatment.prescription['consultation_code']}")
    await expect(urgent).to_contain_text("阿司匹林")
    await urgent.get_by_role("button", name="我已阅").click()
    await expect(urgent).to_have_count(0)
    await take(desk.page, code)
    await expect(desk.page.locator(".rx-reason")).to_contain_text(REASON)
    await expect(desk.page.locator("#detail")).to_contain_text("eGFR")
    await expect(desk.page.locator("#detail")).to_contain_text("病人付")
    await unfold_the_case(desk.page)
    await assert_readable(desk.page)
    await assert_at_home(desk, demo.base_url)
    await desk.page.locator("summary", has_text="退回").click()
    await desk.page.get_by_role("button", name="退回处方").click()
    await expect(desk.page.locator("#detail .notice")).to_contain_text("原因")
    await desk.page.get_by_role("button", name="剂量请再核对").click()
    await desk.page.get_by_label("退回的原因").fill("剂量请再核对:收缩压只有 96")
    await expect(desk.page.locator("#detail .notice", has_text="请写一句原因")).to_have_count(0)
    await picture(desk.page, "pharmacy-1280")
    await desk.page.get_by_role("button", name="退回处方").click()
    await confirm(desk.page, "退回")
    await expect(desk.page.locator("#detail .notice-good")).to_contain_text("已退回")

    treatment.revise(WARFARIN, dose("amlodipine", "2.5", directions="早上服"))
    await signing.page.goto(signing.page.url.split("#")[0] + "#/")
    await look_again(signing.page)
    await take(signing.page, code)
    await sign_on_the_page(signing.page, "剂量已减半,密切观察")

    other = await at(visiting, demo, second, "pharmacy", PHONE)
    await take(other.page, code)
    await assert_readable(other.page)
    await picture(other.page, "pharmacy-360")
    await look_again(desk.page)
    await expect(desk.page.locator("#detail .notice[role=status]")).to_contain_text("待药师审方")
    await expect(desk.page.locator(".wl-row", has_text=code).first.locator(".wl-clock")).to_have_text(re.compile("刚到|已等"))
    await desk.page.get_by_role("button", name="通过").click()
    await expect(desk.page.locator("#detail .notice[role=alert]")).to_contain_text("请先看医生写的理由")
    await desk.page.get_by_label("我看过").check()
    await desk.page.get_by_role("button", name="通过").click()
    await confirm(desk.page, "签名放行")
    await expect(desk.page.locator("#detail .notice-good")).to_contain_text("审方通过")

    # The colleague still has the old state before him, or has just been told: either way he reads who was faster.
    if await other.page.get_by_role("button", name="通过").count():
        await other.page.get_by_label("我看过").check()
        await other.page.get_by_role("button", name="通过").click()
        await confirm(other.page, "签名放行")
    await expect(other.page.locator("#detail .notice[role=status]")).to_contain_text("审方通过")
    await hand_out_once(desk.page, other.page, treatment)


async def hand_out_once(desk: Page, other: Page, treatment: Treatment) -> None:
    shown = treatment.patient.get(f"/v1/prescriptions/{treatment.prescription_id}/dispense-code").json()
    assert shown["picture"].startswith("data:image/png;base64,")
    await desk.get_by_label("病人的取药码").fill("00000000")
    await desk.get_by_role("button", name="发药", exact=True).click()
    await confirm(desk, "发药")
    await expect(desk.locator("#detail .notice[role=alert]")).to_contain_text("对不上")
    await assert_readable(desk)
    await other.goto(other.url.split("#")[0] + "#/")
    await picture(other, "pharmacy-queue-360")
    await other.get_by_label("病人来取药").fill(f"{shown['code']} {shown['dispense_code']}".lower())
    await other.get_by_role("button", name="打开处方").click()
    field = other.get_by_label("病人的取药码")
    await expect(field).to_have_value(shown["dispense_code"].replace("-", ""))
    await take_a_photo(other, shown)
    await desk.get_by_label("病人的取药码").fill(shown["dispense_code"])
    await desk.get_by_role("button", name="发药", exact=True).click()
    await confirm(desk, "发药")
    await expect(desk.locator("#detail .notice-good")).to_contain_text("已发药")
    if await field.count():
        await other.get_by_role("button", name="发药", exact=True).click()
        await confirm(other, "发药")
    await expect(other.locator("#detail .notice[role=status]")).to_contain_text("已发药")
    await expect(other.get_by_role("button", name="发药", exact=True)).to_have_count(0)
    assert treatment.read()["state"] == "DISPENSED"


async def take_a_photo(page: Page, shown: dict[str, str]) -> None:
    """Where the browser reads QR codes (this one has no reader: one that reads this picture is put in its place) the code need not be typed."""
    reader = "(text) => { window.BarcodeDetector = class { async detect() { return [{ rawValue: text }]; } }; }"
    await page.evaluate(reader, f"{shown['code']} {shown['dispense_code']}")
    await page.goto(page.url.split("#")[0] + "#/")
    await take(page, shown["code"])
    await expect(page.get_by_label("病人的取药码")).to_have_value("")
    photo = {"name": "photo.png", "mimeType": "image/png", "buffer": base64.b64decode(shown["picture"].partition(",")[2])}
    await page.get_by_role("region", name="发药").locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
    await expect(page.get_by_label("病人的取药码")).to_have_value(shown["dispense_code"].replace("-", ""))


async def fill_and_confirm(page: Page, act: str, sure: str, reason: str) -> None:
    """The fold ``act``: nothing without a reason; with it, after one question."""
    await page.locator("summary", has_text=act).click()
    await page.get_by_role("button", name=act if act != "撤回这张处方" else "撤回", exact=True).click()
    await expect(page.locator("#detail .notice[role=alert]")).to_contain_text("请写一句")
    await page.locator("details[open].rx-fold").get_by_role("textbox").fill(reason)
    await assert_readable(page)
    await page.get_by_role("button", name=act if act != "撤回这张处方" else "撤回", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("取药码马上失效")
    await confirm(page, sure)


async def test_what_lies_ready_is_taken_back_changed_and_withdrawn_by_who_signed_it(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    treatment = open_treatment(demo, "signed", doctor_index=16, items=(WARFARIN,))
    code = str(treatment.prescription["code"])
    (first, colleague), *_ = pharmacists(demo)
    page = (await at(visiting, demo, first, "pharmacy", PHONE)).page
    await take(page, code)
    back = {"revision": 1, "reason": "剂量请再核对"}
    assert colleague.post(f"/v1/prescriptions/{treatment.prescription_id}/return", back).status_code == 200
    treatment.revise(WARFARIN, AMLODIPINE)
    treatment.sign()
    await look_again(page)
    await expect(page.locator("#detail")).to_contain_text("第 2 版")
    await expect(page.locator("#detail .notice[role=status]")).to_contain_text("待药师审方")
    await page.get_by_role("button", name="通过").click()
    await confirm(page, "签名放行")
    await expect(page.locator("#detail .notice-good")).to_contain_text("审方通过")

    await fill_and_confirm(page, "收回放行", "收回", "患者说对它过敏")
    await expect(page.locator("#detail .notice-good")).to_contain_text("已收回")
    await expect(page.get_by_role("button", name="发药", exact=True)).to_have_count(0)
    assert treatment.read()["state"] == "RETURNED"

    treatment.revise(WARFARIN)
    treatment.sign()
    treatment.release()
    duty, _ = duty_doctor_of(demo, treatment.prescription_id)
    signing = (await at(visiting, demo, duty, "sign", PHONE)).page
    await signing.goto(f"{signing.url.split('#')[0]}#/rx/{treatment.prescription_id}")
    await fill_and_confirm(signing, "撤回这张处方", "撤回", "凝血还没有查")
    await expect(signing.locator("#detail .notice-good")).to_contain_text("已撤回")
    assert treatment.read()["state"] == "WITHDRAWN"
    assert treatment.patient.get(f"/v1/prescriptions/{treatment.prescription_id}").status_code == 404
    (shown,) = [one for one in treatment.patient.get("/v1/prescriptions/stages").json()["prescriptions"] if one["code"] == code]
    assert (shown["stage_label"], shown["readable"]) == ("已撤回", False)


async def test_what_nobody_may_sign_says_who_must_change_it(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    treatment = open_treatment(demo, "proposed", doctor_index=18, items=(*BLOCKED, WARFARIN))
    duty, _ = duty_doctor_of(demo, treatment.prescription_id)
    page = (await at(visiting, demo, duty, "sign", DESK)).page
    await take(page, str(treatment.prescription["code"]))
    await expect(page.locator(".rx-stop").first).to_contain_text("不能用")
    await expect(page.locator(".rx-stopped")).to_contain_text("请开方的专家改方")
    await picture(page, "sign-1280")
    await expect(page.get_by_role("button", name="签名", exact=True)).to_have_count(0)
    await assert_readable(page)
    await page.locator("summary", has_text="不签").click()
    await page.get_by_role("textbox", name="原因").fill("两种药不能同用,请换一种")
    await page.get_by_role("button", name="撤回").click()
    await confirm(page, "撤回")
    await expect(page.locator("#detail .notice-good")).to_contain_text("已撤回")
    assert treatment.read()["state"] == "WITHDRAWN"


async def test_their_states(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    idle = next(
        one for one in roster(demo)[::-1]
        if one["role"] == "duty_doctor" and not sign_in(demo, one).get("/v1/prescriptions/waiting").json()["to_sign"]
    )
    visit = await at(visiting, demo, idle, "sign", PHONE)
    page = visit.page
    await expect(page.locator("#queue")).to_contain_text("现在没有等签名的处方")

    await page.context.set_offline(True)
    await look_again(page)
    await expect(page.locator("#offline")).to_contain_text("网络断了")
    await expect(page.locator("#queue")).to_contain_text("现在没有等签名的处方")
    await assert_readable(page)
    await page.context.set_offline(False)
    await look_again(page)
    await expect(page.locator("#offline")).to_be_hidden()
    await page.context.clear_cookies()
    await look_again(page)
    await expect(page.locator("#offline")).to_contain_text("登录过期了")

    expert = next(one for one in roster(demo) if one["role"] == "expert")
    foreign = (await at(visiting, demo, expert, "pharmacy", DESK)).page
    await expect(foreign.locator("#queue")).to_contain_text("这一页是给药师用的")

    held: list[Route] = []

    async def hold_the_first(route: Route) -> None:
        if held:
            await route.continue_()
        held.append(route)

    pharmacist = pharmacists(demo)[0][0]
    slow = (await at(visiting, demo, pharmacist, "pharmacy", PHONE)).page
    await slow.route("**/prescriptions/waiting", hold_the_first)
    await slow.reload()
    await expect(slow.locator("#queue [role=status]")).to_have_text("正在取…")
    await held[0].abort("connectionreset")
    await expect(slow.get_by_role("alert")).to_contain_text("网络断了")
    await slow.get_by_role("button", name="再试").click()
    await expect(slow.locator("#queue")).to_contain_text("待审方")
