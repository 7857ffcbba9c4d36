"""Pages and the mini program renew their sign-in by themselves, once for all requests that need it, and show where one is signed in."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Route, expect

from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.people import roster
from tests.journeys.test_mini_program_shell import contexts, opened, to_home
from tests.support.demo import Demo

__all__ = ["contexts"]

pytestmark = pytest.mark.browser

STALE = {"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "session.stale", "detail": "登录要更新一下。", "fields": {}}


class RunOut:
    """Plays that the access token has run out: everything is refused until the next pair was fetched from the real service."""

    def __init__(self) -> None:
        self.refreshed: list[int] = []
        self.refused = 0

    async def answer(self, route: Route) -> None:
        if urlsplit(route.request.url).path.endswith("/v1/sessions/refresh"):
            answer = await route.fetch()
            self.refreshed.append(answer.status)
            await route.fulfill(response=answer)
        elif self.refreshed or "/mini-program/" in route.request.url:
            await route.continue_()
        else:
            self.refused += 1
            await route.fulfill(status=401, content_type="application/problem+json", body=json.dumps(STALE))


def patient(demo: Demo, place: int) -> dict[str, Any]:
    found = [person for person in roster(demo) if person["role"] == "patient" and person.get("mini_program_openid")]
    return found[len(found) // 3 + place]


async def test_a_doctor_s_page_goes_on_after_a_quarter_of_an_hour(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    doctor = next(person for person in roster(demo) if person["role"] == "village_doctor")
    visit = await visiting(f"{demo.base_url}/phone/{doctor['key']}/h5/doctor/", PHONE)
    await expect(visit.page.locator("h1")).to_be_visible()
    before = {one["name"]: one["value"] for one in await visit.page.context.cookies()}
    assert set(before) >= {"huizhen_session", "huizhen_refresh"}
    out = RunOut()
    await visit.page.context.route("**/v1/**", out.answer)
    await visit.page.reload()
    await expect(visit.page.get_by_text("登录过期")).to_have_count(0)
    await expect(visit.page.locator("[role=status]", has_text="正在取")).to_have_count(0)
    assert out.refused >= 1
    assert out.refreshed == [200]
    after = {one["name"]: one["value"] for one in await visit.page.context.cookies()}
    assert all(after[name] != before[name] for name in ("huizhen_session", "huizhen_refresh"))


async def test_the_mini_program_s_pages_go_on_and_list_the_devices(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    visit = await visiting(f"{demo.base_url}/phone/{patient(demo, 0)['key']}/h5/mini/#/mine", PHONE)
    await expect(visit.page.locator(".weui-cell", has_text="我的设备")).to_be_visible()
    await visit.page.evaluate("""() => {
      const [name, value] = Object.entries(sessionStorage).find(([name]) => name.includes("mini.tokens"));
      sessionStorage.setItem(name, JSON.stringify({ ...JSON.parse(value), freshUntil: 0 }));
    }""")
    out = RunOut()
    await visit.page.context.route("**/v1/**", out.answer)
    await visit.page.locator(".weui-cell", has_text="我的设备").click()
    await expect(visit.page.get_by_text("本机")).to_be_visible()
    await expect(visit.page.locator("main .weui-cell").first).to_contain_text(re.compile(r"(刚刚|\d+ 分钟前)登录,半小时内用过本机"))
    await expect(visit.page.locator("main")).to_contain_text("又会自动登录")
    assert out.refreshed == [200]
    assert out.refused == 0  # it knew by its own clock
    await assert_readable(visit.page)
    # Another device of hers, ended from here.
    other = await visiting(f"{demo.base_url}/phone/{patient(demo, 0)['key']}/h5/mini/#/mine", PHONE)
    await expect(other.page.locator(".weui-cell", has_text="我的设备")).to_be_visible()
    await visit.page.reload()
    ends = visit.page.locator("main").get_by_role("button", name="退出", exact=True)
    await expect(ends.first).to_be_visible()
    # One more each time somebody else among the tests was signed in as her.
    listed = await ends.count()
    await ends.first.click()
    await expect(visit.page.locator("dialog")).to_contain_text("再打开小程序会自动登录")
    await visit.page.locator("dialog").get_by_role("button", name="退出", exact=True).click()
    await expect(ends).to_have_count(listed - 1)


async def test_the_shell_renews_its_sign_in_by_itself(chromium: Browser, running_demo_house: Demo, contexts: list[BrowserContext]) -> None:
    shell = await opened(chromium, running_demo_house, patient(running_demo_house, 2)["key"], contexts)
    await to_home(shell)
    await shell.page.get_by_role("button", name="授权与隐私").click()
    await expect(shell.page.frame_locator("iframe").get_by_text("停止全部提醒").first).to_be_visible()
    out = RunOut()
    await shell.page.context.route("**/v1/**", out.answer)
    logins = sum(path.endswith("/sign-in") for path in shell.asked)
    # Home asks for six things at once: all are refused, one renews for all.
    async with shell.page.expect_response(lambda answer: answer.url.endswith("/v1/sessions/refresh")):
        await shell.back()
    async with shell.page.expect_response(lambda answer: answer.status == 200 and "/v1/" in answer.url):
        pass
    await expect(shell.page.get_by_text("要办的事", exact=True)).to_be_visible()
    assert out.refreshed == [200]
    assert out.refused > 1
    assert sum(path.endswith("/sign-in") for path in shell.asked) == logins
    assert shell.troubles == []
