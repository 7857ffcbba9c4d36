"""A case that an expert took, and its three people."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx

from tests.journeys.people import Somebody, roster, sign_in
from tests.support.demo import Demo

LINE = "胸痛2小时 出冷汗 血压90/60 危急"


@dataclass
class Case:
    """``people``: who belongs on which seat, signed in."""

    consultation_id: str
    people: dict[str, Somebody]

    def ticket(self, seat: str) -> str:
        answer = self.people[seat].post(f"/v1/consultations/{self.consultation_id}/call", {})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ticket"])

    def timeline(self) -> list[str]:
        answer = self.people["village_doctor"].get(f"/v1/consultations/{self.consultation_id}/timeline")
        return [entry["kind"] for entry in answer.json()["entries"]]


def open_case(demo: Demo, doctor_index: int = 0, skip: int = 0) -> Case:
    """The village doctor asks about a patient of hers who has WeChat, and the first expert who is asked accepts. ``skip``: patients to pass over."""
    people = roster(demo)
    doctor = sign_in(demo, [person for person in people if person["role"] == "village_doctor"][doctor_index])
    named = {person["name"]: person for person in people if person["role"] == "patient" and person.get("official_account_openid")}
    listed = doctor.get("/v1/patient-list").json()["patients"]
    patient = [one for one in listed if one["full_name"] in named][skip]
    said = doctor.post("/v1/commands", {"text": f"会诊 {patient['number']}号 {LINE}"})
    assert said.status_code == 200, said.text
    consultation_id = doctor.get("/v1/consultations").json()["consultations"][0]["consultation_id"]
    expert = accept(demo, consultation_id)
    return Case(consultation_id, {"patient": sign_in(demo, named[patient["full_name"]]), "village_doctor": doctor, "expert": expert})


def accept(demo: Demo, consultation_id: str) -> Somebody:
    """The first expert whom a card has reached accepts; only those who have one are signed in."""
    experts = [person for person in roster(demo) if person["role"] == "expert"]
    end = time.monotonic() + 60
    with httpx.Client(base_url=demo.base_url, trust_env=False, timeout=30) as phones:
        while time.monotonic() < end:
            for person in experts:
                if not phones.get(f"/simulator/people/{person['key']}/chats/wecom_app/messages").json():
                    continue
                expert = sign_in(demo, person)
                for offer in expert.get("/v1/offers").json()["offers"]:
                    if offer["state"] == "offered" and offer["consultation_id"] == consultation_id:
                        answer = expert.post(f"/v1/offers/{offer['offer_id']}/accept")
                        if answer.status_code == 200:
                            return expert
            time.sleep(0.2)
    raise AssertionError("no expert was asked")
