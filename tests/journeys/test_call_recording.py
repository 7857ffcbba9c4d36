"""Recording in real browsers: nothing before everybody's yes, a mark for everybody while it runs, stopped by anybody, played back by who may."""

# ruff: noqa: F811 - fixtures of the call pages

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.journeys.browser import PHONE, Visit, assert_readable
from tests.journeys.call_people import Case
from tests.journeys.test_call_pages import PICTURES, all_meet, camera_browser, case, contexts, picture, tab  # noqa: F401
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
MEET_S = 120
"""Three cameras in one browser: on a busy machine that takes its time."""
SIZES = {"patient": PHONE, "village_doctor": (1280, 800), "expert": (1280, 800)}


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
    await _goes_on_when_the_media_process_dies(tabs, demo, case)
    await patient.get_by_role("button", name="停止录像").click()
    await _mark(tabs, there=False)
    for visit in tabs.values():
        await expect(visit.page.get_by_text("有人要求停止,录像已停")).to_be_visible()
    await all_meet(tabs, MEET_S)
    await soon(lambda: not dumps(demo))
    await soon(lambda: "call.recording.stored" in case.timeline())
    lengths = await _given_out(case, demo)
    await _one_no_is_enough(tabs, demo)
    assert [trouble for visit in tabs.values() for trouble in visit.troubles] == []
    for visit in tabs.values():
        await visit.page.get_by_role("button", name="退出").click()
    await _watched_on_the_pages(tabs, case, demo, lengths)


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


async def _goes_on_when_the_media_process_dies(tabs: dict[str, Visit], demo: Demo, case: Case) -> None:
    await asyncio.sleep(2)
    before = dumps(demo)
    demo.kill("media")
    await expect(tabs["patient"].page.locator(".call-line")).to_contain_text("自动重连")
    await _mark(tabs, there=True)
    await asyncio.to_thread(demo.wait_serving, "media")
    await all_meet(tabs, MEET_S)
    await soon(lambda: len(set(dumps(demo)) - set(before)) == 6)
    _gives_an_opinion(case)
    await asyncio.sleep(3)


async def _given_out(case: Case, demo: Demo) -> list[float]:
    """What the API gives of it; how long each file is, in seconds, as they are listed."""
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
    async with httpx.AsyncClient(trust_env=False) as nobody:
        assert (await nobody.get(address)).status_code == 401
    before = _looks(demo)
    await _one_look(address, files["expert"], headers)
    assert before == -1 or _looks(demo) == before + 1
    return [one["length_ms"] / 1000 for one in recording["files"]]


async def _one_look(address: str, file: dict[str, Any], headers: dict[str, str]) -> None:
    """What a player asks for afterwards bears no token, only the cookie of this one file."""
    async with httpx.AsyncClient(trust_env=False) as player:
        place = f"{address}/{file['file_id']}"
        assert (await player.post(f"{place}/look", json={})).status_code == 401
        begun = await player.post(f"{place}/look", json={}, headers=headers)
        assert begun.status_code == 201, begun.text
        cookie = begun.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert f"path={httpx.URL(place).path.lower()}" in cookie
        for _ in range(3):
            part = await player.get(place, headers={"Range": "bytes=0-3"})
            assert (part.status_code, part.content) == (206, b"\x1a\x45\xdf\xa3")
        word = player.cookies["huizhen_look"]
        assert (await player.get(address, headers={"Cookie": f"huizhen_look={word}"})).status_code == 401
        player.cookies.clear()
        assert (await player.get(place, headers={"Cookie": f"huizhen_look={word[:-6]}AAAAAA"})).status_code == 401
        assert (await player.get(place)).status_code == 401


def _gives_an_opinion(case: Case) -> None:
    """A moment of the case that becomes a chapter."""
    body = {"assessment": "考虑心绞痛", "advice": "马上转院", "watch_for": "胸痛加重马上再呼叫", "confirm": True}
    answer = case.people["expert"].post(f"/v1/consultations/{case.consultation_id}/opinion", body)
    assert answer.status_code in (200, 201), answer.text


def _looks(demo: Demo) -> int:
    """Entries of looks at recordings. Of a house on MariaDB the API's answers are looked at alone."""
    file = demo.data_dir / "practice.sqlite3"
    if not file.exists():
        return -1
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as practice:
        return int(practice.execute("SELECT count(*) FROM audit_entry WHERE action = 'calls.play_recording' AND outcome = 'done'").fetchone()[0])


