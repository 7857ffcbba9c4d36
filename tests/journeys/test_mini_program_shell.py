"""The mini program's own shell in a browser's engine, its wx object played by the simulator, on the whole running demonstration."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.journeys.browser import PHONE, assert_readable
from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "miniprogram_api" / "miniprogram"
RUNTIME = ROOT / "tests" / "support" / "mini_program"
AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile MicroMessenger/8.0.50 NetType/WIFI miniProgram/wx0000000000000000"
"""WeChat marks the pages inside a mini program so."""
TYPES = {".js": "text/javascript", ".html": "text/html", ".json": "application/json", ".wxss": "text/css"}
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
SLOW = 20_000


async def serve(route: Route, demo: Demo) -> None:
    """The package as an operator would build it: with the address of his service in config.js."""
    path = urlsplit(route.request.url).path.removeprefix("/shell/") or "index.html"
    file = PACKAGE / path.removeprefix("package/") if path.startswith("package/") else RUNTIME / path
    body = file.read_text()
    if file == PACKAGE / "config.js":
        body = body.replace("https://huizhen.example", demo.base_url)
    await route.fulfill(body=body, content_type=TYPES.get(file.suffix, "text/plain") + "; charset=utf-8")


async def answering(answer: Any, route: Route) -> None:
    await route.fulfill(json=answer)


class Shell:
    """One phone with the mini program open. ``asked``: what it asked of the practice."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.posted: list[Any] = []
        self.troubles: list[str] = []
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._keep)
        page.set_default_timeout(SLOW)

    def _keep(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith("/v1/"):
            self.asked.append(path)
            if path.endswith("/redeem"):
                self.posted.append(json.loads(request.post_data or "{}"))

    async def log(self) -> dict[str, Any]:
        log: dict[str, Any] = await self.page.evaluate("shell.log")
        return log

    async def back(self) -> None:
        await self.page.evaluate("shell.back()")

    async def picture(self, name: str) -> None:
        if PICTURES:
            await self.page.screenshot(path=str(Path(PICTURES) / f"shell-{name}.png"))


async def opened(chromium: Browser, demo: Demo, person: str, contexts: list[BrowserContext], page: str = "") -> Shell:
    context = await chromium.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, locale="zh-CN", user_agent=AGENT)
    contexts.append(context)
    await context.route("**/shell/**", lambda route: serve(route, demo))
    shell = Shell(await context.new_page())
    await shell.page.goto(f"{demo.base_url}/shell/?{urlencode({'person': person, **({'page': page} if page else {})})}")
    await expect(shell.page.locator("body[data-ready]")).to_be_attached()
    return shell


@pytest.fixture
async def contexts() -> Any:
    made: list[BrowserContext] = []
    yield made
    for context in made:
        await context.close()


