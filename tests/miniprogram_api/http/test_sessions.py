"""Sessions over HTTP: bearers and cookies, what is said when a token has run out, and what ending one does."""

from __future__ import annotations

import random
from datetime import timedelta

import httpx
import pytest
from pydantic import ValidationError

from core.foundation.models import AuditEntry
from core.people.commands_sessions import OpenSession, SessionOpened
from core.people.models import Practitioner, Session
from miniprogram_api.http.devices import device_words
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import SYSTEM, seed_small

pytestmark = pytest.mark.storage
QUARTER = timedelta(minutes=15)
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


async def opened(face: Face, account_id: str, kind: str = "mini_program") -> SessionOpened:
    session: SessionOpened = await face.practice.execute(SYSTEM, OpenSession(account_id=account_id, kind=kind))
    return session


def bearer(session: SessionOpened) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.token}"}


async def handed_over(face: Face, session: SessionOpened) -> None:
    """The page's cookies, as a browser gets them."""
    code = (await face.client.post("/v1/mini-program/hand-over", headers=bearer(session))).json()["code"]
    assert (await face.client.post("/v1/mini-program/hand-over/redeem", json={"code": code}, headers=SAME_SITE)).status_code == 201


async def test_a_bearer_whose_token_has_run_out_is_told_so_and_gets_the_next(face: Face, clock) -> None:
    county = await seed_small(face.practice)
    session = await opened(face, county.woman_account.account_id)
    assert (await face.client.get("/v1/me", headers=bearer(session))).status_code == 200
    clock.advance(minutes=15)
    stale = await face.client.get("/v1/me", headers=bearer(session))
    assert (stale.status_code, stale.json()["code"]) == (401, "session.stale")
    answer = await face.client.post("/v1/sessions/refresh", json={"refresh_token": session.refresh_token})
    assert answer.status_code == 200
    assert set(answer.json()) == {"token", "token_lasts_s", "refresh_token", "expires_at"}
    assert "set-cookie" not in answer.headers
    assert answer.json()["token_lasts_s"] == 900
    assert (await face.client.get("/v1/me", headers={"Authorization": f"Bearer {answer.json()['token']}"})).status_code == 200
    clock.advance(minutes=1)
    again = await face.client.post("/v1/sessions/refresh", json={"refresh_token": session.refresh_token})
    assert (again.status_code, again.json()["code"]) == (401, "session.reused")
    over = await face.client.get("/v1/me", headers={"Authorization": f"Bearer {answer.json()['token']}"})
    assert (over.status_code, over.json()["code"]) == (401, "session.missing")


async def test_a_page_renews_its_cookies_and_no_script_sees_a_token(face: Face, clock) -> None:
    county = await seed_small(face.practice)
    session = await opened(face, county.woman_account.account_id)
    await handed_over(face, session)
    names = {cookie.name: cookie.path for cookie in face.client.cookies.jar}
    assert names == {"huizhen_session": "/", "huizhen_refresh": "/v1/sessions/"}
    clock.advance(minutes=15)
    stale = await face.client.get("/v1/me")
    assert (stale.status_code, stale.json()["code"]) == (401, "session.stale")
    # The page itself opens: it holds no data, and its scripts know what to do.
    assert (await face.client.get("/h5/doctor/")).status_code == 200
    foreign = await face.client.post("/v1/sessions/refresh", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "request.foreign_site")
    answer = await face.client.post("/v1/sessions/refresh", headers=SAME_SITE)
    assert (answer.status_code, set(answer.json())) == (200, {"expires_at"})
    assert (await face.client.get("/v1/me")).json()["account_id"] == county.woman_account.account_id
    # A page's refresh token is no bearer's.
    held = next(cookie.value for cookie in face.client.cookies.jar if cookie.name == "huizhen_refresh")
    face.client.cookies.clear()
    assert (await face.client.post("/v1/sessions/refresh", json={"refresh_token": held})).json()["code"] == "session.over"


async def test_a_phone_s_prefix_keeps_both_cookies_to_itself(face: Face, clock) -> None:
    county = await seed_small(face.practice)
    session = await opened(face, county.woman_account.account_id)
    code = (await face.client.post("/phone/patient-001/v1/mini-program/hand-over", headers=bearer(session))).json()["code"]
    await face.client.post("/phone/patient-001/v1/mini-program/hand-over/redeem", json={"code": code}, headers=SAME_SITE)
    paths = {cookie.path for cookie in face.client.cookies.jar}
    assert paths == {"/phone/patient-001/", "/phone/patient-001/v1/sessions/"}
    clock.advance(minutes=15)
    assert (await face.client.get("/v1/me")).json()["code"] == "session.missing"
    assert (await face.client.get("/phone/patient-001/v1/me")).json()["code"] == "session.stale"
    assert (await face.client.post("/phone/patient-001/v1/sessions/refresh", headers=SAME_SITE)).status_code == 200
    assert (await face.client.get("/phone/patient-001/v1/me")).status_code == 200


