"""Whatever a request holds, its sender gets a 4xx that says what is wrong, never a 500."""

from __future__ import annotations

import pytest

from tests.miniprogram_api.http.conftest import DEMO_SECRET, Face
from tests.support.county import SmallCounty, seed_small

pytestmark = pytest.mark.storage


@pytest.fixture
async def county(face: Face) -> SmallCounty:
    return await seed_small(face.practice)


@pytest.mark.parametrize(
    "after", ["2026-11-20T00:00:00", "2026-11-20", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "99999999999999", "tomorrow"]
)
async def test_a_time_without_zone_or_beyond_all_calendars_is_refused(face: Face, county: SmallCounty, after: str) -> None:
    headers = await face.bearer(county.woman_account.account_id)
    answer = await face.client.get("/v1/slots", params={"department": "03.01", "after": after}, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["fields"]["errors"][0]["field"] == "after"


async def test_times_of_rosters_and_slots_have_a_zone(face: Face, county: SmallCounty) -> None:
    headers = await face.bearer(county.scheduler.account_id)
    expert = county.experts[2].practitioner_id
    for command, arguments in (
        ("appointments.open_slots", {"starts_at": "2026-12-20T09:00:00", "minutes": 30, "count": 1}),
        ("appointments.open_slots", {"starts_at": "9999-12-31T23:00:00Z", "minutes": 120, "count": 48, "days": 31}),
        ("appointments.set_absence", {"starts_at": "2026-12-20T09:00:00", "ends_at": "2026-12-21T09:00:00"}),
    ):
        body = {"command": command, "arguments": {"practitioner_id": expert, **arguments}}
        answer = await face.client.post("/v1/commands", json=body, headers=headers)
        assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("name", [b"authorization", b"cookie", b"idempotency-key", b"x-demo-secret"])
@pytest.mark.parametrize("value", [b"\xff\xfe", b"Bearer \xff", b"huizhen_session=\xff", b"\xe4\xb8\xad"])
async def test_a_header_of_strange_bytes_is_a_bad_request(face: Face, county: SmallCounty, name: bytes, value: bytes) -> None:
    signed_in = [(key.encode(), text.encode()) for key, text in (await face.bearer(county.woman_account.account_id)).items()]
    headers = [(name, value), *([] if name == b"authorization" else signed_in)]
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/reminders/stop"), ("POST", "/v1/demo/sessions"), ("GET", "/h5/oauth/wecom")):
        answer = await face.client.request(method, path, headers=headers, content=b"{}" if method == "POST" else None)
        assert answer.status_code < 500, f"{method} {path}: {answer.text}"


async def test_a_sign_in_that_comes_back_with_a_strange_state_is_explained(face: Face) -> None:
    for state, cookie in (("中", b"abc.x"), ("abc", "中.x".encode()), ("abc", b"\xe4.x")):
        answer = await face.client.get(
            "/h5/oauth/wecom", params={"state": state, "code": "x"}, headers=[(b"cookie", b"huizhen_oauth=" + cookie)]
        )
        assert answer.status_code == 400, answer.text


async def test_the_secret_of_the_demonstration_is_compared_whatever_is_sent(face: Face) -> None:
    for secret, status in ((b"\xe4\xb8\xad", 403), (DEMO_SECRET.encode(), 422)):
        answer = await face.client.post("/v1/demo/sessions", headers=[(b"x-demo-secret", secret)], content=b"{}")
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("path", ["a" * 300, "a" * 4000, "%00", "x/" * 2000, "..", "//etc/passwd"])
async def test_a_page_that_no_file_system_could_hold_is_not_found(face: Face, path: str) -> None:
    answer = await face.client.get(f"/h5/{path}")
    assert answer.status_code == 404, answer.text


async def test_keys_that_are_no_text_are_refused_without_an_echo(face: Face, county: SmallCounty) -> None:
    headers = await face.bearer(county.woman_account.account_id)
    for body in (b'{"\\ud800":1}', b'{"full_name":"\\ud800"}', b'{"relation":NaN}', b'{"full_name":' + b"9" * 4000 + b"}"):
        answer = await face.client.post("/v1/patients", content=body, headers=headers)
        assert answer.status_code == 422, answer.text
