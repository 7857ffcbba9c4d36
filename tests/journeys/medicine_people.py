"""A case brought over HTTP by its own people to the opinion, the decision, the prescription, its signature, its release.

    treatment = open_treatment(demo, "signed", doctor_index=3)
    treatment.prescription["code"], treatment.case.people["village_doctor"]

Steps, each including those before it: opinion, decided, proposed, signed, released. Every step is also a method, so that a test can stop
before it and take it through a page. Several tests share one house: take a ``doctor_index`` that nobody else takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import httpx

from tests.journeys.call_people import Case, open_case
from tests.journeys.people import Somebody, roster, sign_in
from tests.support.demo import Demo

Step = Literal["opinion", "decided", "proposed", "signed", "released"]
Body = dict[str, Any]


def dose(drug: str, amount: str, times: int = 1, days: int = 7, directions: str = "") -> Body:
    """One drug of a prescription; ``amount`` at a time, in the drug's unit."""
    return {"drug": drug, "dose": amount, "times_per_day": times, "days": days, "directions": directions}


AMLODIPINE = dose("amlodipine", "5", directions="早上服")
"""Nothing stands against it at 130/80; below 100 mmHg it takes a reason (``low_pressure_warn:amlodipine``)."""
WARFARIN = dose("warfarin", "2.5")
"""Beyond the village list: the duty doctor of the township is asked."""
BLOCKED = (dose("simvastatin", "20"), dose("clarithromycin", "250", 2))
"""Nobody may sign the two together."""
FACTS: Body = {"allergies_asked": True, "pregnancy": "no", "systolic": "130"}


@dataclass
class Treatment:
    """``opinion`` and ``prescription`` as the API last gave them."""

    demo: Demo
    case: Case
    opinion: Body = field(default_factory=dict)
    prescription: Body = field(default_factory=dict)

    @property
    def doctor(self) -> Somebody:
        return self.case.people["village_doctor"]

    @property
    def expert(self) -> Somebody:
        return self.case.people["expert"]

    @property
    def patient(self) -> Somebody:
        return self.case.people["patient"]

    @property
    def prescription_id(self) -> str:
        return str(self.prescription["prescription_id"])

    def give_opinion(self, advice: str = "调整降压药,两周后复诊") -> None:
        body = {"assessment": "考虑高血压", "advice": advice, "watch_for": "胸痛加重马上再呼叫", "confirm": True}
        self.opinion = _given(self.expert.post(f"/v1/consultations/{self.case.consultation_id}/opinion", body))

    def decide(self, choice: str = "agree", reason: str = "") -> None:
        body = {"opinion_id": self.opinion["opinion_id"], "choice": choice, "reason": reason, "confirm": True}
        self.opinion = _given(self.doctor.post(f"/v1/consultations/{self.case.consultation_id}/decision", body))

    def record_facts(self, **facts: Any) -> None:
        address = f"{self.demo.base_url}/v1/consultations/{self.case.consultation_id}/safety-facts"
        read = _given(self.doctor.get(f"/v1/consultations/{self.case.consultation_id}/safety-facts"))
        body = {"version": read["version"]} | FACTS | facts
        _given(httpx.put(address, json=body, headers=self.doctor.headers, timeout=30, trust_env=False))

    def propose(self, *items: Body, diagnosis: str = "高血压") -> None:
        body = {"diagnosis": diagnosis, "items": list(items or (AMLODIPINE,)), "note": "两周后复诊"}
        self.prescription = _given(self.expert.post(f"/v1/consultations/{self.case.consultation_id}/prescriptions", body))

    def revise(self, *items: Body, diagnosis: str = "高血压") -> None:
        self.prescription = self._step(self.expert, "revise", {"diagnosis": diagnosis, "items": list(items), "note": ""})

    def sign(self, **reasons: str) -> None:
        """By the village doctor, or the duty doctor above her when it was referred. ``reasons`` by the keys of the warnings."""
        signer = duty_doctor_of(self.demo, self.prescription_id)[1] if self.prescription["state"] == "REFERRED" else self.doctor
        self.prescription = self._step(signer, "sign", {"revision": self.prescription["revision"], "reasons": reasons, "confirm": True})

    def release(self) -> None:
        self.prescription = self._step(pharmacists(self.demo)[0][1], "release", {
            "revision": self.prescription["revision"], "overrides_seen": True, "confirm": True,
        })

    def read(self) -> Body:
        self.prescription = _given(self.doctor.get(f"/v1/prescriptions/{self.prescription_id}"))
        return self.prescription

    def _step(self, somebody: Somebody, step: str, body: Body) -> Body:
        return _given(somebody.post(f"/v1/prescriptions/{self.prescription_id}/{step}", body))


def open_treatment(
    demo: Demo,
    until: Step = "released",
    *,
    doctor_index: int = 0,
    skip: int = 0,
    items: tuple[Body, ...] = (AMLODIPINE,),
    facts: Body | None = None,
    reasons: dict[str, str] | None = None,
) -> Treatment:
    """A new case with its prescription, brought as far as ``until``."""
    treatment = Treatment(demo, open_case(demo, doctor_index, skip))
    steps = get_args(Step)[: get_args(Step).index(until) + 1]
    treatment.give_opinion()
    if "decided" in steps:
        treatment.decide()
    if "proposed" in steps:
        treatment.record_facts(**(facts or {}))
        treatment.propose(*items)
    if "signed" in steps:
        treatment.sign(**(reasons or {}))
    if "released" in steps:
        treatment.release()
    return treatment


def pharmacists(demo: Demo) -> list[tuple[Body, Somebody]]:
    """Each with his entry in the roster (``key`` opens his phone) and his session."""
    return [(person, sign_in(demo, person)) for person in roster(demo) if person["role"] == "pharmacist"]


def duty_doctor_of(demo: Demo, prescription_id: str) -> tuple[Body, Somebody]:
    """The first duty doctor above the clinic, township before county."""
    for person in roster(demo):
        if person["role"] == "duty_doctor":
            somebody = sign_in(demo, person)
            if somebody.get(f"/v1/prescriptions/{prescription_id}").status_code == 200:
                return person, somebody
    raise AssertionError("no duty doctor above the clinic")


def _given(answer: httpx.Response) -> Body:
    assert answer.status_code in (200, 201), answer.text
    body: Body = answer.json()
    return body
