"""录像 as a page shows it, told by a practice that stands in for the real one: what each state says, and that the seats are played as one.

The whole way, from the call to the entry in the audit, is tests/journeys/test_call_recording.py.
"""

from __future__ import annotations

import asyncio
import io
import json
import mimetypes
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.journeys.browser import PHONE, assert_readable
from tests.journeys.test_call_pages import PICTURES
from tests.media.calls.test_muxing import Sender, put_together

pytestmark = pytest.mark.browser
PAGES = Path(__file__).resolve().parents[2] / "miniprogram_api" / "pages"
SLOW = 30_000
LENGTH_S = 8
LATE_S = 2
"""When the one without a picture begins to be heard."""
_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>会诊</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/h5/vendor/weui/weui.min.css"><link rel="stylesheet" href="/h5/shared/page.css"></head>
<body data-weui-theme="light" class="without-tabs"><main id="page"></main><script type="module">
import { keptRecordings } from "/h5/shared/recordings.js";
const recordings = keptRecordings("C1");
globalThis.tell = (...kinds) => {
  const section = recordings(kinds.map((kind) => ({ kind })));
  if (section) document.querySelector("#page").append(section);
};
document.body.dataset.ready = "1";
</script></body></html>"""
STARTED, STOPPED, STORED = "call.recording.started", "call.recording.stopped.over", "call.recording.stored"


def recording(state: str = "stored", *files: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "recording_id": "R1", "state": state, "started_at": "2026-11-20T07:00:00Z", "stopped_at": None, "reason": "", "complete": True,
        "agreed": ["患者", "专家"], "kept_until": "2029-12-01T00:00:00Z", "chapters": [{"at_ms": 4000, "title": "看影像"}],
        "files": [
            {"file_id": seat, "seat": seat, "label": label, "media_type": "video/webm", "size": 1, "sha256": "", "length_ms": LENGTH_S * 1000,
             "left_out": 0}
            for seat, label in files
        ],
    } | more  # fmt: skip


BOTH = (("patient", "患者"), ("expert", "专家"))


class Stage:
    """One page, the list that it gets and the files; ``asked``: what it asked for, in order; ``refuse``: an answer in place of what it asks for;
    ``held``: what the expert's pieces wait for."""

    def __init__(self, page: Page, files: dict[str, bytes]) -> None:
        self.page, self.files = page, files
        self.listed: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refuse: dict[str, int] = {}
        self.held: asyncio.Event | None = None

    async def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix("http://room.test/")
        if not path:
            await route.fulfill(body=_PAGE, content_type="text/html")
        elif path.startswith("h5/"):
            file = PAGES / path.removeprefix("h5/")
            await route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "text/plain")
        else:
            await self._data(route, path.removeprefix("v1/consultations/C1/"))

    async def _data(self, route: Route, path: str) -> None:
        self.asked.append(f"{route.request.method} {path}")
        status = next((status for start, status in self.refuse.items() if path.startswith(start)), None)
        if status == 0:
            await route.abort()
        elif status is not None:
            await route.fulfill(status=status, body=json.dumps({"code": "x", "detail": "现在不行。"}), content_type="application/problem+json")
        elif path == "recordings":
            await route.fulfill(json={"recordings": self.listed})
        elif path.endswith("/look"):
            await route.fulfill(status=201, json={"lasts_s": 7200})
        else:
            if self.held is not None and "expert" in path:
                await self.held.wait()
            whole = self.files[path.removeprefix("recordings/")]
            told = re.fullmatch(r"bytes=(\d+)-(\d*)", route.request.headers.get("range", "")) or re.fullmatch(r"(\d)()", "0")
            assert told is not None
            first, last = int(told[1]), min(len(whole) - 1, int(told[2] or len(whole) - 1))
            headers = {"Content-Range": f"bytes {first}-{last}/{len(whole)}", "Accept-Ranges": "bytes", "Content-Type": "video/webm"}
            await route.fulfill(status=206, headers=headers, body=whole[first : last + 1])

    async def tell(self, *kinds: str) -> None:
        await self.page.evaluate("(kinds) => tell(...kinds)", list(kinds))

    async def videos(self) -> list[dict[str, Any]]:
        script = "all => all.map((one) => ({ at: one.currentTime, width: one.videoWidth, paused: one.paused }))"
        found: list[dict[str, Any]] = await self.page.locator("dialog video").evaluate_all(script)
        return found

    async def until(self, what: str, condition: Any) -> list[dict[str, Any]]:
        for _ in range(SLOW // 100):
            found = await self.videos()
            if condition(found):
                return found
            await asyncio.sleep(0.1)
        raise AssertionError(f"{what}: {await self.videos()}")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("recorded")
    Sender(LENGTH_S).dumps(folder / "rec", "expert")
    _, path = put_together(folder, "expert")
    heard = io.BytesIO()
    with av.open(str(path)) as both, av.open(heard, "w", format="webm") as one:
        stream = one.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(both.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                packet.pts = packet.dts = packet.dts + int(LATE_S / packet.time_base)
                one.mux(packet)
    return dict.fromkeys(("patient", "expert"), path.read_bytes()) | {"village_doctor": heard.getvalue()}


@pytest.fixture
async def stage(chromium: Browser, files: dict[str, bytes]) -> AsyncIterator[Stage]:
    page = await chromium.new_page(viewport={"width": PHONE[0], "height": PHONE[1]}, locale="zh-CN")
    page.set_default_timeout(SLOW)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    made = Stage(page, files)
    await page.route("http://room.test/**", made.answer)
    await page.goto("http://room.test/")
    await page.wait_for_selector("body[data-ready]")
    yield made
    await page.close()
    assert troubles == []


async def test_nothing_is_asked_for_where_nothing_was_recorded_and_no_section_shown_where_it_is_refused(stage: Stage) -> None:
    await stage.tell("begin", "call.recording.asked", "call.recording.stopped.refused")
    assert stage.asked == []
    stage.refuse = {"recordings": 403}
    await stage.tell(STARTED)
    await expect(stage.page.locator(".recordings")).to_be_hidden()
    assert stage.asked == ["GET recordings"]


async def test_each_state_says_what_to_do_and_the_list_is_asked_for_when_something_changed_only(stage: Stage) -> None:
    section = stage.page.get_by_role("region", name="录像")
    stage.refuse = {"recordings": 0}
    await stage.tell(STARTED)
    await expect(section).to_contain_text("网络断了")
    await expect(section).to_contain_text("有信号时点「再试」")
    stage.refuse, stage.listed = {}, [recording("running")]
    await section.get_by_role("button", name="再试").click()
    await expect(section).to_contain_text("正在录像")
    stage.listed = [recording("stopped", reason="视频结束,录像已停")]
    await stage.tell(STARTED, STOPPED)
    await expect(section).to_contain_text("正在整理,稍后可以看")
    await expect(section.get_by_role("button")).to_have_count(0)
    for _ in range(3):
        await stage.tell(STARTED, STOPPED)
    assert stage.asked == ["GET recordings"] * 3
    stage.listed = [recording("stored", *BOTH, complete=False), recording("nothing", recording_id="R0")]
    await stage.tell(STARTED, STOPPED, STORED)
    await expect(section.get_by_role("button", name="播放")).to_have_count(1)
    for words in (
        "11月20日 周五 下午3:00", "长 8 秒 · 有 患者、专家", "每次查看都会留下记录", "至少保存到", "12月1日", "录像不完整", "没有录到内容",
    ):  # fmt: skip
        await expect(section).to_contain_text(words)
    await assert_readable(stage.page)
    assert stage.asked == ["GET recordings"] * 4
    stage.listed = []
    await stage.tell(STARTED, STOPPED, STORED, STORED)
    await expect(section).to_be_hidden()


async def test_the_seats_are_played_as_one_and_brought_back_together(stage: Stage) -> None:
    stage.listed = [recording("stored", *BOTH)]
    await stage.tell(STARTED, STOPPED, STORED)
    page = stage.page
    await page.get_by_role("button", name="播放").click()
    await stage.until("both play", lambda all_: all(one["width"] == 160 and one["at"] > 0.3 and not one["paused"] for one in all_))
    looks = [one for one in stage.asked if one.startswith("POST")]
    assert sorted(looks) == ["POST recordings/expert/look", "POST recordings/patient/look"]
    assert stage.asked.index(looks[-1]) < min(place for place, one in enumerate(stage.asked) if one.startswith("GET recordings/"))
    await page.get_by_role("button", name="暂停").click()
    await stage.until("both stand", lambda all_: all(one["paused"] for one in all_))
    await page.get_by_role("button", name="看影像").click()
    await stage.until("both jumped", lambda all_: all(abs(one["at"] - 4) < 0.1 for one in all_))
    await page.get_by_role("slider").press("ArrowRight")
    await stage.until("both at the scrubber", lambda all_: all(abs(one["at"] - 5) < 0.1 for one in all_))
    await expect(page.locator(".player-time")).to_have_text("0:05 / 0:08")
    await assert_readable(page)
    await page.get_by_role("button", name="开始").click()
    await stage.until("both at the beginning", lambda all_: all(one["at"] < 0.1 for one in all_))
    await page.evaluate("document.querySelectorAll('dialog video')[1].currentTime = 1")
    await page.get_by_role("button", name="播放", exact=True).last.click()
    await stage.until("together again", lambda all_: abs(all_[0]["at"] - all_[1]["at"]) < 0.2 and not any(one["paused"] for one in all_))
    assert 0.7 < (await stage.videos())[0]["at"] < 3
    await page.evaluate("document.querySelectorAll('dialog video')[1].currentTime = 0")
    await stage.until("and again", lambda all_: all_[0]["at"] > 1.5 and abs(all_[0]["at"] - all_[1]["at"]) < 0.2)
    await page.get_by_role("slider").press("End")
    await stage.until("the end", lambda all_: all(one["paused"] for one in all_))
    await expect(page.locator(".player-time")).to_have_text("0:08 / 0:08")
    await page.locator(".player-toggle").click()
    await stage.until("from the beginning", lambda all_: all(0.2 < one["at"] < 4 and not one["paused"] for one in all_))
    await page.get_by_role("button", name="关闭").click()
    await expect(page.locator("dialog")).to_have_count(0)
    assert [one for one in stage.asked if one.startswith("POST")] == looks


async def test_what_does_not_come_says_so_and_goes_on_where_it_stopped(stage: Stage) -> None:
    stage.listed = [recording("stored", *BOTH)]
    stage.refuse = {"recordings/expert/look": 0}
    await stage.tell(STARTED, STOPPED, STORED)
    page = stage.page
    await page.get_by_role("button", name="播放").click()
    told = page.locator(".player-told")
    await expect(told).to_contain_text("网络断了")
    stage.refuse = {"recordings/expert": 409}
    await told.get_by_role("button", name="再试").click()
    await expect(told).to_contain_text("现在不行。")
    await page.get_by_role("button", name="看影像").click()
    stage.refuse = {}
    await told.get_by_role("button", name="再试").click()
    await stage.until("from there", lambda all_: all(one["at"] > 4.1 and not one["paused"] for one in all_))
    await page.evaluate("document.querySelector('dialog video').dispatchEvent(new Event('error'))")
    await expect(told).to_contain_text("录像没有取到")
    await told.get_by_role("button", name="再试").click()
    await stage.until("goes on", lambda all_: all(one["at"] > 4.2 and not one["paused"] for one in all_))


async def test_all_wait_for_one_and_who_has_no_picture_has_his_name_in_its_place(stage: Stage) -> None:
    stage.listed = [recording("stored", *BOTH, ("village_doctor", "村医"))]
    stage.held = asyncio.Event()
    await stage.page.evaluate("document.documentElement.classList.add('care')")
    await stage.tell(STARTED, STOPPED, STORED)
    page = stage.page
    await page.get_by_role("button", name="播放").click()
    await stage.until("the others are there", lambda all_: [one["width"] for one in all_] == [160, 0, 0])
    await expect(page.locator(".player-told")).to_contain_text("正在取")
    assert all(one["at"] < 0.1 for one in (await stage.videos())[:2])
    stage.held.set()
    found = await stage.until("two play", lambda all_: all(one["at"] > 0.3 and not one["paused"] for one in all_[:2]))
    assert (round(found[2]["at"]), found[2]["paused"]) == (LATE_S, True)
    await stage.until("all play", lambda all_: all(one["at"] > LATE_S + 0.2 and not one["paused"] for one in all_))
    found = await stage.videos()
    assert max(one["at"] for one in found) - min(one["at"] for one in found) < 0.3
    silent = page.locator(".player-seat[data-sound=only]")
    await expect(silent).to_have_count(1)
    await expect(silent).to_contain_text("村医")
    await assert_readable(page)
    await page.get_by_role("button", name="暂停").click()
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / "recordings-care-360.png"))