PLACES = {
    "patient": ("mini/#/consultation/{}", "recordings-360"), "village_doctor": ("doctor/cases/#/case/{}", ""),
    "expert": ("desk/#/case/{}", "recordings-1280"),
}  # fmt: skip
"""Where each looks at the case, and how the picture of it is called where it is played as well."""
_POSITIONS = """all => all.map((one) => ({
  at: one.currentTime, width: one.videoWidth, duration: one.duration, frames: one.getVideoPlaybackQuality().totalVideoFrames,
}))"""


async def _watched_on_the_pages(tabs: dict[str, Visit], case: Case, demo: Demo, lengths: list[float]) -> None:
    """By everybody where he looks at the case. The list alone is no look; one playing is one look at each seat, however often the player asks."""
    for seat, (path, name) in PLACES.items():
        before = _looks(demo)
        page = await tabs[seat].page.context.new_page()
        page.set_default_timeout(MEET_S * 1000)
        size = (1280, 800) if seat == "expert" else PHONE
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        troubles: list[str] = []
        page.on("pageerror", lambda error, told=troubles: told.append(str(error)))
        pieces: list[str] = []
        page.on("request", lambda request, told=pieces: told.append(request.url))
        await page.goto(f"{demo.base_url}/phone/{case.people[seat].key}/h5/{path.format(case.consultation_id)}")
        section = page.get_by_role("region", name="录像")
        await expect(section.get_by_role("button", name="播放")).to_have_count(1)
        await section.evaluate("section => section.scrollIntoView({ block: 'center' })")
        await assert_readable(page)
        assert not [one for one in pieces if re.search("/recordings/.", one)]
        assert _looks(demo) == before
        if name:
            await kept(page, name)
            await _played(page, lengths, name)
            assert before == -1 or _looks(demo) == before + 3
        assert troubles == []
        await page.close()


async def _played(page: Page, lengths: list[float], name: str) -> None:
    await page.get_by_role("region", name="录像").get_by_role("button", name="播放").click()
    videos = page.locator("dialog video")
    first = await _until(videos, lambda all_: len(all_) == 3 and all(one["width"] > 0 and one["at"] > 0.3 and one["frames"] >= 10 for one in all_))
    assert all(abs(one["duration"] - length) < 0.5 for one, length in zip(first, lengths, strict=True)), (first, lengths)
    await _until(videos, lambda all_: all(now["at"] > then["at"] + 0.3 for now, then in zip(all_, first, strict=True)))
    await page.get_by_role("button", name="暂停").click()
    chapter = page.get_by_role("button", name="专家意见")
    minutes, seconds = (await chapter.text_content() or "").split(" ")[0].split(":")
    await chapter.click()
    wanted = int(minutes) * 60 + int(seconds)
    found = await _until(videos, lambda all_: all(abs(one["at"] - wanted) < 1.1 for one in all_))
    assert max(one["at"] for one in found) - min(one["at"] for one in found) < 0.2
    await assert_readable(page)
    await kept(page, name.replace("recordings", "recordings-playing"))
    # The moment lies beyond the gap that the dead media process left.
    await page.locator(".player-toggle").click()
    await _until(videos, lambda all_: all(one["at"] > wanted + 1.2 for one in all_))
    await page.get_by_role("button", name="关闭").click()
    await expect(videos).to_have_count(0)


async def _until(videos: Locator, condition: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    async with asyncio.timeout(MEET_S):
        while True:
            found: list[dict[str, Any]] = await videos.evaluate_all(_POSITIONS)
            if condition(found):
                return found
            await asyncio.sleep(0.2)


async def kept(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


async def _one_no_is_enough(tabs: dict[str, Visit], demo: Demo) -> None:
    await tabs["expert"].page.get_by_role("button", name="录像").click()
    await tabs["village_doctor"].page.get_by_role("button", name="同意录像").click()
    await tabs["patient"].page.get_by_role("button", name="不同意").click()
    for visit in tabs.values():
        await expect(visit.page.get_by_text("有人不同意,没有录像")).to_be_visible()
    await _mark(tabs, there=False)
    assert dumps(demo) == []
