"""The moderated room in real browsers: a stranger who follows an invitation waits and is let in, the moderator mutes, everybody reads what is
written, who is put out waits at the door; and who cannot get the video to work is telephoned."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from core.foundation.qr_code import qr_rows
from tests.journeys.browser import PHONE, Visit, assert_readable
from tests.journeys.call_people import Case, open_case
from tests.journeys.people import roster
from tests.journeys.test_call_pages import SLOW, all_meet, camera_browser, contexts, decoded, picture, tab
from tests.support.demo import Demo

__all__ = ["camera_browser", "contexts"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house)


async def join(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="加入", exact=True).click()


async def more(page: Page, name: str = "大家") -> None:
    """Open the sheet, if it is not, at this tab."""
    button = page.get_by_role("button", name="更多")
    if await button.get_attribute("aria-expanded") != "true":
        await button.click()
    await page.get_by_role("tab", name=name).click()


async def test_a_guest_is_invited_waits_is_let_in_muted_and_written_to(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    demo = running_demo_house
    tabs = {
        "village_doctor": await tab(camera_browser, contexts, demo, case, "village_doctor"),
        "patient": await tab(camera_browser, contexts, demo, case, "patient", PHONE),
    }
    for visit in tabs.values():
        await join(visit)
    await all_meet(tabs, 120)
    doctor = tabs["village_doctor"].page

    # The moderator invites an interpreter; the link opens on another person's phone, who is of no case.
    await more(doctor)
    await doctor.get_by_label("请谁").select_option("interpreter")
    await doctor.get_by_label("他怎么称呼").fill("杨翻译")
    await doctor.get_by_role("button", name="生成邀请链接").click()
    address = await doctor.locator(".address").inner_text()
    await doctor.get_by_role("button", name="二维码").click()
    code = doctor.get_by_role("img", name="邀请链接的二维码")
    await expect(code).to_be_visible()
    drawn = re.findall(r"M(\d+) (\d+)h1v1h-1z", await code.locator("path").get_attribute("d") or "")
    dark = [(x, y) for y, row in enumerate(qr_rows(address), 4) for x, module in enumerate(row, 4) if module == "1"]
    assert [(int(x), int(y)) for x, y in drawn] == dark
    await picture(doctor, "invite-code-1280")
    await assert_readable(doctor)
    await picture(doctor, "invite-1280")
    await doctor.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})  # a moderator may sit at a phone, too
    await doctor.get_by_role("button", name="生成邀请链接").scroll_into_view_if_needed()
    await assert_readable(doctor)
    await picture(doctor, "invite-360")
    await doctor.set_viewport_size({"width": 1280, "height": 800})
    guest = await open_guest(camera_browser, contexts, demo, case, address)
    await expect(guest.page.get_by_text("以“翻译”的身份")).to_be_visible(timeout=SLOW)
    await guest.page.get_by_role("button", name="请求进入").click()
    await expect(guest.page.get_by_text("已经告诉主持人")).to_be_visible(timeout=SLOW)
    await assert_readable(guest.page)
    await picture(guest.page, "waiting-360")
    await expect(doctor.get_by_text("杨翻译(翻译)在门外等").first).to_be_visible(timeout=SLOW)
    await picture(doctor, "door-1280")
    await doctor.get_by_role("button", name="请进来").click()
    await join(guest)
    tabs["interpreter"] = guest
    await all_meet(tabs, 120)
    name = await doctor.locator("figcaption", has_text="(患者)").inner_text()
    assert name.partition("(")[0] not in await guest.page.locator("body").inner_text()

    # The same link on a second phone is refused kindly.
    second = await open_guest(camera_browser, contexts, demo, case, address, skip=1)
    await expect(second.page.get_by_text("这份邀请已经有人用了")).to_be_visible(timeout=SLOW)
    await picture(second.page, "link-used-360")

    await _mute(tabs)
    await _know(tabs)
    await _write(tabs)
    await _hand(tabs)
    await _remove(tabs)
    for visit in tabs.values():
        assert visit.troubles == []
    kinds = case.timeline()
    noted = {"call.invited.interpreter", "call.admitted.interpreter", "call.joined.interpreter", "call.said.village_doctor", "call.removed.patient"}
    assert noted <= set(kinds)


async def open_guest(
    browser: Browser, contexts: list[BrowserContext], demo: Demo, case: Case, address: str, skip: int = 0
) -> Visit:
    """The link as somebody of no part in the case opens it, signed in by OAuth on the way."""
    concerned = {one.key for one in case.people.values()}
    others = [one for one in roster(demo) if one.get("official_account_openid") and one["key"] not in concerned]
    context = await browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, locale="zh-CN", permissions=["camera", "microphone"])
    contexts.append(context)
    visit = Visit(await context.new_page())
    visit.page.on("pageerror", lambda error: visit.troubles.append(str(error)))
    visit.page.set_default_timeout(SLOW)
    await visit.page.goto(f"{demo.base_url}/phone/{others[skip]['key']}{address.removeprefix(demo.base_url)}")
    return visit


async def _mute(tabs: dict[str, Visit]) -> None:
    doctor, patient = tabs["village_doctor"].page, tabs["patient"].page
    row = doctor.locator(".people li", has_text="(患者)")
    await row.get_by_role("button", name="静音", exact=True).click()
    await expect(patient.get_by_role("button", name="已静音")).to_be_visible(timeout=SLOW)
    await expect(patient.get_by_text("主持人请您先静音")).to_be_visible(timeout=SLOW)
    await picture(patient, "muted-360")
    await patient.get_by_role("button", name="已静音").click()  # he cannot undo it
    await expect(patient.get_by_role("button", name="已静音")).to_be_visible(timeout=SLOW)
    # Nothing of his sound arrives, although his microphone is opened behind the page's back.
    await patient.evaluate("""async () => {
      const { call } = await import(new URL("../room.js", document.baseURI));
      call.audio.enabled = true;
    }""")
    async with asyncio.timeout(120):
        while not await _seen_and_not_heard(doctor, "patient"):
            pass
    await row.get_by_role("button", name="让他说话").click()
    await expect(patient.get_by_role("button", name="静音", exact=True)).to_be_visible(timeout=SLOW)
    await all_meet(tabs, 120)


async def _seen_and_not_heard(page: Page, seat: str) -> bool:
    """In two seconds the seat's pictures came and no sound of his. Sounds of two seconds are 96,000 samples."""
    before = (await decoded(page)).get(seat)
    await asyncio.sleep(2)
    after = (await decoded(page)).get(seat)
    return before is not None and after is not None and after["pictures"] >= before["pictures"] + 5 and after["sounds"] < before["sounds"] + 2000


