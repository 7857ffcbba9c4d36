"""The expert's desk in a real browser: from the invitation to the signed opinion and the prescription; what he meets when something is missing."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.journeys.browser import PHONE, PICTURES, Visit, Visiting, assert_at_home, assert_readable, picture
from tests.journeys.call_people import Case
from tests.journeys.medicine_people import Treatment, pharmacists
from tests.journeys.people import Somebody, roster, sign_in
from tests.journeys.story.files import write_files
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

"""A folder to keep pictures of the pages in."""
WIDE = (1280, 900)
SLOW = 30_000
LINE = "胸痛2小时 出冷汗 没有发烧 血压90/60。请问要不要马上转院? 危急"


def people(demo: Demo, role: str) -> list[dict[str, Any]]:
    return [person for person in roster(demo) if person["role"] == role]


def ask_for_an_expert(demo: Demo) -> tuple[Somebody, Somebody, dict[str, Any]]:
    """A village doctor without a case asks about a patient of hers who has WeChat; doctor, patient, where the consultation stands."""
    named = {person["name"]: person for person in people(demo, "patient") if person.get("official_account_openid")}
    doctor, patient = next(
        (doctor, patient)
        for doctor in (sign_in(demo, person) for person in people(demo, "village_doctor")[::-1])
        if not doctor.get("/v1/consultations").json()["consultations"]
        for patient in doctor.get("/v1/patient-list").json()["patients"] if patient["full_name"] in named
    )
    said = doctor.post("/v1/commands", {"text": f"会诊 {patient['number']}号 {LINE}"})
    assert said.status_code == 200, said.text
    status = doctor.get("/v1/consultations").json()["consultations"][0]
    return doctor, sign_in(demo, named[patient["full_name"]]), status


def who_is_asked(demo: Demo, consultation_id: str) -> tuple[dict[str, Any], Somebody]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for person in people(demo, "expert"):
            expert = sign_in(demo, person)
            offers = expert.get("/v1/offers").json()["offers"]
            if any(one["consultation_id"] == consultation_id and one["state"] == "offered" for one in offers):
                return person, expert
        time.sleep(0.5)
    raise AssertionError("no expert was asked")


def address(demo: Demo, person: dict[str, Any], path: str = "") -> str:
    return f"{demo.base_url}/phone/{person['key']}/h5/desk/{path}"


async def shown_offer(visiting: Visiting, demo: Demo, asked: dict[str, Any], size: tuple[int, int]) -> tuple[dict[str, Any], Somebody, Visit]:
    """An expert who is asked, with the invitation on his desk. On a slow machine one may have run out by then: the next who is asked."""
    for _ in range(4):
        person, expert = who_is_asked(demo, asked["consultation_id"])
        visit = await visiting(address(demo, person), size)
        await expect(visit.page.locator("[data-part=offers]")).to_be_visible()
        if await offer_on(visit.page, asked).count():
            return person, expert, visit
    raise AssertionError("every invitation ran out before it was seen")


def offer_on(page: Page, asked: dict[str, Any]) -> Locator:
    return page.get_by_role("article", name=f"会诊邀请 {asked['code']}")


async def take(visiting: Visiting, demo: Demo, asked: dict[str, Any]) -> tuple[dict[str, Any], Somebody, Visit]:
    """The first of those who are asked to press 接诊 in time."""
    for _ in range(4):
        person, expert, visit = await shown_offer(visiting, demo, asked, WIDE)
        offer = offer_on(visit.page, asked)
        await expect(offer.get_by_role("timer")).to_have_text(re.compile("还剩|到时了"))
        await picture(visit.page, "desk-1280")
        await offer.get_by_role("button", name="接诊").click()
        await expect(visit.page.locator(".case").or_(offer.get_by_role("alert")).first).to_be_visible(timeout=SLOW)
        if await visit.page.locator(".case").count():
            return person, expert, visit
    raise AssertionError("every invitation ran out before it was taken")


async def give_on(visiting: Visiting, demo: Demo, asked: dict[str, Any]) -> None:
    """请转别人 goes on at once; why is asked for afterwards."""
    for _ in range(4):
        page = (await shown_offer(visiting, demo, asked, PHONE))[2].page
        offer = offer_on(page, asked)
        await assert_readable(page)
        await picture(page, "desk-360")
        await offer.get_by_role("button", name="请转别人").click()
        why = page.get_by_role("status").filter(has_text="方便说一下原因吗")
        await expect(why.or_(offer.get_by_role("alert")).first).to_be_visible(timeout=SLOW)
        if await why.count():
            await expect(offer).to_have_count(0)
            await assert_readable(page)
            await why.get_by_role("button", name="不是我的专业").click()
            await expect(why).to_have_count(0)
            return
    raise AssertionError("every invitation ran out before it was answered")


async def give_back(page: Page) -> None:
    """退回, with its reason: the search goes on, and the case is his no more."""
    await page.get_by_text("接不了").click()
    part = page.locator("[data-part=return]")
    await part.get_by_role("button", name="退回,请别的专家").click()
    await expect(part.get_by_role("alert")).to_contain_text("原因")
    await part.get_by_role("button", name="突发急诊或手术").click()
    await part.get_by_role("button", name="退回,请别的专家").click()
    await page.get_by_role("dialog").get_by_role("button", name="退回", exact=True).click()
    await expect(page.locator("h1")).to_have_text("专家工作台")
    await expect(page.locator("[data-part=cases]")).to_contain_text("手上没有会诊")


async def add_drug(page: Page, name: str, dose: str, times: str, days: str = "7") -> None:
    await page.get_by_label("加药").fill(name)
    await page.locator(".desk-drug", has_text=name).first.click()
    line = page.locator("fieldset.desk-line", has_text=name)
    await line.get_by_label("每次").fill(dose)
    await line.get_by_label("每天几次").fill(times)
    await line.get_by_label("几天").fill(days)


async def write_opinion(page: Page) -> None:
    """From a starter with gaps, which cannot be signed, to the signed words."""
    form = page.locator("section", has=page.get_by_role("heading", name="写意见"))
    await form.get_by_role("button", name="转诊", exact=True).click()
    await expect(form.get_by_label("建议")).to_have_value("建议转诊到____(科室:____),____之前到。途中:____。带上:____。")
    await form.get_by_role("button", name="签名").click()
    await expect(form.get_by_role("alert").filter(has_text="还有没填的空")).to_be_visible()
    await form.get_by_text("急用一剂").click()
    aspirin = form.locator(".desk-dose", has_text="阿司匹林")
    await expect(aspirin).to_contain_text("先排除")
    await form.get_by_label("判断").fill("考虑急性冠脉综合征")
    await form.get_by_label("建议").fill("马上转县医院胸痛中心。")
    await form.get_by_label("注意").fill("胸痛加重马上再呼叫")
    await aspirin.get_by_role("button", name="写进建议").click()
    await page.reload()
    form = page.locator("section", has=page.get_by_role("heading", name="写意见"))
    await expect(form.get_by_label("判断")).to_have_value("考虑急性冠脉综合征")
    await expect(form.get_by_label("建议")).to_have_value(re.compile(r"马上转县医院胸痛中心。\n急用一剂:阿司匹林.*300.*先排除:"))
    await form.get_by_role("button", name="签名").click()
    await page.get_by_role("dialog").get_by_role("button", name="再看看").click()
    await form.get_by_role("button", name="签名").click()
    await page.get_by_role("dialog").get_by_role("button", name="确认签名").click()
    await expect(page.locator(".case-part", has_text="专家意见")).to_contain_text("✓ 已签名", timeout=SLOW)


async def prescribe(page: Page) -> None:
    """What nobody may sign is named before it goes out; without it, it goes."""
    form = page.locator(".desk-prescribing")
    await form.get_by_label("诊断").fill("冠心病")
    await add_drug(page, "辛伐他汀", "20", "1")
    await add_drug(page, "克拉霉素", "250", "2")
    await form.get_by_role("button", name="检查用药").click()
    await expect(form.get_by_role("alert").filter(has_text="不能这样开")).to_contain_text("克拉霉素")
    stop = form.locator(".rx-stop", has_text="辛伐他汀").first
    await expect(stop).to_contain_text("依据")
    await assert_readable(page)
    await picture_of(page, form, "desk-blocked-1280")
    await form.get_by_role("button", name="开出").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(form.get_by_role("alert").filter(has_text="不能这样开")).to_be_visible()
    await form.get_by_role("button", name="去掉 克拉霉素").click()
    await form.get_by_role("button", name="开出").click()
    await page.get_by_role("dialog").get_by_role("button", name="开出").click()
    await expect(form.get_by_role("status")).to_contain_text("已开出", timeout=SLOW)


async def record_facts(page: Page) -> None:
    """What he asked in the call himself; the check and the case say it at once."""
    part = page.get_by_role("region", name="记录用药安全资料")
    await part.get_by_text("记录、修改").click()
    await part.get_by_label("过敏史问过了").check()
    await part.get_by_label("怀孕").select_option("no")
    await assert_readable(page)
    await part.get_by_role("button", name="存好").click()
    await expect(page.get_by_role("region", name="用药安全", exact=True)).to_contain_text("问过,没有", timeout=SLOW)


async def picture_of(page: Page, place: Any, name: str) -> None:
    if PICTURES:
        await place.scroll_into_view_if_needed()
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def withdraw_what_lies_ready(page: Page, rx: Locator, case: Treatment) -> None:
    """The pharmacist has let it go; the expert takes it out of the patient's reach."""
    case.prescription = case.read()
    case.sign(**{one["key"]: "已核对,获益大于风险" for one in case.prescription["findings"] if one["action"] == "W"})
    case.release()
    await expect(rx.locator("h2")).to_contain_text("待发药", timeout=SLOW)
    await expect(rx.get_by_role("button", name="改方")).to_have_count(0)
    await rx.locator("summary", has_text="撤回这张处方").click()
    await rx.get_by_role("textbox", name="原因").fill("血压突然很低")
    await rx.get_by_role("button", name="撤回", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("取药码马上失效")
    await page.get_by_role("dialog").get_by_role("button", name="撤回", exact=True).click()
    await expect(rx.locator("h2")).to_contain_text("已撤回", timeout=SLOW)
    await assert_readable(page)


async def test_from_the_invitation_to_a_prescription_that_came_back(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    demo = running_demo_house
    doctor, patient, asked = ask_for_an_expert(demo)
    consultation_id = asked["consultation_id"]
    person, expert, visit = await take(visiting, demo, asked)
    page = visit.page
    complaint = page.locator(".case-complaint")
    await expect(complaint.locator("mark.case-present").first).to_be_visible()
    await expect(complaint.locator("mark.case-absent")).to_contain_text("发烧")
    await expect(page.locator(".case-question")).to_contain_text("要不要马上转院")
    await expect(page.locator(".case-vitals")).to_contain_text("90/60")
    await expect(page.get_by_role("region", name="用药安全", exact=True)).to_contain_text("还没有问")
    await expect(page.get_by_role("link", name="进入视频")).to_have_attribute("href", f"../doctor/room/{consultation_id}/")
    assert consultation_id not in await page.title()
    await assert_readable(page)
    await assert_at_home(visit, demo.base_url)

    image = write_files(tmp_path) / "image.dcm"
    sent = await asyncio.to_thread(
        httpx.post, f"{demo.base_url}/v1/consultations/{consultation_id}/images", content=image.read_bytes(), headers=doctor.headers, timeout=60,
        trust_env=False,
    )
    assert sent.status_code in (201, 202), sent.text
    await expect(page.locator(".images-item")).to_be_visible(timeout=SLOW)

    await write_opinion(page)
    await prescribe(page)
    rx = page.locator("section[aria-label^='处方 ']")
    await expect(rx).to_contain_text("辛伐他汀")
    await picture(page, "desk-case-1280")

    case = Treatment(demo, Case(consultation_id, {"village_doctor": doctor, "expert": expert, "patient": patient}))
    case.opinion = expert.get(f"/v1/consultations/{consultation_id}/opinion").json()
    case.prescription = expert.get(f"/v1/consultations/{consultation_id}/medicines").json()["prescriptions"][0]
    case.decide()
    await record_facts(page)
    case.prescription = case.read()
    case.sign(**{one["key"]: "已核对,获益大于风险" for one in case.prescription["findings"] if one["action"] == "W"})
    returned = pharmacists(demo)[0][1].post(f"/v1/prescriptions/{case.prescription_id}/return", {"revision": 1, "reason": "剂量请再核对"})
    assert returned.status_code == 200, returned.text

    await expect(rx.locator(".desk-returned")).to_contain_text("剂量请再核对", timeout=SLOW)
    await expect(page.locator(".case-decision")).to_contain_text("村医决定:同意")
    await rx.get_by_role("button", name="改方").click()
    form = page.locator(".desk-prescribing")
    await expect(form.locator("h2")).to_contain_text("改处方")
    await expect(form.locator(".desk-returned")).to_contain_text("剂量请再核对")
    await form.get_by_label("每次").fill("10")
    await form.get_by_role("button", name="开出").click()
    await page.get_by_role("dialog").get_by_role("button", name="开出").click()
    await expect(rx).to_contain_text("10", timeout=SLOW)
    await expect(rx.locator(".desk-returned")).to_have_count(0)
    await withdraw_what_lies_ready(page, rx, case)

    small = (await visiting(address(demo, person, f"case/{consultation_id}/"), PHONE)).page
    await expect(small.locator(".case")).to_be_visible()
    await assert_readable(small)
    await picture(small, "desk-case-360")
    await small.get_by_role("link", name="返回").click()
    await expect(small.locator(".weui-cell", has_text="胸痛")).to_contain_text("村医决定:同意")
    await expect(small.get_by_role("region", name="我的本月")).to_contain_text(re.compile(r"接诊 [1-9]\d* 例 · 答复邀请的中位时间"))
    await assert_readable(small)


async def test_what_an_expert_meets_when_something_is_missing(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    idle = next(one for one in people(demo, "expert")[::-1] if not sign_in(demo, one).get("/v1/consultations").json()["consultations"])
    visit = await visiting(address(demo, idle), PHONE)
    page = visit.page
    await expect(page.locator("[data-part=cases]")).to_contain_text("手上没有会诊")
    await expect(page.locator("[data-part=finished]")).to_contain_text("没有结束的会诊")
    await assert_readable(page)

    # What comes slowly says so, and what does not come says what to do.
    await page.route("**/v1/roster", slowly)
    await page.get_by_role("link", name="排班").click()
    await expect(page.get_by_role("status").filter(has_text="正在取")).to_be_visible()
    await expect(page.locator("[data-part=shifts] .weui-cell").first).to_be_visible()
    await page.unroute("**/v1/roster")
    await assert_readable(page)
    await picture(page, "desk-roster-360")
    await page.context.set_offline(True)
    await expect(page.locator("#offline")).to_contain_text("网络断了")
    await expect(page.locator("[data-part=shifts] .weui-cell").first).to_be_visible()
    await page.get_by_role("link", name="工作台").click()
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(page.locator("[data-part=cases]")).to_be_visible()

    # An absence is set and taken back.
    await page.get_by_role("link", name="排班").click()
    await page.get_by_text("要请假").click()
    await page.get_by_role("button", name="请假", exact=True).click()
    await expect(page.get_by_text("请填开始和结束")).to_be_visible()
    await page.get_by_role("button", name="从明天起一周").click()
    await expect(page.get_by_text("请填开始和结束")).to_have_count(0)
    await expect(page.locator("[aria-invalid=true]")).to_have_count(0)
    await page.get_by_role("button", name="请假", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="请假").click()
    await expect(page.locator("[data-part=absences]")).to_contain_text("还没开始")
    await expect(page.locator("[data-part=shifts] .tag").first).to_be_visible()
    await page.locator("[data-part=absences]").get_by_role("button", name="取消").click()
    await page.get_by_role("dialog").get_by_role("button", name="取消请假").click()
    await expect(page.locator("[data-part=absences]")).to_contain_text("没有请假")

    # Somebody else's case, another role, nobody at all.
    others, _, foreign = ask_for_an_expert(demo)
    await give_on(visiting, demo, foreign)
    await give_back((await take(visiting, demo, foreign))[2].page)
    await page.goto(address(demo, idle, f"#/case/{foreign['consultation_id']}"))
    await page.reload()
    await expect(page.locator("main")).to_contain_text("不在您这里")
    await assert_readable(page)
    await page.context.clear_cookies()
    await page.get_by_role("link", name="回工作台").click()
    await expect(page.locator("main")).to_contain_text("请从企业微信里打开")
    page = (await visiting(f"{demo.base_url}/phone/{others.key}/h5/desk/", PHONE)).page
    await expect(page.locator("main")).to_contain_text("给会诊专家用的")
    await assert_readable(page)
    assert others.post(f"/v1/consultations/{foreign['consultation_id']}/cancel", {"reason": "已转院"}).status_code == 200


async def slowly(route: Route) -> None:
    await asyncio.sleep(1)
    await route.continue_()
