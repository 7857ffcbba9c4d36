"""The mark and the question of recording as a page shows them, told by a call that stands in for the real one: nobody is recorded unseen."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from core.people.consent_texts import current_text
from media.calls.recorded import WEBM
from tests.journeys.browser import PHONE, assert_readable
from tests.journeys.test_call_pages import picture
from tests.media.calls.test_muxing import Sender, put_together

pytestmark = pytest.mark.browser
PAGES = Path(__file__).resolve().parents[2] / "miniprogram_api" / "pages"
SLOW = 30_000
_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>视频会诊</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/vendor/weui/weui.min.css"><link rel="stylesheet" href="/shared/page.css">
<link rel="stylesheet" href="/room/room.css"><link rel="stylesheet" href="/room/recording.css"></head>
<body data-weui-theme="light" class="without-tabs"><main id="room"></main><script type="module">
import { Stage } from "/room/stage.js";
import { RecordingMark } from "/room/recording.js";
class Call extends EventTarget {
  seats = [{ seat: "patient", label: "患者", person: null }, { seat: "expert", label: "专家", person: "李医生" }];
  seat = "patient"; here = new Map(); met = new Set(); streams = new Map(); links = new Map(); state = "connected"; said = [];
  tell(message) { this.said.push(message); return true; }
}
const call = new Call();
new Stage(document.querySelector("#room"), call, { mute() {}, camera() {}, voice() {}, leave() {}, more() {} }).showSeats();
new RecordingMark(call, document.querySelector(".stage"));
Object.assign(globalThis, { call, tell: (detail) => call.dispatchEvent(new CustomEvent("recording", { detail })) });
document.body.dataset.ready = "1";
</script></body></html>"""


@pytest.fixture(params=[PHONE, (1280, 800)], ids=["phone", "desktop"])
async def page(request: pytest.FixtureRequest, chromium: Browser) -> AsyncIterator[Page]:
    async def answer(route: Route) -> None:
        wanted = route.request.url.removeprefix("http://room.test/")
        if not wanted:
            await route.fulfill(body=_PAGE, content_type="text/html")
            return
        file = PAGES / wanted
        await route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "text/plain")

    size = request.param
    made = await chromium.new_page(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    made.set_default_timeout(SLOW)
    await made.route("http://room.test/**", answer)
    await made.goto("http://room.test/")
    await made.wait_for_selector("body[data-ready]")
    yield made
    await made.close()


async def tell(page: Page, **stands: Any) -> None:
    await page.evaluate("(stands) => tell(stands)", stands)


async def said(page: Page) -> Any:
    return await page.evaluate("call.said.at(-1)")


async def test_everybody_sees_that_it_runs_as_long_as_it_runs_and_can_stop_it(page: Page) -> None:
    mark = page.locator(".recording-mark")
    await expect(mark).to_have_count(0)
    await tell(page, state="running", recording_id="R1", mine="yes", may_ask=False)
    await expect(mark).to_be_visible(timeout=SLOW)
    await expect(mark).to_have_text("● 正在录像")
    await assert_readable(page)
    await picture(page, f"recording-{page.viewport_size['width']}")  # type: ignore[index]
    await page.evaluate('call.state = "reconnecting"; call.dispatchEvent(new CustomEvent("state"))')
    await expect(mark).to_be_visible()
    await page.get_by_role("button", name="停止录像").click()
    assert await said(page) == {"type": "record_answer", "recording_id": "R1", "agree": False}
    await tell(page, state="stopped", recording_id="R1", reason="有人要求停止,录像已停", may_ask=False)
    await expect(mark).to_have_count(0)
    await expect(page.get_by_text("有人要求停止,录像已停")).to_be_visible()
    await expect(page.get_by_role("button", name="录像")).to_have_count(0)


async def test_the_question_shows_what_is_agreed_to_and_no_is_as_near_as_yes(page: Page) -> None:
    text = current_text("recording").text
    asked = {"state": "asked", "recording_id": "R1", "asked_by": "专家", "waiting": ["患者"], "text": text, "may_ask": False}
    await tell(page, **asked, mine="")
    await expect(page.get_by_text("专家想录下这次视频")).to_be_visible(timeout=SLOW)
    await expect(page.get_by_role("button", name="退出")).to_be_visible()
    yes, no = page.get_by_role("button", name="同意录像"), page.get_by_role("button", name="不同意")
    boxes = [await one.bounding_box() for one in (yes, no)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert (boxes[0]["width"], boxes[0]["height"]) == (boxes[1]["width"], boxes[1]["height"])
    await assert_readable(page)
    await picture(page, f"recording-asked-{page.viewport_size['width']}")  # type: ignore[index]
    await page.get_by_text("看同意书").click()
    await expect(page.get_by_text("不录也照样会诊")).to_be_visible()
    await expect(page.locator(".recording-mark")).to_have_count(0)
    await yes.click()
    assert await said(page) == {"type": "record_answer", "recording_id": "R1", "agree": True}
    await tell(page, **{**asked, "waiting": ["村医"], "text": ""}, mine="yes")
    await expect(page.get_by_text("等村医同意录像")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await tell(page, **{**asked, "recording_id": "R2"}, mine="")
    await no.click()
    assert await said(page) == {"type": "record_answer", "recording_id": "R2", "agree": False}


async def test_who_may_ask_has_a_button_and_who_may_not_has_none(page: Page) -> None:
    await tell(page, state="off", may_ask=False)
    await expect(page.get_by_role("button", name="录像")).to_have_count(0)
    await tell(page, state="off", may_ask=True)
    await page.get_by_role("button", name="录像").click()
    assert await said(page) == {"type": "record_ask"}


_PLAYED = """async ([data, type]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const video = document.createElement("video");
  video.muted = true;
  const known = new Promise((resolve, reject) => {
    video.onloadedmetadata = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  video.src = URL.createObjectURL(new Blob([bytes], { type }));
  await known;
  video.currentTime = 5;
  await new Promise((resolve) => { video.onseeked = resolve; });
  return { duration: video.duration, width: video.videoWidth, height: video.videoHeight, at: video.currentTime };
}"""


async def test_a_browser_plays_what_was_put_together(page: Page, tmp_path: Path) -> None:
    Sender(8).dumps(tmp_path / "rec", "expert")
    put, path = put_together(tmp_path, "expert")
    content = base64.b64encode(path.read_bytes()).decode()
    played = await page.evaluate(_PLAYED, [content, WEBM])
    assert (played["width"], played["height"], played["at"]) == (160, 120, 5)
    assert abs(played["duration"] - put.muxed.length_ms / 1000) < 0.1
