"""Prescriptions over HTTP: facts, check, proposal, the refusal that names its findings, signature, review; wrong input is explained."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy
from tests.miniprogram_api.http.conftest import Face

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(face: Face) -> Pharmacy:
    return await open_pharmacy(await open_ward(face.practice, hearts=3))


def drug(code: str, dose: Any, **more: Any) -> dict[str, Any]:
    return {"drug": code, "dose": dose, "times_per_day": 1, "days": 7, **more}


async def test_blocked_revised_signed_released_and_seen_by_the_patient(face: Face, pharmacy: Pharmacy) -> None:
    client, ward = face.client, pharmacy.ward
    doctor, expert = await face.bearer(pharmacy.doctor.account_id), await face.bearer(pharmacy.expert.account_id)
    pharmacist, patient = await face.bearer(pharmacy.pharmacist.account_id), await face.bearer(ward.county.woman_account.account_id)
    base = f"/v1/consultations/{pharmacy.consultation_id}"
    facts = {"allergies_asked": True, "pregnancy": "no", "systolic": 130}
    assert (await client.put(f"{base}/safety-facts", json=facts, headers=doctor)).status_code == 200
    pair = {"diagnosis": "高血压", "items": [drug("simvastatin", 20), drug("clarithromycin", "250")]}
    checked = await client.post(f"{base}/drug-check", json={"items": pair["items"]}, headers=expert)
    assert [one["action"] for one in checked.json()["findings"]] == ["B"]
    made = (await client.post(f"{base}/prescriptions", json=pair, headers=expert)).json()
    path = f"/v1/prescriptions/{made['prescription_id']}"
    refused = await client.post(f"{path}/sign", json={"revision": 1, "confirm": True}, headers=doctor)
    assert (refused.status_code, refused.json()["code"]) == (409, "prescription.blocked")
    assert refused.json()["fields"]["findings"][0]["source"] == "S50"

    better = {"diagnosis": "高血压", "items": [drug("amlodipine", 2.5, directions="早上服")]}
    revised = await client.post(f"{path}/revise", json=better, headers=expert)
    assert (revised.status_code, revised.json()["revision"]) == (200, 2)
    signed = await client.post(f"{path}/sign", json={"revision": 2, "confirm": True}, headers=doctor)
    assert (signed.status_code, signed.json()["signature_valid"]) == (200, True)
    assert (await client.get(path, headers=patient)).status_code == 404
    assert (await client.post(f"{path}/release", json={"revision": 2, "confirm": True}, headers=pharmacist)).json()["state"] == "RELEASED"
    listed = [(await client.get(f"/v1/prescriptions?{asked}", headers=expert)) for asked in ("states=SIGNED&states=RELEASED", "states=SIGNED")]
    assert [len(one.json()["prescriptions"]) for one in listed] == [1, 0]
    assert (await client.get("/v1/prescriptions?states=LOST", headers=expert)).status_code == 422
    seen = (await client.get("/v1/prescriptions", headers=patient)).json()["prescriptions"]
    assert [(one["items"][0]["amount"], one["fee_fen"], one["findings"]) for one in seen] == [("2.5 mg", 1260, [])]


@pytest.mark.parametrize(
    "changed",
    [
        {"dose": 0}, {"dose": -1}, {"dose": "NaN"}, {"dose": "Infinity"}, {"dose": "1e400"}, {"dose": 10**12}, {"days": 0}, {"days": 1.5},
        {"times_per_day": 99}, {"drug": "../etc"}, {"drug": "snake_oil"}, {"directions": "x" * 101}, {"more": 1},
    ],
)  # fmt: skip
async def test_wrong_items_are_refused(face: Face, pharmacy: Pharmacy, changed: dict[str, Any]) -> None:
    expert = await face.bearer(pharmacy.expert.account_id)
    order = {"diagnosis": "高血压", "items": [drug("amlodipine", 5) | changed]}
    answer = await face.client.post(f"/v1/consultations/{pharmacy.consultation_id}/prescriptions", json=order, headers=expert)
    assert answer.status_code == 422, answer.text


async def test_opinion_decision_and_dose_have_their_addresses(face: Face, pharmacy: Pharmacy) -> None:
    doctor, base = await face.bearer(pharmacy.doctor.account_id), f"/v1/consultations/{pharmacy.consultation_id}"
    opinion = (await face.client.get(f"{base}/opinion", headers=doctor)).json()
    assert opinion["signature_valid"]
    unconfirmed = await face.client.post(f"{base}/decision", json={"opinion_id": opinion["opinion_id"], "choice": "agree"}, headers=doctor)
    assert (unconfirmed.status_code, unconfirmed.json()["code"]) == (422, "signature.unconfirmed")
    order = {"opinion_id": opinion["opinion_id"], "choice": "agree", "confirm": True}
    assert (await face.client.post(f"{base}/decision", json=order, headers=doctor)).status_code == 201
    doses = (await face.client.get("/v1/emergency-doses", headers=doctor)).json()["doses"]
    chosen = next(one for one in doses if one["code"] == "aspirin_chewed")
    order = {"dose": chosen["code"], "ruled_out": list(chosen["contraindications"]), "confirm": True}
    given = await face.client.post(f"{base}/emergency-dose", json=order, headers=doctor)
    assert (given.status_code, given.json()["amount"]) == (201, "300 mg")
    assert (await face.client.post(f"{base}/complete", json={"without": "急救在先"}, headers=doctor)).json()["state"] == "COMPLETED"
    assert (await face.client.post(f"{base}/rating", json={"stars": 5}, headers=doctor)).status_code == 201
    assert (await face.client.post(f"{base}/rating", json={"stars": 6}, headers=doctor)).status_code == 422


async def test_the_dispensing_code_is_shown_as_a_picture_to_the_patient_and_taken_once(face: Face, pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    pharmacist, patient = await face.bearer(pharmacy.pharmacist.account_id), await face.bearer(pharmacy.ward.county.woman_account.account_id)
    path = f"/v1/prescriptions/{view.prescription_id}"
    (waiting,) = (await face.client.get("/v1/prescriptions/waiting", headers=pharmacist)).json()["to_review"]
    assert waiting["prescription_id"] == view.prescription_id
    assert (await face.client.get(f"{path}/dispense-code", headers=patient)).status_code == 404
    await face.client.post(f"{path}/release", json={"revision": 1, "confirm": True}, headers=pharmacist)
    shown = (await face.client.get(f"{path}/dispense-code", headers=patient)).json()
    assert (shown["code"], len(shown["dispense_code"])) == (view.code, 9)
    assert base64.b64decode(shown["picture"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    hidden = await face.client.get(f"{path}/dispense-code", headers=pharmacist)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "prescription.no_dispense_code")
    wrong = await face.client.post(f"{path}/dispense", json={"dispense_code": "00000000"}, headers=pharmacist)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "prescription.dispense_code_wrong")
    order = {"dispense_code": shown["dispense_code"]}
    assert (await face.client.post(f"{path}/dispense", json=order, headers=pharmacist)).json()["state"] == "DISPENSED"
    again = await face.client.post(f"{path}/dispense", json=order, headers=pharmacist)
    assert (again.status_code, again.json()["code"]) == (409, "prescription.illegal_step")
    assert (await face.client.get(f"{path}/dispense-code", headers=patient)).status_code == 404
