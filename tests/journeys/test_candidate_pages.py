"""Candidate diseases in a real browser: village doctor and expert read one list with its picture, add values; a coded diagnosis is signed."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.journeys.browser import PHONE, Visiting, assert_readable
from tests.journeys.people import Somebody, sign_in
from tests.journeys.test_desk_pages import people
from tests.support.demo import Demo

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""A folder to keep pictures of the pages in."""
WIDE = (1280, 900)
SLOW = 60_000
LINE = "咳嗽五天 发烧39.2度 咳黄痰 呼吸28次 血氧93 紧急"


def ask_for_an_expert(demo: Demo) -> tuple[dict[str, Any], Somebody, Somebody, dict[str, Any]]:
    """A village doctor without a case asks about a grown-up patient of hers who has WeChat; she, signed in, the patient, where it stands."""
    named = {person["name"]: person for person in people(demo, "patient") if person.get("official_account_openid")}
    person, doctor, patient = next(
        (person, doctor, patient)
        for person in people(demo, "village_doctor") for doctor in (sign_in(demo, person),)
        if not doctor.get("/v1/consultations").json()["consultations"]
        for patient in doctor.get("/v1/patient-list").json()["patients"] if patient["full_name"] in named
    )
    said = doctor.post("/v1/commands", {"text": f"会诊 {patient['number']}号 {LINE}"})
    assert said.status_code == 200, said.text
    status = doctor.get("/v1/consultations").json()["consultations"][0]
    return person, doctor, sign_in(demo, named[patient["full_name"]]), status


