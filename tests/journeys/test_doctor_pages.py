"""The village doctor's pages in a real browser: her patients, a new consultation, the case up to her signature, the sheet of paper, and what
happens when nothing answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from core.people.id_numbers import check_character
from tests.journeys.browser import PHONE, Visit, Visiting, assert_at_home, assert_readable, picture
from tests.journeys.call_people import Case, accept
from tests.journeys.medicine_people import Treatment, open_treatment
from tests.journeys.people import Somebody, roster, sign_in
from tests.journeys.story.files import write_files
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

WIDE = (1280, 900)
A4 = {"width": 794, "height": 1123}
SLOW = 30_000
CONTRAINDICATIONS = 5
"""Of chewed aspirin."""


@dataclass
class Doctor:
    person: dict[str, Any]
    api: Somebody
    patients: list[dict[str, Any]]

    def patient(self, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        return next(one for one in self.patients if fits(one))


def free_doctor(demo: Demo, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> Doctor:
    """A village doctor without any case who has a fitting patient, from the middle of the roster: other journeys take both ends."""
    people = [person for person in roster(demo) if person["role"] == "village_doctor"]
    middle = len(people) // 2
    for person in (*people[middle:], *people[:middle]):
        api = sign_in(demo, person)
        listed = api.get("/v1/patient-list").json()["patients"]
        if any(map(fits, listed)) and not api.get("/v1/consultations").json()["consultations"]:
            return Doctor(person, api, listed)
    raise AssertionError("every village doctor has a case")


async def open_page(visiting: Visiting, demo: Demo, person: dict[str, Any], path: str = "", size: tuple[int, int] = PHONE) -> Visit:
    visit = await visiting(f"{demo.base_url}/phone/{person['key']}/h5/doctor/{path}", size)
    await expect(visit.page.locator("h1")).to_be_visible()
    return visit


async def answer(page: Page, yes: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=yes, exact=True).click()


def part(page: Page, name: str) -> Locator:
    return page.locator(f"[data-part={name}]")


async def assert_nothing_kept(page: Page, *words: str) -> None:
    """Neither the address nor the title tells who is ill, and nothing of him stays behind in the phone."""
    told = await page.evaluate("location.href + document.title + JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})")
    assert [word for word in words if word in told] == []


async def ask_for(page: Page, number: int) -> str:
    """The form of a new consultation, filled in and sent; ends at its case, whose id is returned."""
    await page.locator(".tab-bar").get_by_role("link", name="新会诊").click()
    await page.get_by_label("病人编号").fill(str(number))
    await page.get_by_label("怎么不好").fill("胸痛2小时\n出冷汗")
    for label, value in (("高压", "900"), ("低压", "60"), ("心率", "112"), ("血氧", "92")):
        await page.get_by_label(label).fill(value)
    await page.get_by_role("button", name="清醒").click()
    await page.get_by_role("button", name="危急").click()
    await page.get_by_label("想问专家什么").fill("要不要马上转院?")
    await page.get_by_role("button", name="请会诊").click()
    await expect(page.get_by_role("alert").filter(has_text="900")).to_contain_text("不像量出来的数")
    await assert_readable(page)
    await page.get_by_label("高压").fill("90")
    await page.get_by_role("button", name="请会诊").click()
    await expect(page.locator(".panel-danger")).to_contain_text("120", timeout=SLOW)
    understood = page.get_by_label("系统听懂了什么")
    await expect(understood.locator("mark")).to_have_text(["胸痛2小时(超过十分钟不缓解)", "出冷汗", "意识清楚(没有神志不清)"])
    await expect(understood).to_contain_text("血压 90/60 · 心率 112 · 血氧 92%")
    await expect(understood).to_contain_text("要不要马上转院")
    await assert_readable(page)
    await page.get_by_role("link", name="去补资料").click()
    await expect(part(page, "summary")).to_contain_text("胸痛")
    return page.url.rsplit("/", 1)[-1]


async def bring_what_is_missing(page: Page, consent: Path) -> None:
    needs = part(page, "needs")
    await expect(needs).to_contain_text("还差:确认病人")
    await needs.get_by_role("button", name="确认病人").click()
    await needs.locator("input[type=file]").first.set_input_files(consent)
    await expect(needs).to_contain_text("同意书已存好", timeout=SLOW)
    await needs.get_by_role("button", name="没有影像可传").click()
    await expect(needs).to_contain_text("资料齐了", timeout=SLOW)


async def decide(page: Page, treatment: Treatment) -> None:
    form = page.get_by_label("我的决定")
    await expect(part(page, "decision")).to_contain_text("✓ 已签名", timeout=SLOW)
    await form.get_by_role("button", name="部分同意").click()
    await form.get_by_role("button", name="签名决定").click()
    await expect(form.get_by_role("alert")).to_contain_text("请写明理由")
    await form.locator("textarea").fill("先在卫生院稳住再转")
    await expect(form.locator("[aria-invalid=true]")).to_have_count(0)
    treatment.give_opinion("阿司匹林嚼服,马上转院")
    await form.get_by_role("button", name="签名决定").click()
    await answer(page, "确认签名")
    await expect(page.get_by_role("status").filter(has_text="专家刚刚改过意见")).to_be_visible()
    await expect(part(page, "decision")).to_contain_text("马上转院")
    await expect(form.locator("textarea")).to_have_value("先在卫生院稳住再转")
    await form.get_by_role("button", name="部分同意").click()
    await form.get_by_role("button", name="签名决定").click()
    await answer(page, "先不")
    await form.get_by_role("button", name="签名决定").click()
    await answer(page, "确认签名")
    await expect(part(page, "decision")).to_contain_text("村医决定:部分同意(先在卫生院稳住再转)")


async def give_dose(page: Page) -> None:
    """Of adrenaline the remark is shown and not asked; of aspirin what is on record against it stands before the signature and under it."""
    dose = part(page, "dose")
    await dose.get_by_text("急用一剂").click()
    await dose.get_by_role("button", name="肾上腺素").click()
    await expect(dose.locator(".dose-watch")).to_contain_text("没有绝对禁忌")
    question = dose.locator(".doctor-question")
    await expect(question).to_contain_text("第 1 条,共 1 条")
    await expect(question).not_to_contain_text("冠心病")
    await dose.get_by_role("button", name="阿司匹林").click()
    await dose.get_by_role("button", name="有,或不清楚").click()
    await expect(dose.get_by_role("alert")).to_contain_text("现在不能用")
    await expect(dose.get_by_role("status")).to_contain_text("已告诉专家,这一剂没有用")
    await dose.get_by_role("button", name="阿司匹林").click()
    for _ in range(CONTRAINDICATIONS):
        await dose.get_by_role("button", name="看过,没有").click()
    await expect(dose.get_by_role("note")).to_contain_text("华法林")
    await dose.get_by_role("button", name="签名,用这一剂").click()
    await answer(page, "确认签名")
    await expect(dose).to_contain_text("已告诉药师")
    await expect(dose.locator(".notice")).to_contain_text("华法林")


async def test_from_the_complaint_to_the_signed_prescription(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    demo = running_demo_house
    doctor = free_doctor(demo)
    patient = doctor.patient()
    visit = await open_page(visiting, demo, doctor.person)
    page = visit.page
    await picture(page, "doctor-360")
    consultation_id = await ask_for(page, patient["number"])
    await assert_readable(page)
    await picture(page, "doctor-answer-360")
    await bring_what_is_missing(page, write_files(tmp_path) / "consent.jpg")
    treatment = Treatment(demo, Case(consultation_id, {"village_doctor": doctor.api, "expert": accept(demo, consultation_id)}))
    treatment.give_opinion()
    await decide(page, treatment)
    treatment.record_facts(current=["warfarin"])
    await give_dose(page)
    await assert_readable(page)
    treatment.record_facts(systolic="90")
    treatment.propose()
    signing = page.get_by_role("region", name=f"处方 {treatment.prescription['code']}", exact=True)
    await expect(signing).to_contain_text("收缩压低于 100", timeout=SLOW)
    await expect(part(page, "finish")).to_contain_text(f"处方 {treatment.prescription['code']} 还等您签名")
    await part(page, "finish").get_by_role("button", name="去签名").click()
    await expect(signing).to_be_in_viewport()
    await signing.get_by_role("button", name="签名", exact=True).click()
    await expect(signing.get_by_role("alert")).to_contain_text("没有写理由")
    await signing.locator("textarea").first.fill("小剂量开始")
    await signing.get_by_role("button", name="签名", exact=True).click()
    await answer(page, "签名")
    await expect(signing).to_contain_text("待药师审方")
    assert treatment.read()["state"] == "SIGNED"
    await expect(part(page, "finish")).not_to_contain_text("还等您签名")
    await expect(signing.locator("summary", has_text="撤回这张处方")).to_be_visible()
    await picture(page, "doctor-case-360")
    await assert_nothing_kept(page, patient["full_name"].split("(")[0], "胸痛", "小剂量")
    await assert_at_home(visit, demo.base_url)
    await assert_printable(page, treatment.prescription["code"])
    await part(page, "finish").get_by_role("button", name="完成会诊").click()
    await answer(page, "完成")
    await page.get_by_role("button", name="5 星").click()
    await page.get_by_role("button", name="评价").click()
    await expect(part(page, "finish")).to_contain_text("您评了 5 星")
    await assert_readable(page)
    await see_it_on_a_desk(visiting, demo, doctor, consultation_id)


async def assert_printable(page: Page, code: str) -> None:
    """On paper stands the sheet and nothing of the screen, in black on white."""
    await page.emulate_media(media="print")
    await page.set_viewport_size({"width": A4["width"], "height": A4["height"]})
    sheet = page.locator(".print-sheet")
    for words in ("专家意见", "部分同意", "急用一剂", f"处方 {code}", "签名有效", "还没有药师审方通过"):
        await expect(sheet).to_contain_text(words)
    await expect(sheet).to_be_visible()
    for hidden in (".tab-bar", ".page-head", "main .panel >> nth=0", "button >> nth=0"):
        await expect(page.locator(hidden)).to_be_hidden()
    colours = await sheet.evaluate("e => [...e.querySelectorAll('*')].map((one) => getComputedStyle(one).color)")
    assert set(colours) == {"rgb(0, 0, 0)"}
    await picture(page, "doctor-print")
    await page.emulate_media(media="screen")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})


async def see_it_on_a_desk(visiting: Visiting, demo: Demo, doctor: Doctor, consultation_id: str) -> None:
    """The same case and its prescription at 1280 px, from a chat's link through the sign-in and from the tab."""
    page = (await open_page(visiting, demo, doctor.person, f"cases/case/{consultation_id}/", WIDE)).page
    await expect(part(page, "decision")).to_contain_text("部分同意")
    await assert_readable(page)
    await picture(page, "doctor-case-1280")
    await page.get_by_role("link", name="返回").click()
    await expect(page.locator(f'a[href="#/case/{consultation_id}"]')).to_be_visible()
    await page.locator(".tab-bar").get_by_role("link", name="处方").click()
    await page.locator("a.weui-cell", has_text="待药师审方").click()
    await expect(page.locator("main .panel")).to_contain_text("药师在审")
    await assert_readable(page)
    await page.locator("summary", has_text="撤回这张处方").click()
    await page.get_by_role("textbox", name="原因").fill("病人转院了")
    await page.get_by_role("button", name="撤回", exact=True).click()
    await answer(page, "撤回")
    await expect(page.locator("main")).to_contain_text("已撤回,不能用")
    await assert_readable(page)