async def test_a_closed_session_is_closed_with_the_next_request_and_its_cookies_go(face: Face) -> None:
    county = await seed_small(face.practice)
    phone = await opened(face, county.woman_account.account_id)
    other = await opened(face, county.woman_account.account_id, "terminal")
    await handed_over(face, phone)
    listed = (await face.client.get("/v1/sessions/", headers=bearer(phone))).json()["sessions"]
    assert [(one["kind"], one["current"]) for one in listed] == [("mini_program", True), ("terminal", False)]
    assert (await face.client.post("/v1/sessions/close-others", headers=bearer(phone))).json() == {"closed": 1}
    assert (await face.client.get("/v1/me", headers=bearer(other))).status_code == 401
    assert (await face.client.get("/v1/me")).status_code == 200
    gone = await face.client.post("/v1/sessions/close", json={}, headers=SAME_SITE)
    assert gone.status_code == 200
    assert not list(face.client.cookies.jar)
    assert (await face.client.get("/v1/me", headers=bearer(phone))).status_code == 200
    stranger = await opened(face, county.village_doctor.account_id)
    assert (await face.client.post("/v1/sessions/close", json={"session_id": phone.session_id}, headers=bearer(stranger))).status_code == 404


async def test_the_audit_says_from_which_network_and_no_more(face: Face) -> None:
    county = await seed_small(face.practice)
    session = await opened(face, county.woman_account.account_id)
    assert (await face.client.get("/v1/me", headers=bearer(session))).status_code == 200
    entry = await AuditEntry.filter(action="people.me").order_by("-id").first()
    assert entry is not None
    assert entry.address == "127.0.0.0/24"


async def test_who_lost_his_role_loses_it_with_the_next_request(face: Face) -> None:
    county = await seed_small(face.practice)
    session = await opened(face, county.village_doctor.account_id, "terminal")
    assert (await face.client.get("/v1/patient-list", headers=bearer(session))).status_code == 200
    await Practitioner.filter(id=county.village_doctor.practitioner_id).update(active=False)
    assert (await face.client.get("/v1/patient-list", headers=bearer(session))).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "x" * 39, "x" * 120, "é" * 50, "0" * 69, "\x00" * 60])
async def test_what_is_no_refresh_token_is_refused(face: Face, token: str) -> None:
    answer = await face.client.post("/v1/sessions/refresh", json={"refresh_token": token}, headers=SAME_SITE)
    assert (answer.status_code, answer.json()["code"]) == (401, "session.over")


async def test_the_device_is_kept_in_words_only(face: Face) -> None:
    county = await seed_small(face.practice)
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.47 NetType/4G"
    await face.practice.execute(SYSTEM, OpenSession(account_id=county.woman_account.account_id, kind="h5", device=device_words(agent)))
    assert (await Session.get()).device == "iPhone · 微信"


@pytest.mark.parametrize(("agent", "words"), [
    ("Mozilla/5.0 (Linux; Android 14; wv) Chrome/120 Mobile MicroMessenger/8.0 wxwork/4.1", "安卓手机 · 企业微信"),
    ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36 Edg/120", "Windows 电脑 · Edge"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17 Safari/605", "Mac 电脑 · Safari"),
    ("python-httpx/0.28", ""), ("", ""),
])
def test_devices_in_words(agent: str, words: str) -> None:
    assert device_words(agent) == words


def test_device_words_are_short_whatever_comes() -> None:
    rng = random.Random(3)
    pieces = ["iPhone", "Android", "MicroMessenger", "wxwork", "Chrome", "王小明 13800000000", "\x00", "é" * 500, "Linux", ";"]
    for _ in range(500):
        words = device_words("".join(rng.choice(pieces) for _ in range(rng.randrange(12))))
        assert len(words) <= 40
        assert "王" not in words
        try:
            OpenSession(account_id="0" * 26, kind="h5", device=words)
        except ValidationError:
            pytest.fail(words)


async def test_outside_the_demonstration_browsers_are_held_to_tls_and_this_host(face: Face) -> None:
    county = await seed_small(face.practice)
    session = await opened(face, county.woman_account.account_id)
    face.app.ctx.demo = False
    code = (await face.client.post("/v1/mini-program/hand-over", headers=bearer(session))).json()["code"]
    answer = await httpx.AsyncClient(base_url=face.client.base_url, trust_env=False).post("/v1/mini-program/hand-over/redeem", json={"code": code})
    first, second = answer.headers.get_list("set-cookie")
    assert first.startswith("__Host-huizhen_session=")
    assert "Path=/;" in first
    assert second.startswith("__Secure-huizhen_refresh=")
    assert all("Secure" in cookie and "Domain" not in cookie for cookie in (first, second))
