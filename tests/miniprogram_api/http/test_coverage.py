"""Coverage over HTTP: record, quote, read; a stranger gets nothing and wrong lines get a sentence."""

from __future__ import annotations

from datetime import date

import pytest

from core.coverage.commands import EnrolMember
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import SYSTEM, seed_small

pytestmark = pytest.mark.storage

DRUG = {"ref": "1", "name": "氨氯地平片", "service": "drug", "drug_class": "A", "fee_fen": 8640}


async def test_a_patient_records_her_insurance_and_sees_what_it_pays(face: Face) -> None:
    county = await seed_small(face.practice)
    await face.practice.execute(
        SYSTEM, EnrolMember(scheme="residents", member_number="GZ520000112233", valid_from=date(2026, 1, 1), valid_until=date(2027, 12, 31))
    )
    mine = await face.bearer(county.woman_account.account_id)
    base = f"/v1/patients/{county.woman}"
    assert (await face.client.get(f"{base}/membership", headers=mine)).json()["code"] == "coverage.membership_unknown"
    wrong = await face.client.post(f"{base}/membership", json={"scheme": "residents", "member_number": "GZ520000999999"}, headers=mine)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "coverage.member_unknown")
    made = await face.client.post(f"{base}/membership", json={"scheme": "residents", "member_number": "GZ520000112233"}, headers=mine)
    assert (made.status_code, made.json()["number_ends"]) == (201, "2233")
    assert "GZ520000112233" not in made.text
    told = await face.client.post(f"{base}/quotes", json={"items": [DRUG]}, headers=mine)
    assert told.status_code == 200, told.text
    assert [told.json()[name] for name in ("fee_fen", "pays_fen", "own_fen")] == [8640, 6048, 2592]
    assert (await face.client.get(f"{base}/claims", headers=mine)).json() == {"claims": [], "withheld": []}

    stranger = await face.bearer(county.stranger.account_id)
    assert (await face.client.post(f"{base}/quotes", json={"items": [DRUG]}, headers=stranger)).status_code == 403


@pytest.mark.parametrize("changed", [{"fee_fen": -1}, {"fee_fen": 1.5}, {"fee_fen": 10**12}, {"service": "gold"}, {"drug_class": "C"}, {"name": ""}])
async def test_wrong_lines_are_refused(face: Face, changed: dict[str, object]) -> None:
    county = await seed_small(face.practice)
    mine = await face.bearer(county.woman_account.account_id)
    answer = await face.client.post(f"/v1/patients/{county.woman}/quotes", json={"items": [{**DRUG, **changed}]}, headers=mine)
    assert answer.status_code == 422, answer.text
