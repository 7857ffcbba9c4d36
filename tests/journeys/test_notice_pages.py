"""收到的通知 in a real browser, and the mini program's question for leave to remind, on the whole running demonstration."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Route, expect

from tests.journeys.browser import PHONE, Visiting, assert_at_home, assert_readable
from tests.journeys.people import roster, sign_in
from tests.journeys.test_mini_program_shell import contexts, opened, to_home
from tests.journeys.test_patient_pages import WIDE, keep, turn_to
from tests.journeys.test_patient_pages import opened as page_of
from tests.support.demo import Demo

__all__ = ["contexts"]

pytestmark = pytest.mark.browser


def patients(demo: Demo) -> list[dict[str, Any]]:
    found = [one for one in roster(demo) if one["role"] == "patient" and one.get("mini_program_openid")]
    return found[len(found) // 4 :]


def with_a_notice(demo: Demo) -> dict[str, Any]:
    """Somebody who has booked, and whom the practice has told so (or has tried to)."""
    departments = None
    for one in patients(demo):
        client = sign_in(demo, one)
        mine = [patient for patient in client.get("/v1/me").json()["patients"] if patient["relation"] == "self"]
        if not mine:
            continue
        if departments is None:
            departments = [found[0] for found in client.get("/v1/departments").json()["departments"]]
        for code in departments:
            slots = client.get(f"/v1/slots?department={code}&limit=1").json()["slots"]
            booked = slots and client.post("/v1/appointments", {"slot_id": slots[0]["slot_id"], "patient_id": mine[0]["patient_id"]})
            if booked and booked.status_code in (200, 201):
                until = time.monotonic() + 60
                while time.monotonic() < until:
                    notices = client.get("/v1/notifications").json()["notices"]
                    if notices and all(found["state"] != "waiting" for found in notices):
                        return one
                    time.sleep(0.3)
                raise AssertionError("nothing was told of the appointment")
    raise AssertionError("nobody could book")


async def test_what_was_sent_to_me_is_there_with_its_way_and_its_words(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    person = with_a_notice(demo)
    visit = await page_of(visiting, demo, person["key"], "mine")
    page = visit.page
    await page.locator(".weui-cell", has_text="收到的通知").click()
    await expect(page.locator("h1")).to_have_text("收到的通知")
    first = page.get_by_role("listitem").first
    await expect(first).to_contain_text("预约")
    await assert_readable(page)
    await assert_at_home(visit, demo.base_url)

    # Many, of every state: page by page; where the next page cannot be fetched it says so and can be tried again.
    def made(place: int, **differently: str) -> dict[str, str]:
        words = f"您的会诊 C-7K2M:王主任(省医心内)已接诊。第 {place} 条"
        plain = {"notification_id": f"01ARZ3NDEKTSV4RRFFQ69G5{place:03}", "label": "会诊进度", "words": words, "at": "2026-11-20T07:00:00Z",
                 "state": "sent", "state_label": "已发", "channel_label": "服务号模板消息"}  # fmt: skip
        return plain | differently

    held = made(1, label="随访提醒", words="", state="held", state_label="夜里先存着,早上 8 点发", channel_label="")
    failed = made(2, label="可以取药", words="", state="failed", state_label="没发出", channel_label="")
    long_ago = made(3, words="", channel_label="短信")
    shown = [held, failed, long_ago, *(made(place) for place in range(4, 8))]
    away = True

    async def answer(route: Route) -> None:
        if "before=" not in route.request.url:
            await route.fulfill(json={"notices": shown, "more": "01ARZ3NDEKTSV4RRFFQ69G5007"})
        elif away:
            body = {"code": "unavailable", "detail": "系统正忙,请过几秒再试。", "status": 503}
            await route.fulfill(status=503, body=json.dumps(body, ensure_ascii=False), content_type="application/problem+json")
        else:
            await route.fulfill(json={"notices": [made(8)], "more": None})

    await page.route("**/v1/notifications?*", answer)
    await turn_to(page, "")
    await turn_to(page, "notices")
    items = page.get_by_role("listitem")
    await expect(items).to_have_count(7)
    await expect(items.nth(0)).to_contain_text("夜里先存着,早上 8 点发")
    await expect(items.nth(1)).to_contain_text("没发出")
    await expect(items.nth(2)).to_contain_text("当时发的话不再保存")
    await expect(items.nth(3)).to_contain_text("11月20日 周五 下午3:00 · 服务号模板消息")
    await assert_readable(page)
    await keep(page, "mini-notices-360")
    await page.get_by_role("button", name="看更早的").click()
    await expect(page.get_by_role("alert")).to_contain_text("系统正忙")
    away = False
    await page.get_by_role("button", name="看更早的").click()
    await expect(items).to_have_count(8)
    await expect(page.get_by_role("button", name="看更早的")).to_have_count(0)
    await page.context.set_offline(True)
    await page.unroute("**/v1/notifications?*")
    await turn_to(page, "")
    await turn_to(page, "notices")
    await expect(page.get_by_role("alert")).to_contain_text("网络断了")
    await expect(items).to_have_count(8)
    await page.context.set_offline(False)
    await expect(page.get_by_text("停止全部提醒")).to_be_visible()

    wide = (await page_of(visiting, demo, person["key"], "notices", WIDE)).page
    await expect(wide.get_by_role("listitem").first).to_be_visible()
    await assert_readable(wide)
    await keep(wide, "mini-notices-1280")


async def test_who_was_sent_nothing_reads_what_will_come(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    person = next(one for one in reversed(patients(demo)) if not sign_in(demo, one).get("/v1/notifications").json()["notices"])
    page = (await page_of(visiting, demo, person["key"], "notices", PHONE)).page
    await expect(page.locator("main")).to_contain_text("还没有给您发过通知")
    await expect(page.get_by_role("button", name="停止全部提醒")).to_be_visible()
    await assert_readable(page)


async def test_the_mini_program_asks_for_leave_in_a_tap_and_tells_the_answer(
    chromium: Browser, running_demo_house: Demo, contexts: list[BrowserContext]
) -> None:
    demo = running_demo_house
    person = patients(demo)[7]
    shell = await opened(chromium, demo, person["key"], contexts)
    await to_home(shell)
    page = shell.page
    panel = page.locator(".panel", has_text="要不要在微信里提醒您")
    await expect(panel).to_contain_text("到时间提醒您量血压")
    await assert_readable(page)
    await shell.picture("leave-360")
    address = f"{demo.base_url}/v1/notifications/subscriptions"
    async with page.expect_response(lambda answer: answer.url == address and answer.request.method == "POST") as told:
        await panel.get_by_role("button", name="好,提醒我").click()
    assert (await told.value).status == 200
    await expect(page.get_by_role("alert").filter(has_text="好的,会提醒您")).to_be_visible()
    (asked,) = (await shell.log())["subscribed"]
    assert len(asked) == 3
    states = sign_in(demo, person).get("/v1/notifications/subscriptions").json()["templates"]
    assert [one["open"] for one in states] == [True, True, True]
    # For more than three the platform opens no dialog.
    many = "{ tmplIds: ['a', 'b', 'c', 'd'], success: () => done('ok'), fail: () => done('no') }"
    assert await page.evaluate(f"new Promise((done) => shell.wx.requestSubscribeMessage({many}))") == "no"
    assert shell.troubles == []