@pytest.fixture
def people(running_demo_house: Demo) -> list[str]:
    """Patients with WeChat, from the middle of the roster: others take them from its ends."""
    found = [one["key"] for one in roster(running_demo_house) if one["role"] == "patient" and one.get("mini_program_openid")]
    return found[len(found) // 2 :]


def unverified(demo: Demo) -> str:
    """Somebody whose phone number the practice does not know yet."""
    patients = [one for one in roster(demo) if one["role"] == "patient" and one.get("mini_program_openid") and one.get("phone")]
    return next(str(one["key"]) for one in reversed(patients) if not sign_in(demo, one).get("/v1/me").json()["phone_verified"])


async def to_home(shell: Shell) -> None:
    """Through the privacy notice and past the phone button."""
    page = shell.page
    await page.get_by_role("button", name="看过了,同意").click()
    await page.get_by_role("button", name="以后再说").or_(page.get_by_role("button", name="继续")).click()
    await expect(page.get_by_text("要办的事", exact=True)).to_be_visible()


async def test_privacy_first_then_the_phone_then_home_and_a_page_that_knows_who_it_is(
    chromium: Browser, running_demo_house: Demo, contexts: list[BrowserContext]
) -> None:
    demo = running_demo_house
    shell = await opened(chromium, demo, unverified(demo), contexts)
    page = shell.page
    await expect(page.get_by_text("欢迎使用会诊")).to_be_visible()
    await assert_readable(page)
    await shell.picture("privacy-360")
    await page.get_by_role("button", name="看《会诊小程序隐私保护指引》").click()
    assert (await shell.log())["contracts"] == 1
    await page.get_by_role("button", name="不同意", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("请到村卫生室")
    await shell.back()
    await expect(page.get_by_role("button", name="去看")).to_be_visible()
    assert shell.asked == []  # nothing was asked of the practice before he agreed
    await page.get_by_role("button", name="去看").click()
    await page.get_by_role("button", name="看过了,同意").click()
    await shell.picture("phone-360")
    await assert_readable(page)
    await page.get_by_role("button", name="用微信手机号").click()
    await expect(page.get_by_role("alert")).to_contain_text("手机号已验证")
    await page.get_by_role("button", name="继续").click()

    await expect(page.get_by_text("要办的事", exact=True)).to_be_visible()
    await expect(page.get_by_text("手机号还没有验证")).to_have_count(0)
    await assert_readable(page)
    await shell.picture("home-360")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await assert_readable(page)
    await shell.picture("home-1280")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})

    await page.get_by_role("button", name="授权与隐私").click()
    web = page.frame_locator("iframe")
    await expect(web.get_by_role("heading", name="授权与隐私")).to_be_visible()
    await expect(web.get_by_text("停止全部提醒").first).to_be_visible()
    address = await page.locator("iframe").evaluate("frame => frame.contentWindow.location.href")
    assert address == f"{demo.base_url}/h5/mini/#/privacy"
    assert await page.locator("iframe").evaluate("frame => [frame.contentWindow.sessionStorage.length, frame.contentDocument.cookie]") == [1, ""]
    kept = await page.context.cookies(demo.base_url)
    assert [(one["name"], one["httpOnly"]) for one in kept] == [("huizhen_session", True)]
    # So the call room opens from there too, without a sign-in that no web-view could show.
    room = f"{demo.base_url}/h5/room/{'0' * 26}/"
    assert (await page.request.get(room, max_redirects=0)).status == 200
    # The code that opened it opens nothing again.
    async with httpx.AsyncClient(base_url=demo.base_url, trust_env=False) as stranger:
        assert (await stranger.get(room)).status_code == 302
        refused = await stranger.post("/v1/mini-program/hand-over/redeem", json=shell.posted[0])
        assert (refused.status_code, refused.json()["code"]) == (404, "people.hand_over_spent")
        cross = await stranger.post("/v1/mini-program/hand-over/redeem", json=shell.posted[0], headers={"Sec-Fetch-Site": "cross-site"})
        assert cross.json()["code"] == "request.foreign_site"
        assert (await stranger.post("/v1/mini-program/hand-over")).status_code == 401
    await shell.back()
    await expect(page.get_by_text("要办的事", exact=True)).to_be_visible()
    assert shell.troubles == []


async def test_without_a_network_and_when_the_practice_is_away(
    chromium: Browser, running_demo_house: Demo, people: list[str], contexts: list[BrowserContext]
) -> None:
    shell = await opened(chromium, running_demo_house, people[1], contexts)
    page = shell.page
    await to_home(shell)
    shown = await page.locator(".panel").all_inner_texts()
    await page.context.set_offline(True)
    await expect(page.get_by_role("alert")).to_contain_text("没有网络")
    assert await page.locator(".panel").all_inner_texts() == shown
    await assert_readable(page)
    await shell.picture("offline-360")
    await page.evaluate("shell.refresh()")
    await expect(page.get_by_role("alert")).to_contain_text("没有网络")
    await page.get_by_role("button", name="随访").or_(page.get_by_role("button", name="家人")).first.click()
    await expect(page.get_by_role("alert")).to_contain_text("没有网络,打不开")
    await assert_readable(page)
    await page.context.set_offline(False)
    await page.get_by_role("button", name="再试").click()
    await expect(page.locator("iframe")).to_be_visible()

    async def away(route: Route) -> None:
        body = {"code": "unavailable", "detail": "系统正忙,请过几秒再试。", "status": 503}
        await route.fulfill(status=503, body=json.dumps(body, ensure_ascii=False), content_type="application/problem+json")

    other = await opened(chromium, running_demo_house, people[2], contexts)
    await other.page.route("**/v1/appointments", away)
    await other.page.get_by_role("button", name="看过了,同意").click()
    await other.page.get_by_role("button", name="以后再说").or_(other.page.get_by_role("button", name="继续")).click()
    await expect(other.page.get_by_role("alert")).to_contain_text("系统正忙")
    await assert_readable(other.page)
    await other.page.unroute("**/v1/appointments")
    await other.page.get_by_role("button", name="再试").click()
    await expect(other.page.get_by_text("要办的事", exact=True)).to_be_visible()
    assert shell.troubles == other.troubles == []


