"""What every answer carries, what no answer carries, and how much a request may be."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.miniprogram_api.http.conftest import Face
from tests.support.county import seed_small

ADDRESSES = (
    ("GET", "/v1/me"), ("GET", "/v1/openapi.json"), ("POST", "/v1/patients"), ("GET", "/h5/mini/"), ("GET", "/h5/shared/api.js"),
    ("GET", "/h5/doctor/"), ("GET", "/healthz"), ("GET", "/nowhere"), ("GET", "/h5/nowhere"), ("POST", "/callback/wecom-app"),
    ("GET", "/fhir/R4/metadata"), ("OPTIONS", "/v1/me"), ("OPTIONS", "/v1/uploads/x"), ("GET", "/h5/oauth/wecom"), ("DELETE", "/v1/me"),
)


@pytest.mark.parametrize("demo", [True, False])
async def test_every_answer_carries_them(face: Face, demo: bool) -> None:
    face.app.ctx.demo = demo
    for method, path in ADDRESSES:
        answer = await face.client.request(method, path)
        headers, where = answer.headers, (method, path, answer.status_code)
        assert answer.status_code < 500, where
        assert headers["x-content-type-options"] == "nosniff", where
        assert headers["referrer-policy"] == "same-origin", where
        assert "camera=(self)" in headers["permissions-policy"], where
        assert headers["cross-origin-resource-policy"] == "same-origin", where
        assert ("strict-transport-security" in headers) is not demo, where
        policy = headers["content-security-policy"]
        framed = "frame-ancestors 'self'" if demo and path.startswith("/h5/") else "frame-ancestors 'none'"
        assert framed in policy, where
        assert "unsafe-eval" not in policy
        if not path.startswith("/h5/"):
            assert headers["cache-control"] == "no-store", where
            assert "default-src 'none'" in policy, where


async def test_no_origin_but_ours_may_read_anything(face: Face) -> None:
    for method, path in ADDRESSES:
        for origin in ("https://evil.example", "null", str(face.client.base_url)):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
            answer = await face.client.request(method, path, headers=asked)
            assert not [name for name in answer.headers if name.startswith("access-control-")], (method, path)


@pytest.mark.storage
async def test_a_body_is_refused_for_its_size_or_its_depth(face: Face) -> None:
    county = await seed_small(face.practice)
    headers = {**await face.bearer(county.woman_account.account_id), "Content-Type": "application/json"}
    large = json.dumps({"full_name": "x" * (65 << 10)})
    answer = await face.client.post("/v1/patients", content=large, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "http.413")
    for depth in (17, 1000, 20_000):
        deep = '{"a":' * depth + "1" + "}" * depth
        assert (await face.client.post("/v1/patients", content=deep, headers=headers)).status_code in (413, 422)
    listed = '{"full_name":' + "[" * 20_000 + "]" * 20_000 + "}"
    assert (await face.client.post("/v1/patients", content=listed, headers=headers)).status_code == 422
    for constant in ("NaN", "Infinity", "-Infinity", "1" * 5000):
        answer = await face.client.post("/v1/patients", content=f'{{"full_name": {constant}}}', headers=headers)
        assert answer.status_code == 422


async def test_headers_and_addresses_have_an_end(face: Face) -> None:
    assert (await face.client.get("/v1/me", headers={"X-Long": "x" * 9000})).status_code in (413, 431)
    async with httpx.AsyncClient(base_url=face.client.base_url, trust_env=False) as other:
        assert (await other.get("/v1/me?" + "x" * 9000)).status_code in (413, 414, 431)
    many = {f"X-{number}": "x" * 40 for number in range(300)}
    async with httpx.AsyncClient(base_url=face.client.base_url, trust_env=False) as other:
        assert (await other.get("/v1/me", headers=many)).status_code in (413, 431)
    assert (await face.client.get("/v1/me")).status_code == 401
