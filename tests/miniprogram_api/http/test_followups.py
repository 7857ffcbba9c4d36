"""Follow-up over HTTP: the village doctor makes a plan, the patient sends values and sees the picture, others see nothing."""

from __future__ import annotations

import pytest

from core.foundation.outbox import OutboxWorker
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import seed_small

pytestmark = pytest.mark.storage


async def test_plan_reading_and_trend(face: Face) -> None:
    county = await seed_small(face.practice)
    doctor, mine, stranger = [
        await face.bearer(one.account_id) for one in (county.village_doctor, county.woman_account, county.stranger)
    ]
    base = f"/v1/patients/{county.woman}"
    made = await face.client.post(f"{base}/plans", json={"template": "hypertension"}, headers=doctor)
    assert (made.status_code, made.json()["title"]) == (201, "高血压随访"), made.text
    assert (await face.client.post(f"{base}/plans", json={"template": "hypertension"}, headers=doctor)).status_code == 409
    assert [plan["plan_id"] for plan in (await face.client.get("/v1/plans", headers=mine)).json()["plans"]] == [made.json()["plan_id"]]

    sent = await face.client.post(f"{base}/readings", json={"systolic": 150, "diastolic": 95}, headers=mine)
    assert (sent.status_code, sent.json()["reading"]["said"]) == (201, "150/95"), sent.text
    swapped = await face.client.post(f"{base}/readings", json={"systolic": 95, "diastolic": 150}, headers=mine)
    assert (swapped.status_code, swapped.json()["code"]) == (422, "followups.implausible")

    picture = f"/v1/readings/{sent.json()['reading']['reading_id']}/trend"
    assert (await face.client.get(picture, headers=mine)).json()["code"] == "followups.trend_not_drawn"
    face.practice.clock.advance(seconds=1)  # type: ignore[attr-defined]
    worker = OutboxWorker(face.practice, "send", "test")
    while await worker.work_once():
        pass
    shown = await face.client.get(picture, headers=mine)
    assert (shown.status_code, shown.headers["content-type"], shown.content[:4]) == (200, "image/png", b"\x89PNG")
    assert shown.headers["cache-control"] == "private, no-store"

    listed = await face.client.get(f"{base}/readings", params={"task": "blood_pressure"}, headers=doctor)
    assert [one["said"] for one in listed.json()["readings"]] == ["150/95"]
    for path in (picture, f"{base}/plans", f"/v1/plans/{made.json()['plan_id']}", f"{base}/readings?task=blood_pressure"):
        assert (await face.client.get(path, headers=stranger)).status_code == 403, path


@pytest.mark.parametrize("body", [{"systolic": "x", "diastolic": 90}, {"systolic": 10**9, "diastolic": 9}, {"glucose": "NaN"}, {"glucose": -1}, {}])
async def test_wrong_values_are_refused(face: Face, body: dict[str, object]) -> None:
    county = await seed_small(face.practice)
    mine = await face.bearer(county.woman_account.account_id)
    answer = await face.client.post(f"/v1/patients/{county.woman}/readings", json=body, headers=mine)
    assert answer.status_code == 422, answer.text
