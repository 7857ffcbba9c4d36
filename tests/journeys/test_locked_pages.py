"""A record that its person had locked, on the village doctor's list and its page, and how it is used again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import PHONE, Visiting, assert_at_home, assert_readable
from tests.journeys.people import Somebody, roster, sign_in
from tests.support.demo import Demo

pytestmark = pytest.mark.browser
WIDE = {"width": 1280, "height": 900}
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")


def locked_by_himself(demo: Demo) -> tuple[Somebody, dict[str, Any]]:
    """A doctor, and a patient of hers who was followed once, so that a law keeps his record, and has it erased as far as that goes."""
    doctor = sign_in(demo, [one for one in roster(demo) if one["role"] == "village_doctor"][10])
    named = {one["name"]: one for one in roster(demo) if one["role"] == "patient"}
    patient = next(one for one in reversed(doctor.get("/v1/patient-list").json()["patients"]) if one["full_name"] in named)
    himself = sign_in(demo, named[patient["full_name"]])
    path = f"/v1/patients/{patient['patient_id']}"
    started = doctor.post(f"{path}/plans", {"template": "hypertension"})
    assert started.status_code == 201, started.text
    ended = doctor.post(f"/v1/plans/{started.json()['plan_id']}/end", {"reason": "finished"})
    assert ended.status_code in (200, 201), ended.text
    erased = himself.post("/v1/erasure", {"patient_id": patient["patient_id"], "confirm": True})
    assert erased.status_code in (200, 201), erased.text
    assert erased.json()["state"] == "done"
    return doctor, patient


async def both_sizes(page: Page, name: str) -> None:
    """Nothing is loaded anew: the same page, on a phone and on a desk."""
    for size in ({"width": PHONE[0], "height": PHONE[1]}, WIDE):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await assert_readable(page)
        if PICTURES:
            await page.screenshot(path=str(Path(PICTURES) / f"{name}-{size['width']}.png"), full_page=True)


async def test_a_locked_record_says_so_and_is_used_again_when_its_person_wants_it(visiting: Visiting, running_demo_house: Demo) -> None:
    doctor, patient = locked_by_himself(running_demo_house)
    listed = doctor.get("/v1/patient-list").json()
    assert [one["patient_id"] for one in listed["locked"]] == [patient["patient_id"]]
    visit = await visiting(f"{running_demo_house.base_url}/phone/{doctor.key}/h5/doctor/", PHONE)
    page = visit.page
    line = page.get_by_role("link", name="已按本人要求锁定")
    await expect(line).to_be_visible()
    await expect(page.get_by_text(patient["full_name"])).to_have_count(0)
    await expect(page.get_by_text("没有列出")).to_have_count(0)
    await both_sizes(page, "locked-list")
    await line.click()
    await expect(page.get_by_text("只保存、不使用")).to_be_visible()
    # As the chat links to it, where 会诊 met the lock.
    await page.goto(f"{running_demo_house.base_url}/phone/{doctor.key}/h5/doctor/patient/{patient['patient_id']}/")
    await expect(page.get_by_text("只保存、不使用")).to_be_visible()
    await expect(page.get_by_text("没有列出")).to_have_count(0)
    await expect(page.get_by_text(patient["full_name"])).to_have_count(0)
    await both_sizes(page, "locked-page")
    await page.get_by_role("button", name="本人要求恢复使用").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("在您面前")
    await dialog.get_by_role("button", name="先不").click()
    await expect(page.get_by_role("button", name="本人要求恢复使用")).to_be_visible()
    await page.get_by_role("button", name="本人要求恢复使用").click()
    await dialog.get_by_role("button", name="本人在场,恢复使用").click()
    await expect(page.get_by_text("病历已恢复使用")).to_be_visible()
    await expect(page.get_by_text(patient["full_name"]).first).to_be_visible()
    await expect(page.get_by_role("button", name="为这位病人请会诊")).to_be_visible()
    await both_sizes(page, "unlocked-page")
    assert doctor.get("/v1/patient-list").json()["locked"] == []
    await assert_at_home(visit, running_demo_house.base_url)
