"""Files and images in a real browser: a link that is cut in the middle, a page that is loaded anew in the middle, and the image on the screen."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import CDPSession, Error, Locator, Page, Route, expect

from tests.journeys.browser import PHONE, Visit, Visiting, assert_readable
from tests.journeys.people import Somebody
from tests.journeys.test_doctor_pages import free_doctor
from tests.media.test_check import named, small_ct
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

WIDE = (1280, 900)
SLOW = 60_000
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""A folder to leave pictures of the pages in."""
THIN = 400_000
"""Bytes a second of the thin link."""


@dataclass
class Stage:
    page: Page
    doctor: Somebody
    consultation_id: str
    visit: Visit

    @property
    def needs(self) -> Locator:
        return self.page.locator("[data-part=needs]")

    def upload(self, data: bytes) -> None:
        address = f"{self.doctor.base_url}/v1/consultations/{self.consultation_id}/images"
        answer = httpx.post(address, content=data, headers=self.doctor.headers, timeout=60, trust_env=False)
        assert answer.status_code == 201, answer.text

    def images(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.doctor.get(f"/v1/consultations/{self.consultation_id}/images").json()["images"]
        return listed


async def open_case(visiting: Visiting, demo: Demo, size: tuple[int, int] = PHONE) -> Stage:
    """A village doctor's case that lacks its image, open on her phone."""
    doctor = free_doctor(demo)
    number = doctor.patients[0]["number"]
    answer = doctor.api.post("/v1/commands", {"text": f"会诊 {number}号 咳嗽三天 发热"})
    assert answer.status_code < 300, answer.text
    (case,) = doctor.api.get("/v1/consultations").json()["consultations"]
    visit = await visiting(f"{demo.base_url}/phone/{doctor.person['key']}/h5/doctor/cases/", size)
    await visit.page.get_by_role("link", name="打开会诊").click()
    stage = Stage(visit.page, doctor.api, case["consultation_id"], visit)
    await expect(stage.needs).to_contain_text("还差")
    return stage


async def line(page: Page) -> CDPSession:
    """The phone's radio, as Chromium plays it."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    return session


async def carries(session: CDPSession, speed: int, *, offline: bool = False) -> None:
    condition = {"offline": offline, "latency": 40, "downloadThroughput": speed, "uploadThroughput": speed}
    await session.send("Network.emulateNetworkConditions", condition)


def ct_file(folder: Path, seed: int) -> Path:
    path = folder / "CT-0001.dcm"
    path.write_bytes(small_ct(
        SOPInstanceUID=f"2.25.{seed}", Rows=1100, Columns=1100, BitsStored=16, HighBit=15, PixelData=random.Random(seed).randbytes(2 * 1100 * 1100)
    ))
    return path


async def test_a_cut_line_costs_nothing_and_a_new_page_goes_on(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    stage = await open_case(visiting, running_demo_house)
    page, needs = stage.page, stage.needs
    path = ct_file(tmp_path, random.Random(str(tmp_path)).getrandbits(80))
    offsets: list[int] = []
    page.on("request", lambda one: offsets.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)

    radio = await line(page)
    await carries(radio, THIN)
    await needs.locator("input[type=file]").last.set_input_files(path)
    await expect(needs.locator("progress")).to_be_visible()
    await expect(needs).to_contain_text(re.compile(r"[1-9]\d?%.* / 2\.3 MB"), timeout=SLOW)
    await assert_readable(page)
    await keep(page, "uploads-360")
    await carries(radio, THIN, offline=True)
    await expect(needs).to_contain_text("有信号会自动接着传", timeout=SLOW)
    await assert_readable(page)
    await carries(radio, THIN)
    before = len(offsets)
    for _ in range(120):
        if len(offsets) > before and max(offsets) > 0:
            break
        await page.wait_for_timeout(250)
    assert max(offsets) > 0

    await page.reload()
    radio = await line(page)
    await carries(radio, 10 * THIN)
    await expect(needs).to_contain_text("请再选一次同一个文件", timeout=SLOW)
    come = int(re.search(r"从 (\d+)% 接着传", await needs.inner_text()).group(1))  # type: ignore[union-attr]
    assert come > 0
    await assert_readable(page)
    await keep(page, "uploads-left-360")
    other = tmp_path / "other.dcm"
    other.write_bytes(small_ct())
    again = needs.get_by_label("再选同一个文件")
    await again.set_input_files(other)
    await expect(needs).to_contain_text("这不是上次那个文件")
    offsets.clear()
    await again.set_input_files(path)
    await expect(needs).to_contain_text("影像已收下", timeout=SLOW)
    assert min(offsets) >= path.stat().st_size * come // 100
    assert len(stage.images()) == 1
    stored = await page.evaluate("JSON.stringify({...localStorage})")
    assert "CT-0001" not in stored
    assert stage.consultation_id not in stored

    await needs.locator("input[type=file]").last.set_input_files(path)
    await expect(needs.locator(".done-line", has_text="影像已收下")).to_have_count(2, timeout=SLOW)
    assert len(stage.images()) == 1


async def test_a_connection_that_died_in_a_sleep_is_given_up_and_the_file_goes_on(
    visiting: Visiting, running_demo_house: Demo, tmp_path: Path
) -> None:
    """Half dead: nothing comes back and nothing ends. The phone's own clock tells, and who looks at the page again does not wait."""
    stage = await open_case(visiting, running_demo_house)
    page, needs = stage.page, stage.needs
    await page.clock.install()
    swallowed, woken = asyncio.Event(), asyncio.Event()
    sent: list[str] = []

    async def half_dead(route: Route) -> None:
        sent.append(route.request.method)
        if route.request.method == "PATCH" and not woken.is_set():
            swallowed.set()
            await woken.wait()
            with contextlib.suppress(Error):  # the page has given it up long before
                await route.abort()
            return
        await route.continue_()

    await page.route("**/v1/uploads/*", half_dead)
    await needs.locator("input[type=file]").last.set_input_files(ct_file(tmp_path, random.Random(str(tmp_path)).getrandbits(80)))
    await asyncio.wait_for(swallowed.wait(), SLOW / 1000)
    await page.clock.fast_forward(26_000)
    await expect(needs).to_contain_text("有信号会自动接着传", timeout=SLOW)
    woken.set()
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(needs).to_contain_text("影像已收下", timeout=SLOW)
    assert "HEAD" in sent, "it asks first how much has come"
    assert len(stage.images()) == 1


async def test_an_upload_can_be_called_off_and_several_go_one_after_another(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    stage = await open_case(visiting, running_demo_house, WIDE)
    page, needs = stage.page, stage.needs
    seed = random.Random(str(tmp_path)).getrandbits(80)
    radio = await line(page)
    await carries(radio, THIN // 4)
    small = tmp_path / "small.dcm"
    small.write_bytes(small_ct(SOPInstanceUID=f"2.25.{seed + 1}"))
    await needs.locator("input[type=file]").last.set_input_files([ct_file(tmp_path, seed), small])
    await expect(needs).to_contain_text("等着传")
    await expect(needs.get_by_text("/ 2.3 MB")).to_be_visible()
    await expect(needs.locator("progress").first).to_be_visible()
    await assert_readable(page)
    await keep(page, "uploads-1280")
    await needs.get_by_role("button", name="不传了").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="不传了").click()
    await carries(radio, 10 * THIN)
    await expect(needs).to_contain_text("影像已收下", timeout=SLOW)
    await expect(needs.get_by_text("CT-0001.dcm")).to_have_count(0)
    assert [image["rows"] for image in stage.images()] == [8]


async def test_a_lost_sign_in_and_a_practice_that_is_away_forget_no_file(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    stage = await open_case(visiting, running_demo_house)
    page, needs = stage.page, stage.needs
    path = ct_file(tmp_path, random.Random(str(tmp_path)).getrandbits(80))
    answers = [401]

    async def refuse(route: Route) -> None:
        begins = route.request.method == "PATCH" and route.request.headers["upload-offset"] == "0"
        await (route.continue_() if begins or route.request.method == "GET" else route.fulfill(status=answers[-1]))

    await page.route("**/v1/uploads/*", refuse)
    await needs.locator("input[type=file]").last.set_input_files(path)
    await expect(needs).to_contain_text("登录过期了", timeout=SLOW)
    for status in (401, 403, 503):
        answers.append(status)
        await page.reload()
        await expect(needs).to_contain_text("请再选一次同一个文件", timeout=SLOW)

    await page.unroute("**/v1/uploads/*", refuse)
    await needs.get_by_label("再选同一个文件").set_input_files(path)
    await expect(needs).to_contain_text("影像已收下", timeout=SLOW)
    assert len(stage.images()) == 1


async def test_the_browser_and_the_practice_name_content_alike(visiting: Visiting, running_demo_house: Demo) -> None:
    stage = await open_case(visiting, running_demo_house)
    texts = [b"", b"abc", bytes(range(256)) * 9, b"x" * 55, b"x" * 56, b"x" * 64, random.Random(1).randbytes(100_001)]
    script = """async (texts) => {
      const { Sha256, hex, sha256OfFile } = await import(new URL("../../shared/sha256.js", location.href.replace(/#.*/, "")));
      const found = [];
      for (const text of texts) {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const digest = new Sha256();
        for (let at = 0; at < bytes.length; at += 37) digest.update(bytes.subarray(at, at + 37));
        const native = crypto.subtle ? hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))) : null;
        found.push([hex(digest.digest()), await sha256OfFile(new Blob([bytes])), native]);
      }
      return found;
    }"""
    found = await stage.page.evaluate(script, [base64.b64encode(text).decode() for text in texts])
    for text, names in zip(texts, found, strict=True):
        assert set(names) - {None} == {hashlib.sha256(text).hexdigest()}


async def test_the_image_on_the_screen(visiting: Visiting, running_demo_house: Demo, tmp_path: Path) -> None:
    """Small pictures in a row, one over the whole screen: windows, frames, larger and smaller, without a network, away."""
    stage = await open_case(visiting, running_demo_house)
    page = stage.page
    for name in ("693_J2KI.dcm", "examples_ybr_color.dcm"):
        stage.upload(unique(named(name), str(tmp_path)))
    await page.reload()
    thumbs = page.locator(".images-item")
    await expect(thumbs).to_have_count(2)
    await thumbs.first.scroll_into_view_if_needed()
    await expect(thumbs.first.locator("img")).to_be_visible(timeout=SLOW)
    await expect(thumbs.nth(1).locator("img")).to_be_visible(timeout=SLOW)
    await assert_readable(page)
    await keep(page, "images-strip-360")

    await thumbs.first.click()
    viewer = page.get_by_role("dialog")
    picture = viewer.locator("img")
    await expect(picture).to_be_visible(timeout=SLOW)
    await expect(viewer).to_contain_text("供参考,不作诊断显示器用")
    await assert_readable(page)
    first = await picture.get_attribute("src")
    await viewer.get_by_role("button", name="骨窗").click()
    await expect(viewer.get_by_role("button", name="骨窗")).to_have_attribute("aria-pressed", "true")
    await expect(picture).not_to_have_attribute("src", first or "", timeout=SLOW)
    await keep(page, "images-360")
    await page.keyboard.press("+")
    await expect(picture).to_have_attribute("style", re.compile("scale\\(1\\.25\\)"))
    await viewer.locator(".viewer-stage").dblclick()
    await expect(picture).to_have_attribute("style", re.compile("scale\\(1\\)"))

    await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    await viewer.get_by_role("button", name="下一份").click()
    await expect(viewer).to_contain_text("第 1 / 30 帧")
    await expect(picture).to_be_visible(timeout=SLOW)
    stood = await viewer.locator(".viewer-stage").bounding_box()
    assert stood is not None
    x, y = stood["x"] + stood["width"] / 2, stood["y"] + stood["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + 75, steps=3)
    await page.mouse.up()
    await expect(viewer).to_contain_text("第 6 / 30 帧")
    await expect(picture).to_have_attribute("alt", re.compile("第 6 帧"), timeout=SLOW)
    await viewer.locator(".viewer-stage").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(picture).to_have_attribute("alt", re.compile("第 5 帧"), timeout=SLOW)
    await assert_readable(page)
    await keep(page, "images-1280")

    await page.context.set_offline(True)
    await page.keyboard.press("End")
    await expect(viewer.get_by_role("alert")).to_contain_text("网络断了", timeout=SLOW)
    await assert_readable(page)
    await page.context.set_offline(False)
    await viewer.get_by_role("button", name="再试").click()
    await expect(picture).to_have_attribute("alt", re.compile("第 30 帧"), timeout=SLOW)
    await viewer.get_by_role("button", name="关闭").click()
    await expect(viewer).to_have_count(0)
    await expect(thumbs.first).to_be_focused()


def unique(data: bytes, seed: str) -> bytes:
    """The same image under UIDs of its own: another test of this house may have sent it for another patient."""
    from io import BytesIO

    import pydicom

    dataset = pydicom.dcmread(BytesIO(data))
    number = random.Random(seed + str(dataset.SOPInstanceUID)).getrandbits(90)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.{number}"
    file = BytesIO()
    dataset.save_as(file)
    return file.getvalue()


async def keep(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")
