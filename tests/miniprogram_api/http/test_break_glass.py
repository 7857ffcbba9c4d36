"""紧急调阅 over HTTP: opened with 201, read, listed, reviewed; what is missing is explained."""

from __future__ import annotations

import pytest

from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import open_pharmacy
from tests.miniprogram_api.http.conftest import Face

pytestmark = pytest.mark.storage


async def test_opened_read_and_reviewed(face: Face) -> None:
    pharmacy = await open_pharmacy(await open_ward(face.practice, hearts=3))
    ward, client = pharmacy.ward, face.client
    other = next(one for one in ward.hearts if one.practitioner_id != pharmacy.expert.practitioner_id)
    doctor, auditor = await face.bearer(other.account_id), await face.bearer(ward.county.auditor.account_id)
    patient = await face.bearer(ward.county.woman_account.account_id)
    case = f"/v1/consultations/{pharmacy.consultation_id}/case"
    assert (await client.get(case, headers=doctor)).status_code == 403

    order = {"patient_id": ward.county.woman, "reason": "rescue", "words": "正在抢救,要马上知道过敏和用药"}
    mistakes = (
        ({"words": "抢救"}, "oversight.words_empty"), ({"reason": "curious"}, "invalid"), ({"patient_id": None}, "oversight.patient_not_named"),
    )
    for wrong, code in mistakes:
        refused = await client.post("/v1/break-glass", json=order | wrong, headers=doctor)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    opened = await client.post("/v1/break-glass", json=order, headers=doctor)
    assert (opened.status_code, opened.json()["live"]) == (201, True)
    assert (await client.get(case, headers=doctor)).json()["patient"]["name"] == "李秀英(演示)"
    (mine,) = (await client.get("/v1/break-glass", headers=doctor)).json()["openings"]
    assert mine["verdict_label"] == "待审查"

    listed = (await client.get("/v1/break-glass/to-review", headers=auditor)).json()
    path = f"/v1/break-glass/{listed['openings'][0]['break_glass_id']}"
    assert [one["title"] for one in (await client.get(path, headers=auditor)).json()["reads"]] == ["会诊病例"]
    assert (await client.get(path, headers=doctor)).status_code == 403
    verdict = {"verdict": "justified", "words": "急诊记录能对上"}
    assert (await client.post(f"{path}/review", json=verdict, headers=auditor)).json()["verdict_label"] == "合理"
    again = await client.post(f"{path}/review", json=verdict, headers=auditor)
    assert (again.status_code, again.json()["code"]) == (409, "oversight.already_reviewed")
    (seen,) = (await client.get(f"/v1/patients/{ward.county.woman}/break-glass", headers=patient)).json()["openings"]
    assert (seen["reason_label"], seen["verdict_label"]) == ("正在抢救", "合理")
