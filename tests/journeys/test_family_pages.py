"""家人 and 授权与隐私: who speaks for me, what each may do, how it ends; each consent by itself, given and taken back."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from core.people.id_numbers import check_character
from tests.journeys.browser import PHONE, Visiting, assert_at_home, assert_readable
from tests.journeys.people import roster, sign_in
from tests.journeys.test_patient_pages import WIDE, keep, opened, turn_to
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
CHILD = "黎小米"


def number_of(digits: str) -> str:
    return digits + check_character(digits)


def nobody_needs(demo: Demo) -> str:
    """A patient of whom nothing must be kept, and whose village doctor has others on WeChat for the other tests."""
    found = roster(demo)
    named = {one["name"]: one for one in found if one["role"] == "patient" and one.get("mini_program_openid")}
    for doctor in reversed([one for one in found if one["role"] == "village_doctor"]):
        theirs = [named[one["full_name"]] for one in sign_in(demo, doctor).get("/v1/patient-list").json()["patients"] if one["full_name"] in named]
        for one in reversed(theirs[2:]):
            if not sign_in(demo, one).get("/v1/erasure").json()["stays"]:
                return str(one["key"])
    raise AssertionError("everybody is needed")


async def answer(page: Page, name: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def people(demo: Demo) -> list[str]:
    return [one["key"] for one in roster(demo) if one["role"] == "patient" and one.get("mini_program_openid")][-2:]


async def assert_another_year_is_named(page: Page) -> None:
    """What is good until half a year ahead would be read as past, or as soon, without its year."""
    code = """async () => {
        const { spoken } = await import(new URL("../shared/dates.js", location.href.split("#")[0]).href);
        const year = new Date(Date.now() + 8 * 3600 * 1000).getUTCFullYear();
        return [spoken(`${year + 1}-06-30T04:00:00Z`), spoken(`${year}-06-30T04:00:00Z`), year];
    }"""
    later, now, year = await page.evaluate(code)
    assert later.startswith(f"{year + 1}年6月30日")
    assert now.startswith("6月30日")


async def register(page: Page, digits: str, relation: str = "child") -> None:
    await turn_to(page, "register")
    await page.get_by_label("和您的关系").select_option(relation)
    await page.get_by_label("姓名").fill(CHILD)
    await page.get_by_label("身份证号").fill(number_of(digits))


async def test_a_mother_lets_the_grandmother_help_and_ends_it(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    mother_key, grandmother_key = people(demo)
    digits = "522727" + "20230611" + "218"
    mothers, grandmothers = await opened(visiting, demo, mother_key, "family"), await opened(visiting, demo, grandmother_key, "family", WIDE)
    mother, grandmother = mothers.page, grandmothers.page
    await assert_another_year_is_named(mother)
    await register(mother, digits)
    await mother.get_by_role("button", name="下一步:知情同意").click()
    # She leaves before the end: the list says what is missing and what cannot be done.
    await expect(mother.locator("h2", has_text="知情同意书")).to_be_visible()
    await turn_to(mother, "family")
    unfinished = mother.locator(".weui-cell", has_text=CHILD).first
    await expect(unfinished).to_contain_text("知情同意还没办完,不能预约")
    await assert_readable(mother)
    await mother.go_back()
    for title in ("线上就医知情同意书", "监护人同意书"):
        await expect(mother.locator("h2", has_text=title)).to_be_visible()
        await assert_readable(mother)
        await mother.get_by_role("button", name="我看过了,同意").click()
    await expect(mother.locator(".weui-cell", has_text=CHILD).first).to_contain_text("监护人")
    await keep(mother, "family-360")

    await register(grandmother, digits, "other")
    await grandmother.get_by_label("我是他的监护人").check()
    await assert_readable(grandmother)
    await grandmother.get_by_label("我是他的监护人").uncheck()
    await grandmother.get_by_role("button", name="下一步:知情同意").click()
    told = await grandmother.get_by_role("alert").filter(has_text="确认码").inner_text()
    code = told.split("确认码 ")[1][:6]
    assert "谁能替我办" in told
    await expect(grandmother.locator(".mini-code")).to_have_text(code)
    await keep(grandmother, "family-code-1280")

    await mother.get_by_role("link", name=f"谁能替{CHILD}").click()
    await expect(mother.locator(".panel[data-relation]")).to_contain_text("监护人,都能办")
    await expect(mother.get_by_role("button", name="不再由他办")).to_have_count(0)
    await mother.get_by_label("6 位确认码").fill("12")
    await expect(mother.get_by_role("heading", level=1)).to_contain_text(f"谁能替{CHILD}")
    await mother.get_by_role("button", name="看看是谁").click()
    await expect(mother.get_by_role("alert")).to_contain_text("6 位")
    # A code that nobody was given: told by the words that stand on this page.
    await mother.get_by_label("6 位确认码").fill("222222" if code != "222222" else "333333")
    await mother.get_by_role("button", name="看看是谁").click()
    wrong = mother.get_by_role("alert").filter(has_text="对不上")
    await expect(wrong).to_contain_text("6 位确认码(字母和数字)")
    await expect(wrong).not_to_contain_text("编号")
    await mother.get_by_label("6 位确认码").fill(code)
    await mother.get_by_role("button", name="看看是谁").click()
    asked = mother.get_by_role("region", name="请核对是谁")
    await expect(asked).to_contain_text(re.compile(f"说是{CHILD}.*的家人"))
    await expect(asked.get_by_label("看他的记录")).not_to_be_checked()
    for box in ("看他的记录", "替他同意和撤回"):
        await asked.get_by_label(box).check()
    await assert_readable(mother)
    await keep(mother, "speakers-who-360")
    await asked.get_by_role("button", name=f"替{CHILD}").click()
    await expect(mother.get_by_role("dialog")).to_contain_text(re.compile(f"替{CHILD}.*办?替他挂号和办事、看他的记录、替他同意和撤回、收他的通知"))
    await answer(mother, "让他办")
    helper = mother.locator(".panel[data-relation]", has=mother.get_by_role("button", name="不再由他办"))
    await expect(helper).to_contain_text("替他挂号和办事、看他的记录、替他同意和撤回、收他的通知")
    await helper.get_by_text("改他能办什么").click()
    for box in ("看他的记录", "替他同意和撤回"):
        await helper.get_by_label(box).uncheck()
    await helper.get_by_label("多久").select_option("30")
    await assert_readable(mother)
    await keep(mother, "speakers-360")
    await helper.get_by_role("button", name="保存").click()
    await expect(helper).to_contain_text("能办:替他挂号和办事、收他的通知")
    await expect(helper).to_contain_text("为止")

    await turn_to(grandmother, "family")
    await expect(grandmother.locator(".weui-cell", has_text=CHILD)).to_contain_text("您可以:替他挂号和办事、收他的通知")
    await keep(grandmother, "family-1280")
    await grandmother.locator(".weui-cell", has_text=CHILD).click()
    await expect(grandmother.get_by_role("heading", level=1)).to_contain_text(re.compile(f"{CHILD}.*的授权与隐私"))
    chosen = grandmother.locator('.choices a[aria-current="true"]')
    await expect(chosen).to_contain_text(CHILD)
    await expect(chosen).to_have_css("color", "rgb(255, 255, 255)")
    await expect(grandmother.locator("main")).to_contain_text("没让您看他的记录")
    await expect(grandmother.get_by_role("button", name="我不再替他办")).to_be_visible()
    await assert_readable(grandmother)

    await helper.get_by_role("button", name="不再由他办").click()
    await answer(mother, "结束")
    await expect(mother.get_by_text("已经结束的 1 位")).to_be_visible()
    await turn_to(grandmother, "mine")
    await turn_to(grandmother, "family")
    await expect(grandmother.locator(".weui-cell", has_text=CHILD)).to_have_count(0)
    # Whatever the platform let through by message: the page tells her.
    await expect(grandmother.get_by_role("status").filter(has_text="您不再替一位家人")).to_be_visible()
    await assert_readable(grandmother)
    await keep(grandmother, "family-ended-1280")
    for visit in (mothers, grandmothers):
        await assert_at_home(visit, demo.base_url)


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["360", "1280"])
async def test_the_village_doctor_ends_it_and_takes_back_for_who_stands_before_her(
    visiting: Visiting, running_demo_house: Demo, size: tuple[int, int]
) -> None:
    demo = running_demo_house
    doctors = [one for one in roster(demo) if one["role"] == "village_doctor"]
    session = sign_in(demo, doctors[7 if size == PHONE else 8])
    named = {one["name"]: one for one in roster(demo) if one["role"] == "patient"}
    patient = next(one for one in session.get("/v1/patient-list").json()["patients"] if one["full_name"] in named)
    himself = sign_in(demo, named[patient["full_name"]])
    version = himself.get("/v1/consent-texts/teaching").json()["version"]
    given = himself.post(f"/v1/patients/{patient['patient_id']}/consents", {"purpose": "teaching", "text_version": version})
    assert given.status_code == 201, given.text
    page = (await visiting(f"{demo.base_url}/phone/{session.key}/h5/doctor/", size)).page
    await page.locator(f'a[href$="{patient["patient_id"]}"]').click()
    await page.get_by_text("谁能替他办、同意过什么").click()
    own = page.locator("[data-relation]").first
    await expect(own).to_contain_text("本人")
    line = page.locator('[data-purpose="teaching"]')
    await line.get_by_text("替他撤回").click()
    await assert_readable(page)
    await keep(page, f"doctor-kin-{size[0]}")
    await line.get_by_role("button", name="他要撤回").click()
    await answer(page, "撤回")
    await expect(page.get_by_role("status").filter(has_text="撤回了")).to_be_visible()
    await expect(page.locator('[data-purpose="teaching"]')).to_contain_text("没有同意")
    await own.get_by_text("这个微信不是他本人的,解开").click()
    await own.get_by_label("为什么移除").select_option("mistake")
    await own.get_by_role("button", name="解开").click()
    await answer(page, "不解开")
    await expect(own).to_contain_text("本人")
    await assert_readable(page)


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["360", "1280"])
async def test_each_consent_is_read_given_and_taken_back(visiting: Visiting, running_demo_house: Demo, size: tuple[int, int]) -> None:
    key = people(running_demo_house)[0]
    visit = await opened(visiting, running_demo_house, key, "privacy", size)
    page = visit.page
    teaching = page.locator('.panel[data-purpose="teaching"]')
    await expect(teaching).to_contain_text("没有同意")
    await expect(teaching).to_contain_text("看病不受影响")
    rights = page.get_by_role("region", name="更正、复印、投诉、注销")
    for words in ("15 年", "3 年", "12345", "病案室", "锁定"):
        await expect(rights).to_contain_text(words)
    await keep(page, f"privacy-{size[0]}")
    await assert_readable(page)
    await teaching.get_by_role("link", name="看看再决定").click()
    await expect(page.locator(".consent-text")).to_contain_text("培训医生")
    await page.get_by_role("button", name="我看过了,同意").click()
    await expect(teaching).to_contain_text("小程序,本人同意,版本 2026.1")
    await teaching.get_by_text("核对码").click()
    await expect(teaching.locator(".hash")).to_have_text(re.compile("[0-9a-f]{64}$"))
    await assert_readable(page)
    await page.context.set_offline(True)
    await teaching.get_by_role("button", name="撤回我的「教学」").click()
    await answer(page, "撤回")
    await expect(teaching.get_by_role("alert")).to_have_text("网络断了,连不上。您填的都还在。有信号时,再点一次刚才的按钮。")
    await page.context.set_offline(False)
    await teaching.get_by_role("button", name="撤回我的「教学」").click()
    await expect(page.get_by_role("dialog")).to_contain_text("(本人)的「教学」")
    await answer(page, "撤回")
    await expect(teaching).to_contain_text("由本人撤回了")
    await page.context.set_offline(True)
    await turn_to(page, "speakers")
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(page.locator("main")).to_contain_text("让家人来帮我")
    await assert_readable(page)
    await keep(page, f"speakers-own-{size[0]}")
    await assert_at_home(visit, running_demo_house.base_url)


def grown_up_alone(demo: Demo) -> str:
    """A patient with consent for his care who acts for nobody else."""
    for one in reversed([one for one in roster(demo) if one["role"] == "patient" and one.get("mini_program_openid")]):
        patients = sign_in(demo, one).get("/v1/me").json()["patients"]
        if [known["relation"] for known in patients] == ["self"] and not patients[0]["care_needs"] and patients[0]["age_years"] >= 18:
            return str(one["key"])
    raise AssertionError("nobody like that in the demonstration")


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["360", "1280"])
async def test_without_consent_one_is_told_before_choosing_a_time(visiting: Visiting, running_demo_house: Demo, size: tuple[int, int]) -> None:
    key = grown_up_alone(running_demo_house)
    page = (await opened(visiting, running_demo_house, key, "privacy", size)).page
    care = page.locator('.panel[data-purpose="care"]')
    await care.get_by_role("button", name="撤回").click()
    await answer(page, "撤回")
    await expect(care).to_contain_text("没有同意")
    await turn_to(page, "")
    await expect(page.get_by_role("link", name="去看知情同意书")).to_be_visible()
    await assert_readable(page)
    await keep(page, f"home-withdrawn-{size[0]}")
    await turn_to(page, "book")
    note = page.get_by_role("status").filter(has_text="现在约不了")
    await expect(note).to_be_visible()
    # A grown-up without a child is not offered children's surgery first, and pictures want a doctor's word; both stay open behind the fold.
    for department in ("小儿外科", "医学影像科"):
        await expect(page.get_by_text(department, exact=True)).to_be_hidden()
    await page.get_by_text("其他科室", exact=True).click()
    for department in ("小儿外科", "医学影像科"):
        await expect(page.get_by_role("link", name=department)).to_be_visible()
    await expect(page.locator(".mini-others")).to_contain_text("确实要看的,照样可以约")
    await assert_readable(page)
    await keep(page, f"book-withdrawn-{size[0]}")
    await note.get_by_role("link", name="先去看一眼").click()
    await page.get_by_role("button", name="我看过了,同意").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("预约")
    await expect(note).to_have_count(0)


async def test_who_wants_to_be_erased_reads_what_goes_and_what_stays_and_presses_once(visiting: Visiting, running_demo_house: Demo) -> None:
    """Somebody who was never treated: all of it goes. His phone is a stranger's afterwards."""
    demo = running_demo_house
    key = nobody_needs(demo)
    page = (await opened(visiting, demo, key, "privacy")).page
    await page.get_by_role("link", name="注销账号、删除我的资料").click()
    await expect(page.locator(".panel", has_text="马上删除")).to_contain_text("绑定的微信和手机号")
    await expect(page.locator(".panel", has_text="这里管不到的")).to_contain_text("微信里")
    await keep(page, "erasure-360")
    await assert_readable(page)
    await page.get_by_role("button", name="注销账号、删除资料").click()
    await answer(page, "先不")
    await page.get_by_role("button", name="注销账号、删除资料").click()
    await answer(page, "删除,不再恢复")
    await expect(page.get_by_role("status")).to_contain_text("以前的备份里也打不开了")
    await assert_readable(page)
    await turn_to(page, "privacy")
    await expect(page.get_by_text("登记以后")).to_be_visible()
