"""/metrics: read on this machine or with the token, and no address at all for everybody else."""

from __future__ import annotations

import pytest

from core.foundation.counting import Counts, count
from core.foundation.redis_client import redis_client
from tests.miniprogram_api.http.conftest import Face

TOKEN = "token-of-the-tests-0123"
ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.storage
async def test_this_machine_reads_what_was_counted(face: Face) -> None:
    count("callback_refused", channel="wecom_app", reason="signature")
    answer = await face.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'huizhen_callback_refused_total{channel="wecom_app",reason="signature"}' in answer.text


@pytest.mark.storage
@pytest.mark.parametrize("passed_on", [ELSEWHERE, {"X-Forwarded-For": "127.0.0.1"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=1.2.3.4"}])
async def test_whom_a_proxy_passes_on_reads_nothing(face: Face, passed_on: dict[str, str]) -> None:
    count("callback_refused", channel="wecom_app", reason="signature")
    answer = await face.client.get("/metrics", headers=passed_on)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "huizhen_" not in answer.text


@pytest.mark.storage
async def test_the_token_of_the_settings_reads_from_anywhere_and_no_other_does(face: Face) -> None:
    assert (await face.client.get("/metrics", headers={**ELSEWHERE, "Authorization": "Bearer"})).status_code == 404
    face.app.ctx.metrics_token = TOKEN
    assert (await face.client.get("/metrics", headers={**ELSEWHERE, "Authorization": f"Bearer {TOKEN}"})).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer 令牌"):
        answer = await face.client.get("/metrics", headers={**ELSEWHERE, "Authorization": wrong.encode()})
        assert answer.status_code == 404, wrong


@pytest.mark.storage
async def test_without_redis_it_says_that_it_cannot_be_told_now(face: Face) -> None:
    away = redis_client("unix:///nowhere/at/all")
    face.practice.counts = Counts(away)
    count("callback_refused", channel="wecom_app", reason="signature")
    answer = await face.client.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    await away.aclose()
