"""Recording in real browsers: nothing before everybody's yes, a mark for everybody while it runs, stopped by anybody, played back by who may."""

# ruff: noqa: F811 - fixtures of the call pages

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.journeys.browser import PHONE, Visit, assert_readable
from tests.journeys.call_people import Case
from tests.journeys.test_call_pages import all_meet, camera_browser, case, contexts, picture, tab  # noqa: F401
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
MEET_S = 120
"""Three cameras in one browser: on a busy machine that takes its time."""
SIZES = {"patient": PHONE, "village_doctor": (1280, 800), "expert": (1280, 800)}

_PLAYED = """async ([data, type]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const video = document.createElement("video");
  video.muted = true;
  video.src = URL.createObjectURL(new Blob([bytes], { type }));
  await new Promise((resolve, reject) => { video.onloadedmetadata = resolve; video.onerror = () => reject(video.error.message); });
  await video.play();
  const began = performance.now();
  while (video.getVideoPlaybackQuality().totalVideoFrames < 10 && performance.now() - began < 20000) await new Promise((go) => setTimeout(go, 100));
  return { duration: video.duration, frames: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth };
}"""


def dumps(demo: Demo) -> list[Path]:
    return sorted((demo.data_dir / "recordings").glob("*/*.dump"))


async def soon(condition: object, seconds: float = MEET_S) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - files of another process
            await asyncio.sleep(0.2)


async def test_a_call_is_recorded_only_with_every_yes_and_everybody_sees_it(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case
) -> None:
    demo = running_demo_house
    tabs = {seat: await tab(camera_browser, contexts, demo, case, seat, size) for seat, size in SIZES.items()}
    for visit in tabs.values():
        await expect(visit.page.get_by_text("没有您和在场每个人的同意,不会录像。")).to_be_visible()
        await visit.page.get_by_role("button", name="加入", exact=True).click()
    await all_meet(tabs, MEET_S)
    patient, doctor, expert = (tabs[seat].page for seat in SIZES)
    await expect(patient.get_by_role("button", name="录像")).to_have_count(0)
    await _all_are_asked(tabs, demo)
    await expert.get_by_role("button", name="同意录像").click()
    await expect(doctor.get_by_text("等患者同意录像")).to_be_visible()
    assert dumps(demo) == []
    await patient.get_by_role("button", name="同意录像").click()
    await _mark(tabs, there=True)
    await soon(lambda: len(dumps(demo)) == 6)
    for seat, visit in tabs.items():
        await assert_readable(visit.page)
        await picture(visit.page, f"recording-{seat}")
    await _goes_on_when_the_media_process_dies(tabs, demo)
    await patient.get_by_role("button", name="停止录像").click()
    await _mark(tabs, there=False)
    for visit in tabs.values():
        await expect(visit.page.get_by_text("有人要求停止,录像已停")).to_be_visible()
    await all_meet(tabs, MEET_S)
    await soon(lambda: not dumps(demo))
    await soon(lambda: "call.recording.stored" in case.timeline())
    await _played_back(tabs["expert"], case)
    await _one_no_is_enough(tabs, demo)
    assert [trouble for visit in tabs.values() for trouble in visit.troubles] == []
    for visit in tabs.values():
        await visit.page.get_by_role("button", name="退出").click()


async def _all_are_asked(tabs: dict[str, Visit], demo: Demo) -> None:
    await _mark(tabs, there=False)
    await tabs["village_doctor"].page.get_by_role("button", name="录像").click()
    for seat in ("patient", "expert"):
        page = tabs[seat].page
        await expect(page.get_by_text("村医想录下这次视频")).to_be_visible()
        await assert_readable(page)
        await picture(page, f"recording-asked-{seat}")
    assert dumps(demo) == []


async def _mark(tabs: dict[str, Visit], *, there: bool) -> None:
    for visit in tabs.values():
        await expect(visit.page.locator(".recording-mark")).to_have_count(1 if there else 0)
        if there:
            await expect(visit.page.locator(".recording-mark")).to_be_visible()
            await expect(visit.page.locator(".recording-mark")).to_have_text("● 正在录像")


async def _goes_on_when_the_media_process_dies(tabs: dict[str, Visit], demo: Demo) -> None:
    await asyncio.sleep(2)
    before = dumps(demo)
    demo.kill("media")
    await expect(tabs["patient"].page.locator(".call-line")).to_contain_text("自动重连")
    await _mark(tabs, there=True)
    await asyncio.to_thread(demo.wait_serving, "media")
    await all_meet(tabs, MEET_S)
    await soon(lambda: len(set(dumps(demo)) - set(before)) == 6)
    await asyncio.sleep(2)


async def _played_back(visit: Visit, case: Case) -> None:
    headers = case.people["expert"].headers
    address = f"{case.people['expert'].base_url}/v1/consultations/{case.consultation_id}/recordings"
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        (recording,) = (await client.get(address)).json()["recordings"]
        assert recording["state"] == "stored"
        assert recording["complete"] is False  # the media process was killed meanwhile
        files = {one["seat"]: one for one in recording["files"]}
        assert set(files) == set(SIZES)
        for one in files.values():
            whole = await client.get(f"{address}/{one['file_id']}")
            assert (whole.status_code, len(whole.content), whole.headers["content-type"]) == (200, one["size"], "video/webm")
            assert whole.headers["cache-control"] == "no-store"
            part = await client.get(f"{address}/{one['file_id']}", headers={"Range": "bytes=100-299"})
            assert (part.status_code, part.content) == (206, whole.content[100:300])
            assert part.headers["content-range"] == f"bytes 100-299/{one['size']}"
            assert (await client.get(f"{address}/{one['file_id']}", headers={"Range": f"bytes={one['size']}-"})).status_code == 416
            played = await visit.page.evaluate(_PLAYED, [base64.b64encode(whole.content).decode(), "video/webm"])
            assert played["frames"] >= 10
            assert abs(played["duration"] - one["length_ms"] / 1000) < 0.5
    async with httpx.AsyncClient(trust_env=False) as nobody:
        assert (await nobody.get(address)).status_code == 401


async def _one_no_is_enough(tabs: dict[str, Visit], demo: Demo) -> None:
    await tabs["expert"].page.get_by_role("button", name="录像").click()
    await tabs["village_doctor"].page.get_by_role("button", name="同意录像").click()
    await tabs["patient"].page.get_by_role("button", name="不同意").click()
    for visit in tabs.values():
        await expect(visit.page.get_by_text("有人不同意,没有录像")).to_be_visible()
    await _mark(tabs, there=False)
    assert dumps(demo) == []
