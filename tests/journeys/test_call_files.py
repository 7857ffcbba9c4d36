"""A photo or a file out of the call, in real browsers: sent over a line that breaks, part of the case, and opened by everybody in the room."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image as PilImage
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.journeys.browser import PHONE, Visit, assert_readable
from tests.journeys.call_people import Case, open_case
from tests.journeys.test_call_pages import SLOW, camera_browser, contexts, picture, tab
from tests.journeys.test_call_rooms import join, more
from tests.journeys.test_upload_pages import THIN, carries, line
from tests.media.test_check import small_ct
from tests.support.demo import Demo

__all__ = ["camera_browser", "contexts"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def case(running_demo_house: Demo) -> Case:
    return open_case(running_demo_house, doctor_index=4)


def noise(folder: Path, name: str, side: int) -> Path:
    """A photo that no codec makes small."""
    made = io.BytesIO()
    PilImage.frombytes("RGB", (side, side), random.Random(f"{folder}{name}").randbytes(3 * side * side)).save(made, "JPEG", quality=90)
    (folder / name).write_bytes(made.getvalue())
    return folder / name


async def looks_at_last(visit: Visit, of: int) -> None:
    """The last picture stands on the stage by itself, and everything sent so far can be opened from the chat."""
    page = visit.page
    await _on_stage(page)
    await more(page, "写字")
    shown = page.get_by_role("button", name="看这张图")
    await expect(shown).to_have_count(of, timeout=SLOW)
    await shown.last.click()
    await _on_stage(page)


async def _on_stage(page: Page) -> None:
    """There is a picture on the stage; it is looked at and put away."""
    image = page.get_by_role("figure", name="大家在看的图")
    drawn = image.locator("img")
    await expect(drawn).to_be_visible(timeout=SLOW)
    assert await drawn.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 0
    await image.get_by_role("button", name="收起图").click()
    await expect(image).to_have_count(0)


async def _looks_closely(visit: Visit) -> None:
    """From the stage to the viewer, with its windows, and back."""
    page = visit.page
    image = page.get_by_role("figure", name="大家在看的图")
    await expect(image.locator("img")).to_be_visible(timeout=SLOW)
    await assert_readable(page)
    await image.get_by_role("button", name="细看").click()
    viewer = page.get_by_role("dialog", name="影像")
    await expect(viewer.locator(".viewer-picture")).to_be_visible(timeout=SLOW)
    await expect(viewer.get_by_role("group", name="窗").get_by_role("button").first).to_be_visible()
    await viewer.get_by_role("button", name="关闭").click()
    await expect(image).to_be_visible()


async def test_what_is_sent_from_the_call_is_part_of_the_case_and_seen_by_everybody(
    camera_browser: Browser, contexts: list[BrowserContext], running_demo_house: Demo, case: Case, tmp_path: Path
) -> None:
    sizes = {"patient": PHONE, "village_doctor": (1280, 800), "expert": (1280, 800)}
    tabs = {seat: await tab(camera_browser, contexts, running_demo_house, case, seat, size) for seat, size in sizes.items()}
    for visit in tabs.values():
        await join(visit)
        await more(visit.page, "写字")
    patient = tabs["patient"].page

    # The patient's photo over a line that is cut in the middle.
    offer = patient.locator(".sending")
    await expect(offer.get_by_text("传照片给大家看")).to_be_visible()
    await assert_readable(patient)
    radio = await line(patient)
    await carries(radio, THIN // 4)
    await offer.locator("input[type=file]").set_input_files(noise(tmp_path, "leg.jpg", 700))
    await expect(offer.locator("progress")).to_be_visible()
    await offer.scroll_into_view_if_needed()
    await assert_readable(patient)
    await picture(patient, "file-360")
    await carries(radio, THIN // 4, offline=True)
    await expect(offer).to_contain_text("有信号会自动接着传", timeout=SLOW)
    await picture(patient, "file-cut-360")
    await carries(radio, -1)
    await expect(offer).to_contain_text("照片已收下", timeout=SLOW)
    await expect(patient.get_by_role("figure", name="大家在看的图").locator("img")).to_be_visible(timeout=SLOW)
    await assert_readable(patient)
    await picture(patient, "discussed-360")
    for visit in tabs.values():
        await looks_at_last(visit, 1)

    # What is no photo is refused with what to do, and shown to nobody.
    await more(patient, "写字")
    wrong = tmp_path / "letter.jpg"
    wrong.write_bytes(b"no photo" * 400)
    await offer.locator("input[type=file]").set_input_files(wrong)
    await expect(offer.get_by_role("alert")).to_contain_text("请拍照片", timeout=SLOW)
    await assert_readable(patient)
    await picture(patient, "file-refused-360")

    # The expert's photo, and the village doctor's image from a device.
    await tabs["expert"].page.locator(".sending input[type=file]").set_input_files(noise(tmp_path, "drawing.jpg", 60))
    for visit in tabs.values():
        await looks_at_last(visit, 2)
    scan = tmp_path / "CT-0002.dcm"
    scan.write_bytes(small_ct(SOPInstanceUID=f"2.25.{random.Random(str(tmp_path)).getrandbits(90)}"))
    await tabs["village_doctor"].page.locator(".sending input[type=file]").set_input_files(scan)
    await _looks_closely(tabs["patient"])
    await _looks_closely(tabs["expert"])
    for visit in tabs.values():
        await looks_at_last(visit, 3)
    listed = case.people["village_doctor"].get(f"/v1/consultations/{case.consultation_id}/images").json()["images"]
    assert [one["sent_by"] for one in listed][-3:] == ["patient", "expert", "village_doctor"]
    assert [trouble for visit in tabs.values() for trouble in visit.troubles] == []
    for visit in tabs.values():
        await visit.page.get_by_role("button", name="退出").click()
