"""Only one may: two experts pressing 接诊 at once, two patients taking the last slot. 200 attempts from four processes over HTTP."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.journeys.people import Somebody, roster, sign_in
from tests.journeys.race import race
from tests.journeys.story.scene import GROUP
from tests.journeys.story.spine import somebodys_number
from tests.support.demo import Demo

pytestmark = pytest.mark.storage
ATTEMPTS = 200


def call_for_consultation(demo: Demo) -> None:
    """The second village doctor writes in the group about the first patient on her list."""
    doctor = [person for person in roster(demo) if person["role"] == "village_doctor"][1]
    number = sign_in(demo, doctor).get("/v1/patient-list").json()["patients"][0]["number"]
    address = f"{demo.base_url}/simulator/people/{doctor['key']}/chats/{GROUP}/messages"
    body = {"type": "text", "content": f"@会诊助手 会诊 {number}号 胸痛2小时 出冷汗 血压90/60 危急"}
    assert httpx.post(address, json=body, timeout=30, trust_env=False).status_code == 201


def newest(demo: Demo) -> dict[str, int]:
    """The number of the newest message in every expert's work chat."""
    people = httpx.get(f"{demo.base_url}/simulator/people", timeout=30, trust_env=False).json()["people"]
    found = {}
    for person in people:
        if person["role"] == "expert":
            last = next(chat["last"] for chat in person["chats"] if chat["id"] == "wecom_app")
            found[person["key"]] = last["seq"] if last else 0
    return found


def offered(demo: Demo, before: dict[str, int], at_least: int) -> list[tuple[Somebody, dict[str, Any]]]:
    """Who got a card since ``before``, with the open offer behind it."""
    people = {person["key"]: person for person in roster(demo)}
    asked: dict[str, Somebody] = {}
    for _ in range(150):
        for key, seq in newest(demo).items():
            if seq > before[key] and key not in asked:
                asked[key] = sign_in(demo, people[key])
        found = [(expert, offer) for expert in asked.values() for offer in expert.get("/v1/offers").json()["offers"] if offer["state"] == "offered"]
        if len(found) >= at_least:
            return found
        time.sleep(0.2)
    raise AssertionError(f"only {sorted(asked)} were asked")


def test_one_expert_takes_the_case_and_everybody_else_is_told_who(running_demo_house: Demo):
    demo = running_demo_house
    before = newest(demo)
    call_for_consultation(demo)
    asked = offered(demo, before, 3)
    assert len(asked) == 3
    requests = [
        {"url": f"{demo.base_url}/v1/offers/{offer['offer_id']}/accept", "token": expert.token, "body": None}
        for expert, offer in (asked[number % 3] for number in range(ATTEMPTS))
    ]
    answers = race(requests)

    assert len(answers) == ATTEMPTS
    assert {answer["status"] for answer in answers} <= {200, 409}
    states = {expert.key: expert.get(f"/v1/offers/{offer['offer_id']}").json() for expert, offer in asked}
    winners = [key for key, state in states.items() if state["state"] == "accepted"]
    assert len(winners) == 1
    refused = [answer["body"] for answer in answers if answer["status"] == 409]
    # The winner may press again and is told that it is his; the others are told who has it.
    assert refused
    assert {body["code"] for body in refused} <= {"offer.taken"}
    assert {body["fields"]["taker"] for body in refused} == {states[winners[0]]["taken_by"]}
    assert all("接诊" in body["detail"] for body in refused)


def test_one_patient_gets_the_last_slot_and_the_others_see_what_is_free(running_demo_house: Demo, request: pytest.FixtureRequest):
    import random

    demo = running_demo_house
    rng = random.Random(5)
    people = [person for person in roster(demo) if person["role"] == "patient"][:8]
    patients: list[tuple[Somebody, str]] = []
    for person in people:
        somebody = sign_in(demo, person)
        mine = somebody.get("/v1/me").json()["patients"]
        if mine:
            patient_id = mine[0]["patient_id"]
        else:
            patient_id = somebody.post("/v1/patients", {"full_name": "黄小满", "id_number": somebodys_number(rng)}).json()["patient_id"]
        for purpose in ("care", "sensitive"):
            text = somebody.get(f"/v1/consent-texts/{purpose}").json()
            given = somebody.post(f"/v1/patients/{patient_id}/consents", {"purpose": purpose, "text_version": text["version"]})
            assert given.status_code == 201, given.text
        patients.append((somebody, patient_id))
    departments = patients[0][0].get("/v1/departments").json()["departments"]
    slot = patients[0][0].get(f"/v1/slots?department={departments[0][0]}&limit=1").json()["slots"][0]
    attempts = [
        {"url": f"{demo.base_url}/v1/appointments", "token": somebody.token, "body": {"slot_id": slot["slot_id"], "patient_id": patient_id}}
        for somebody, patient_id in (patients[number % len(patients)] for number in range(ATTEMPTS))
    ]
    answers = race(attempts)

    assert len(answers) == ATTEMPTS
    assert {answer["status"] for answer in answers} == {201, 409}
    # The winner's own repeated presses get his one booking again; nobody else gets any.
    booked = {(answer["body"]["appointment_id"], answer["body"]["patient_id"]) for answer in answers if answer["status"] == 201}
    assert len(booked) == 1
    assert Counter(answer["status"] for answer in answers)[409] == ATTEMPTS * (len(patients) - 1) // len(patients)
    refused = [answer["body"] for answer in answers if answer["status"] == 409]
    assert {body["code"] for body in refused} <= {"appointments.slot_taken", "appointments.already_booked"}
    assert all(free["slot_id"] != slot["slot_id"] for body in refused for free in body["fields"]["free"])
    assert refused[0]["fields"]["free"]
