"""The form of the safety facts in a real browser: what another recorded meanwhile is not overwritten, and after the end it is there still."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.journeys.browser import PHONE, Visiting, assert_at_home, assert_readable
from tests.journeys.medicine_people import open_treatment
from tests.journeys.people import roster
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

DOCTOR = 3
SLOW = 30_000


@pytest.mark.parametrize("size", [PHONE, (1280, 900)], ids=["360", "1280"])
async def test_what_another_recorded_meanwhile_is_not_overwritten(visiting: Visiting, running_demo_house: Demo, size: tuple[int, int]) -> None:
    demo = running_demo_house
    treatment = open_treatment(demo, "proposed", doctor_index=DOCTOR + (size != PHONE))
    case = treatment.case.consultation_id
    over = treatment.doctor.post(f"/v1/consultations/{case}/complete", {"without": "急救在先"})
    assert over.status_code == 200, over.text
    doctor = [person for person in roster(demo) if person["role"] == "village_doctor"][DOCTOR + (size != PHONE)]
    visit = await visiting(f"{demo.base_url}/phone/{doctor['key']}/h5/doctor/cases/case/{case}/", size)
    form = visit.page.locator("[data-part=facts]")
    await form.get_by_text("记录、修改").click(timeout=SLOW)
    await expect(form.get_by_label("收缩压")).to_have_value("130")
    await form.get_by_label("收缩压").fill("142")

    treatment.record_facts(allergies=["penicillin"])
    await form.get_by_role("button", name="存好").click()
    await expect(form.get_by_role("alert").or_(form.get_by_role("status")).filter(has_text="刚刚有人记录过")).to_be_in_viewport(timeout=SLOW)
    await expect(form.get_by_label("青霉素类")).to_be_checked()
    await expect(form.get_by_label("收缩压")).to_have_value("130")
    await assert_readable(visit.page)
    await form.get_by_label("收缩压").fill("142")
    await form.get_by_role("button", name="存好").click()
    await expect(visit.page.get_by_role("status").filter(has_text="存好了")).to_be_visible(timeout=SLOW)
    known = treatment.doctor.get(f"/v1/consultations/{case}/safety-facts").json()["recorded"]
    assert (known["allergies"], known["systolic"]) == (["penicillin"], "142")
    await assert_at_home(visit, demo.base_url)