def taken_by(demo: Demo, consultation_id: str) -> dict[str, Any]:
    """One of those who are asked takes it, in time. Some experts of the demonstration may not: their licence has run out."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for person in people(demo, "expert"):
            expert = sign_in(demo, person)
            offers = expert.get("/v1/offers").json().get("offers", [])
            offer_id = next((one["offer_id"] for one in offers if one["consultation_id"] == consultation_id), None)
            if offer_id is not None and expert.post(f"/v1/offers/{offer_id}/accept", {}).status_code == 200:
                return person
        time.sleep(0.5)
    raise AssertionError("every invitation ran out before it was taken")


async def pictured(page: Page, place: Locator, name: str) -> None:
    if PICTURES:
        await place.scroll_into_view_if_needed()
        await place.evaluate("element => scrollTo(0, element.getBoundingClientRect().top + scrollY - 8)")
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def test_one_list_for_those_who_treat_and_a_coded_diagnosis_signed(visiting: Visiting, running_demo_house: Demo) -> None:
    demo = running_demo_house
    person, doctor, patient, asked = ask_for_an_expert(demo)
    consultation_id = asked["consultation_id"]
    assert patient.get(f"/v1/consultations/{consultation_id}/candidates").status_code == 403

    # The village doctor, on her phone: ranked, in words and fields, no percentages, marked as not reviewed.
    page = (await visiting(f"{demo.base_url}/phone/{person['key']}/h5/doctor/cases/case/{consultation_id}/", PHONE)).page
    part = page.get_by_role("region", name="候选诊断")
    first = part.locator(".cand-one").first
    await expect(first).to_contain_text("肺炎", timeout=SLOW)
    await expect(part).to_contain_text("演示·未经临床审定")
    await expect(part).to_contain_text(re.compile(r"模型 candidates-\S+ diseases-\S+"))
    assert await part.locator(".cand-one").count() <= 5
    assert not re.search(r"\d\s*%", "".join(await part.locator("summary").all_inner_texts()))
    await first.locator("summary").first.click()
    await expect(first).to_contain_text("支持:")
    await expect(first).to_contain_text("出处:")
    await expect(first).to_contain_text("先排除:")
    await expect(first).to_contain_text("这里能查:")
    await assert_readable(page)
    await pictured(page, part, "candidates-village-360")

    # What was found since then is added, and the list follows.
    await part.get_by_text("补化验和查体").click()
    first_fields = part.get_by_role("group", name="这次先看这几样")
    await expect(first_fields.get_by_label("C 反应蛋白")).to_be_visible()
    await expect(first_fields.get_by_label("肺部湿啰音")).to_be_visible()
    await expect(part.get_by_label("糖化血红蛋白")).to_be_hidden()
    await expect(part.get_by_label("体温")).to_be_hidden()  # it was told, and speaks for the first
    await part.get_by_text("血糖(").first.click()
    await expect(part.get_by_label("糖化血红蛋白")).to_be_visible()
    await part.get_by_text("血糖(").first.click()
    await part.get_by_label("C 反应蛋白").fill("9000")
    await part.get_by_role("button", name="存好,重新排").click()
    await expect(part.get_by_role("alert").filter(has_text="C 反应蛋白应在")).to_be_visible()
    await part.get_by_label("C 反应蛋白").fill("140")
    await part.get_by_label("肺部湿啰音").select_option("1")
    await assert_readable(page)
    await pictured(page, part.locator("form"), "candidates-values-360")
    await part.get_by_role("button", name="存好,重新排").click()
    await expect(first).to_contain_text("很可能", timeout=SLOW)
    await expect(first).to_contain_text("湿啰音")

    # The expert, on a desk: the same list; one is taken over as a diagnosis, one is looked up, one written in words.
    who = taken_by(demo, consultation_id)
    wide = (await visiting(f"{demo.base_url}/phone/{who['key']}/h5/desk/case/{consultation_id}/", WIDE)).page
    listed = wide.get_by_role("region", name="候选诊断")
    leading = listed.locator(".cand-one").first
    await expect(leading).to_contain_text("很可能", timeout=SLOW)
    await leading.locator("summary").first.click()
    await pictured(wide, listed, "candidates-desk-1280")
    await leading.get_by_role("button", name="写进诊断").click()
    form = wide.locator("section", has=wide.get_by_role("heading", name="写意见"))
    await expect(form.locator(".dx-list li")).to_have_count(1)
    await form.get_by_label("诊断").fill("慢阻肺")
    await form.locator(".dx-found button").first.click()
    await form.get_by_label("诊断").fill("待排肺结核")
    await form.get_by_role("button", name="照写「待排肺结核」").click()
    await expect(form.locator(".dx-list li")).to_have_count(3)
    await form.locator(".dx-list li", has_text="慢").first.get_by_role("button").click()
    await form.get_by_label("建议").fill("先抗感染,两天后复诊。")
    await assert_readable(wide)
    await pictured(wide, form, "diagnoses-desk-1280")
    await form.get_by_role("button", name="签名").click()
    await wide.get_by_role("dialog").get_by_role("button", name="确认签名").click()
    opinion = wide.locator(".case-part", has_text="专家意见")
    await expect(opinion).to_contain_text("✓ 已签名", timeout=SLOW)
    await expect(opinion).to_contain_text("肺炎(社区获得性)(J18.9)、待排肺结核")

    # How it agreed is counted by version of the model, for who runs the house; nobody else reads it.
    administrator = sign_in(demo, people(demo, "administrator")[0])
    end = time.monotonic() + 60
    while True:
        (model,) = administrator.get("/v1/models").json()["models"]
        if model["seen"]["first"]["of"] or time.monotonic() > end:
            break
        await asyncio.sleep(0.5)
    assert (model["seen"]["first"]["count"], model["all"]["none"]["count"]) == (1, 0)
    assert model["uses"] >= 2
    assert doctor.get("/v1/models").status_code == 403

    for name, size in (("360", PHONE), ("1280", WIDE)):
        board = (await visiting(f"{demo.base_url}/phone/{people(demo, 'administrator')[0]['key']}/h5/staff/", size)).page
        figures = board.get_by_role("region", name="候选诊断的模型")
        await expect(figures).to_contain_text(re.compile(r"用了 \d+ 次"), timeout=SLOW)
        await expect(figures).to_contain_text("其中签名前看过单子的")
        await assert_readable(board)
        await pictured(board, figures, f"candidates-staff-{name}")

    small = (await visiting(f"{demo.base_url}/phone/{who['key']}/h5/desk/case/{consultation_id}/", PHONE)).page
    await expect(small.get_by_role("region", name="候选诊断").locator(".cand-one").first).to_be_visible(timeout=SLOW)
    await assert_readable(small)
    await pictured(small, small.get_by_role("region", name="候选诊断"), "candidates-desk-360")