def has_consented(patient: dict[str, Any]) -> bool:
    return not patient["care_needs"]


async def test_a_patient_is_enlisted_followed_and_insured(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    doctor = free_doctor(running_demo_house, has_consented)
    visit = await open_page(visiting, running_demo_house, doctor.person, size=WIDE)
    page = visit.page
    await expect(page.locator(".doctor-number").first).to_be_visible()
    assert [text.split("号")[0] for text in await page.locator(".doctor-number").all_inner_texts()] == [str(one["number"]) for one in doctor.patients]
    await assert_readable(page)
    await enlist(page, write_files(tmp_path) / "consent.jpg")
    await page.locator(".tab-bar").get_by_role("link", name="我的病人").click()
    await page.locator(f'a[href$="{doctor.patient(has_consented)["patient_id"]}"]').click()
    await follow(page)
    await measure(page)
    await insure(page)
    await assert_readable(page)
    await page.get_by_role("button", name="为这位病人请会诊").click()
    await expect(page.get_by_label("病人编号")).to_have_value(str(doctor.patient(has_consented)["number"]))
    await assert_at_home(visit, running_demo_house.base_url)


async def enlist(page: Page, photo: Path) -> None:
    first17 = "52272719680309" + "733"
    right = first17 + check_character(first17)
    await page.get_by_role("link", name="登记新病人").click()
    await page.get_by_label("姓名").fill("罗远山")
    await page.get_by_label("身份证号").fill(first17 + ("1" if right[-1] != "1" else "2"))
    await page.get_by_label("手机号").fill("123")
    await page.get_by_role("button", name="登记").click()
    await expect(page.get_by_role("alert").filter(has_text="身份证号")).to_contain_text("有一位打错了")
    await expect(page.get_by_role("alert").filter(has_text="手机号")).to_be_visible()
    await assert_readable(page)
    await page.get_by_label("身份证号").fill(right)
    await expect(page.get_by_text("证件上:男,1968年3月9日生")).to_be_visible()
    await page.get_by_label("手机号").fill("")
    await page.get_by_role("button", name="登记").click()
    await expect(part(page, "head")).to_contain_text("罗远山")
    await expect(part(page, "head")).to_contain_text("没有微信")
    await assert_nothing_kept(page, "罗远山", right)
    plans = part(page, "plans")
    await expect(plans).to_contain_text("要先有知情同意")
    await plans.get_by_role("link", name="打印空白同意书").click()
    await expect(page.locator(".consent-text")).to_have_count(2)
    await expect(page.locator(".consent-text").first).to_contain_text("同意")
    await assert_readable(page)
    await page.go_back()
    await plans.locator("input[type=file]").set_input_files({"name": "paper.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    await expect(plans.get_by_role("alert")).to_contain_text("照片")
    await plans.locator("input[type=file]").set_input_files(photo)
    await expect(plans.get_by_role("button", name="建高血压随访")).to_be_visible(timeout=SLOW)


async def follow(page: Page) -> None:
    plans = part(page, "plans")
    await plans.get_by_role("button", name="建高血压随访").click()
    await answer(page, "建计划")
    await expect(plans).to_contain_text("量血压")
    await plans.get_by_role("button", name="今天见面随访过了").click()
    await answer(page, "记下")
    await expect(plans.locator("li", has_text="面对面随访")).to_have_count(1)
    await plans.get_by_text("结束这个计划").click()
    await plans.get_by_label("为什么结束").select_option("mistake")
    await plans.get_by_role("button", name="结束计划").click()
    await answer(page, "结束")
    await expect(plans).to_contain_text("结束的计划 1 个")


async def measure(page: Page) -> None:
    readings = part(page, "readings")
    await readings.locator("summary").click()
    await readings.get_by_label("高压").fill("95")
    await readings.get_by_label("低压").fill("150")
    await readings.get_by_role("button", name="记下").click()
    await expect(readings.get_by_role("alert")).to_contain_text("写反了")
    await readings.get_by_label("高压").fill("150")
    await readings.get_by_label("低压").fill("95")
    await readings.get_by_role("button", name="记下").click()
    await expect(page.get_by_role("status").filter(has_text="记下了:150/95")).to_be_visible()
    await expect(readings.locator("li")).to_contain_text("150/95")
    await readings.get_by_label("高压").fill("190")
    await readings.get_by_label("低压").fill("115")
    await readings.get_by_role("button", name="记下").click()
    await expect(readings.locator(".panel-danger")).to_contain_text("120")


async def insure(page: Page) -> None:
    insurance = part(page, "insurance")
    await insurance.locator("summary").click()
    await insurance.get_by_role("button", name="登记").click()
    await expect(insurance.get_by_role("alert")).to_contain_text("6 位以上")
    await insurance.get_by_label("医保号码").fill("ZZ99999999")
    await insurance.get_by_role("button", name="登记").click()
    await expect(insurance.get_by_role("alert").last).to_contain_text("医保系统里没有这个号码")


async def test_the_village_doctor_disagrees_with_a_reason(visiting: Visiting, running_demo_house: Demo) -> None:
    treatment = open_treatment(running_demo_house, "opinion", doctor_index=9)
    consultation_id, key = treatment.case.consultation_id, treatment.doctor.key
    page = (await open_page(visiting, running_demo_house, {"key": key}, f"cases/#/case/{consultation_id}")).page
    form = page.get_by_label("我的决定")
    await form.get_by_role("button", name="不同意", exact=True).click()
    await form.get_by_role("button", name="签名决定").click()
    await expect(form.get_by_role("alert")).to_contain_text("请写明理由")
    await form.locator("textarea").fill("病人已经上了救护车")
    await assert_readable(page)
    await form.get_by_role("button", name="签名决定").click()
    await answer(page, "确认签名")
    await expect(part(page, "decision")).to_contain_text("村医决定:不同意(病人已经上了救护车)")
    await assert_readable(page)


async def test_what_was_typed_stays_when_nothing_answers(visiting: Visiting, running_demo_house: Demo) -> None:
    doctor = free_doctor(running_demo_house)
    page = (await open_page(visiting, running_demo_house, doctor.person)).page
    await expect(page.locator(".weui-cell").first).to_be_visible()
    await page.context.set_offline(True)
    await page.locator("a.weui-cell").first.click()
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(part(page, "consultations")).to_contain_text("还没有会诊")
    await page.locator(".tab-bar").get_by_role("link", name="新会诊").click()
    await page.get_by_label("病人编号").fill(str(doctor.patient()["number"]))
    await page.get_by_label("怎么不好").fill("咳嗽三天")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="请会诊").click()
    await expect(page.get_by_role("alert").filter(has_text="网络断了")).to_be_visible()
    await expect(page.get_by_label("怎么不好")).to_have_value("咳嗽三天")
    await page.context.set_offline(False)
    await page.reload()
    await expect(page.get_by_label("怎么不好")).to_have_value("咳嗽三天")
    await page.get_by_role("button", name="请会诊").click()
    await expect(page.get_by_role("link", name="去补资料")).to_be_visible(timeout=SLOW)
    await assert_nothing_kept(page, "咳嗽")
    assert len(doctor.api.get("/v1/consultations").json()["consultations"]) == 1


async def test_nothing_is_drawn_under_a_finger_and_others_are_told_why(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    doctor = free_doctor(demo)
    said = doctor.api.post("/v1/commands", {"text": f"会诊 {doctor.patient()['number']}号 头痛 普通"})
    assert said.status_code == 200
    consultation = doctor.api.get("/v1/consultations").json()["consultations"][0]["consultation_id"]
    page = (await open_page(visiting, demo, doctor.person, "cases/")).page
    await page.get_by_role("link", name="打开会诊").click()
    facts = part(page, "facts")
    await facts.locator("summary").first.click()
    await facts.get_by_label("别的过敏").fill("芒果")
    doctor.api.post(f"/v1/consultations/{consultation}/confirm-patient", {})
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.context.set_offline(True)
    await page.wait_for_timeout(1000)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(facts.get_by_label("别的过敏")).to_have_value("芒果")
    await page.context.set_offline(False)
    await facts.get_by_label("过敏史问过了").check()
    await facts.get_by_role("button", name="存好").click()
    await expect(page.get_by_role("status").filter(has_text="存好了")).to_be_visible()
    await expect(part(page, "summary")).to_contain_text("芒果")
    await expect(part(page, "needs")).not_to_contain_text("确认病人是")
    await part(page, "ways").get_by_role("button", name="取消这次会诊").click()
    await answer(page, "取消会诊")
    await expect(part(page, "now")).to_contain_text("已取消")
    expert = next(person for person in roster(demo) if person["role"] == "expert")
    other = (await visiting(f"{demo.base_url}/phone/{expert['key']}/h5/doctor/", PHONE)).page
    await expect(other.locator("main")).to_contain_text("这一页是给村医用的")
    assert not re.search("号 ", await other.locator("main").inner_text())