async def _know(tabs: dict[str, Visit]) -> None:
    """Those who treat the patient read his case beside the faces; nobody else is offered it."""
    doctor = tabs["village_doctor"].page
    await more(doctor, "病情")
    await expect(doctor.get_by_role("region", name="主诉")).to_contain_text("胸", timeout=SLOW)
    await expect(doctor.get_by_role("region", name="生命体征")).to_contain_text("血压")
    await assert_readable(doctor)
    await picture(doctor, "case-1280")
    await doctor.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await assert_readable(doctor)
    await picture(doctor, "case-360")
    await doctor.set_viewport_size({"width": 1280, "height": 800})
    for seat in ("patient", "interpreter"):
        await more(tabs[seat].page)
        await expect(tabs[seat].page.get_by_role("tab", name="病情")).to_have_count(0)
        await tabs[seat].page.get_by_role("button", name="收起").click()


async def _write(tabs: dict[str, Visit]) -> None:
    doctor, patient, guest = (tabs[seat].page for seat in ("village_doctor", "patient", "interpreter"))
    await more(doctor, "写字")
    await doctor.get_by_label("写给视频里的人").fill("请把血压再量一次")
    await doctor.get_by_role("button", name="发送").click()
    await patient.get_by_role("button", name="更多,有 1 件新的").click()
    await expect(patient.locator(".lines li", has_text="请把血压再量一次")).to_have_count(1, timeout=SLOW)
    await picture(patient, "chat-360")
    await more(patient)
    await patient.get_by_role("button", name="多一位").click()
    await expect(patient.get_by_text("患者身边有 1 位家属")).to_be_visible(timeout=SLOW)
    await assert_readable(patient)
    await picture(patient, "sheet-360")
    await patient.evaluate("document.documentElement.classList.add('care')")
    await assert_readable(patient)
    await picture(patient, "sheet-care-360")
    await patient.evaluate("document.documentElement.classList.remove('care')")
    await patient.get_by_role("button", name="收起").click()
    await more(guest, "写字")
    await expect(guest.locator(".lines li", has_text="请把血压再量一次")).to_have_count(1, timeout=SLOW)
    await guest.get_by_role("button", name="打字幕").click()
    await guest.get_by_label("写给视频里的人").fill("医生问您今天吃药没有")
    await guest.get_by_role("button", name="发送").click()
    await expect(patient.locator(".caption")).to_contain_text("医生问您今天吃药没有", timeout=SLOW)
    await picture(patient, "caption-360")


async def _hand(tabs: dict[str, Visit]) -> None:
    doctor, guest = tabs["village_doctor"].page, tabs["interpreter"].page
    await more(guest)
    await more(doctor)
    await guest.get_by_role("button", name="举手").click()
    await expect(doctor.locator(".people li", has_text="杨翻译")).to_contain_text("举手", timeout=SLOW)
    await picture(doctor, "people-1280")


async def _remove(tabs: dict[str, Visit]) -> None:
    """Out, at the door, and in again."""
    doctor, patient = tabs["village_doctor"].page, tabs["patient"].page
    await doctor.locator(".people li", has_text="(患者)").get_by_role("button", name="请出").click()
    await doctor.get_by_role("button", name="请他离开").click()
    await expect(patient.get_by_text("主持人请您先离开视频")).to_be_visible(timeout=SLOW)
    await picture(patient, "removed-360")
    await patient.get_by_role("button", name="回到视频页").click()
    await patient.get_by_role("button", name="加入", exact=True).click()
    await expect(patient.get_by_role("button", name="请求进入")).to_be_visible(timeout=SLOW)
    await patient.get_by_role("button", name="请求进入").click()
    await doctor.get_by_role("button", name="请进来").click()
    await all_meet(tabs, 120)


async def test_who_cannot_get_the_video_to_work_is_telephoned(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    visit = await tab(camera_browser, contexts, running_demo_house, case, "patient", PHONE)
    await visit.page.get_by_role("button", name="电话联系我").click()
    await expect(visit.page.get_by_text("已经告诉村医打电话给您")).to_be_visible(timeout=SLOW)
    await picture(visit.page, "phone-360")
    assert "call.phone.patient" in case.timeline()
    assert visit.troubles == []