async def test_what_is_next_stands_first_and_a_strangers_code_signs_no_browser_in(
    chromium: Browser, running_demo_house: Demo, people: list[str], contexts: list[BrowserContext]
) -> None:
    demo = running_demo_house
    shell = await opened(chromium, demo, people[3], contexts)
    page = shell.page
    emergency = {"suspected": "心梗", "do_now": ["停下来坐好"], "do_not": ["不要自己开车"]}
    intake = {"state": "open", "question": None, "assessment": {"emergency": emergency}}
    doctor = {"practitioner": "王医生", "title_name": "主治医师", "organisation": "县医院"}
    slot = {"starts_at": "2026-11-20T07:00:00Z", "department": "呼吸内科", **doctor}
    running = {"consultation_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "code": "C-7K2M", "state": "ASSIGNED", "state_label": "已分配专家"}
    running |= {"expert": "李主任", "next": "专家会联系村医。"}
    plan = {"plan_id": "P", "patient_id": "01ARZ3NDEKTSV4RRFFQ69G5FAW", "title": "高血压随访"}
    due = [{"task": "blood_pressure", "label": "量血压", "state": "reminded", "due_at": "2026-11-20T00:00:00Z"},
           {"task": "visit", "label": "面对面随访", "state": "pending", "due_at": "2026-12-20T00:00:00Z"}]
    medicine = {"prescription_id": "01ARZ3NDEKTSV4RRFFQ69G5FAX", "code": "R-1", "stage": "ready", "stage_label": "可以取药", "patient": "王大山",
                "until": "2026-11-22T07:00:00Z"}
    call = {"consultation_id": running["consultation_id"], "closed": None,
            "seats": [{"seat": "expert", "label": "专家", "person": "李主任", "present": True}]}
    answers = {"plans": {"plans": [{**plan, "due": due}], "now": "2026-11-20T02:00:00Z"}, "prescriptions/stages": {"prescriptions": [medicine]},
               f"consultations/{running['consultation_id']}/call": call, "intakes/current": intake,
               "appointments": {"appointments": [{"state": "booked", "code": "Y-1", "slot": slot}]},
               "consultations": {"consultations": [running]}}
    for path, answer in answers.items():
        await page.route(f"**/v1/{path}", partial(answering, answer))
    await to_home(shell)
    titles = await page.locator(".panel .title").all_inner_texts()
    wanted = ["可能是心梗,请马上打 120", "视频已经开始", "今天:量血压", "可以取药 · 王大山", "会诊 C-7K2M", "下一次看病"]
    assert titles[: len(wanted)] == wanted
    await expect(page.locator(".panel").nth(1)).to_contain_text("李主任在视频里等您。")
    await expect(page.locator(".panel").nth(3)).to_contain_text("请在 11月22日 周日 下午3:00 前取药。")
    await expect(page.locator(".panel").nth(5)).to_contain_text("11月20日 周五 下午3:00")
    await assert_readable(page)
    await shell.picture("next-360")
    await page.get_by_role("button", name="拨打 120").click()
    assert (await shell.log())["calls"] == ["120"]
    await page.get_by_role("button", name="看经过").click()
    assert (await shell.log())["opened"][-1] == "/pages/web/web?to=consultation%2F01ARZ3NDEKTSV4RRFFQ69G5FAV"

    await shell.back()
    await page.get_by_role("button", name="关怀模式").click()
    await expect(page.locator(".page")).to_have_css("font-size", "22px")  # waits while the page is drawn anew
    await assert_readable(page)
    await shell.picture("care-360")
    await page.get_by_role("button", name="现在记").click()
    await expect(page.frame_locator("iframe").locator("h1")).to_have_text("记一次")
    await expect(page.frame_locator("iframe").locator("html.care")).to_be_attached()

    # A message opens a page before the home page: the notice comes first here too, and leads back to it.
    linked = await opened(chromium, demo, people[4], contexts, "pages/web/web?to=register%3Frelation%3Dself")
    await expect(linked.page.get_by_text("欢迎使用会诊")).to_be_visible()
    assert linked.asked == []
    await linked.page.get_by_role("button", name="看过了,同意").click()
    await linked.page.get_by_role("button", name="以后再说").or_(linked.page.get_by_role("button", name="继续")).click()
    await expect(linked.page.frame_locator("iframe").get_by_role("heading", name="实名登记")).to_be_visible()

    # A damaged address is no page of ours, and nothing fails over it.
    damaged = await opened(chromium, demo, people[5], contexts, "pages/web/web?to=%E5%8")
    await expect(damaged.page.get_by_text("没有这一页。请返回首页。")).to_be_visible()

    # Outside a mini program the page does not take a code: a link sent by somebody signs nobody in as him.
    outside = await chromium.new_context(locale="zh-CN")
    contexts.append(outside)
    stranger = Shell(await outside.new_page())
    await stranger.page.goto(f"{demo.base_url}/h5/mini/#/hand-over/{'0' * 26}SECRET/privacy")
    await expect(stranger.page.locator("h1")).to_have_text("授权与隐私")
    assert stranger.posted == []
    # A code that is spent leaves a sentence that says what to do.
    late = await chromium.new_context(locale="zh-CN", user_agent=AGENT)
    contexts.append(late)
    page = await late.new_page()
    await page.goto(f"{demo.base_url}/h5/mini/#/hand-over/{'0' * 26}SECRET/privacy")
    await expect(page.get_by_text("这一页打开得太晚了")).to_be_visible()
    assert shell.troubles == []
