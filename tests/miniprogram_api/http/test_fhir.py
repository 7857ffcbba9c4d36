"""FHIR over HTTP: the media type, the bundle under its own address, refusals as OperationOutcomes."""

from __future__ import annotations

import pytest

from core.dispatch.commands import RequestConsultation
from tests.core.dispatch.line_engine import LineEngine
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import NUMBER_WITH_WECHAT, seed_small

pytestmark = pytest.mark.storage


async def test_a_case_is_read_by_the_doctor_and_refused_to_others(face: Face) -> None:
    county = await seed_small(face.practice)
    face.practice.engines.clinical = LineEngine()
    asked = await face.practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITH_WECHAT, text="胸痛2小时 出冷汗 血压90/60"))
    path = f"/fhir/R4/Encounter/{asked.consultation_id}/$everything"

    answer = await face.client.get(path, headers=await face.bearer(county.village_doctor.account_id))
    assert (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"]) == (200, "application/fhir+json", "no-store")
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert bundle["link"][0]["url"].endswith(path)
    assert bundle["entry"][0]["fullUrl"].startswith(bundle["link"][0]["url"].split("/fhir/R4")[0] + "/fhir/R4/")

    for headers, status, code in (
        ({}, 401, "login"), (await face.bearer(county.stranger.account_id), 403, "forbidden"),
        (await face.bearer(county.auditor.account_id), 403, "forbidden"),
    ):
        refused = await face.client.get(path, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/fhir+json")
        assert refused.json()["resourceType"] == "OperationOutcome"
        assert refused.json()["issue"][0]["code"] == code


@pytest.mark.parametrize("consultation_id", ["x", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "%3Cscript%3E", "0" * 200])
async def test_an_id_that_names_nothing_is_refused_without_echo(face: Face, consultation_id: str) -> None:
    county = await seed_small(face.practice)
    answer = await face.client.get(
        f"/fhir/R4/Encounter/{consultation_id}/$everything", headers=await face.bearer(county.village_doctor.account_id)
    )
    assert answer.status_code in (403, 404, 422)
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "script" not in answer.text


async def test_other_operations_are_unknown_and_the_dollar_may_be_encoded(face: Face) -> None:
    county = await seed_small(face.practice)
    headers = await face.bearer(county.village_doctor.account_id)
    for operation, code in (("$lastn", "fhir.operation_unknown"), ("%24everything", "access.denied"), ("$everything", "access.denied")):
        answer = await face.client.get(f"/fhir/R4/Encounter/01ARZ3NDEKTSV4RRFFQ69G5FAV/{operation}", headers=headers)
        assert answer.json()["issue"][0]["details"]["text"] == code


async def test_the_capability_statement_is_public(face: Face) -> None:
    answer = await face.client.get("/fhir/R4/metadata")
    assert (answer.status_code, answer.json()["fhirVersion"]) == (200, "4.0.1")
