"""A page takes the mini program's sign-in over, over HTTP: a code for the bearer, a cookie for the code, and nothing for anybody else."""

from __future__ import annotations

import pytest

from core.people.commands_sessions import OpenSession
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import SYSTEM, seed_small

pytestmark = pytest.mark.storage

GIVE = "/v1/mini-program/hand-over"
REDEEM = "/v1/mini-program/hand-over/redeem"


async def test_a_code_for_the_bearer_becomes_the_page_s_cookie_once(face: Face) -> None:
    county = await seed_small(face.practice)
    opened = await face.practice.execute(SYSTEM, OpenSession(account_id=county.woman_account.account_id, kind="mini_program"))
    bearer = {"Authorization": f"Bearer {opened.token}"}
    given = await face.client.post(GIVE, headers=bearer)
    assert given.status_code == 201
    code = given.json()["code"]
    assert opened.token not in given.text

    for site in ("cross-site", "same-site"):
        foreign = await face.client.post(REDEEM, json={"code": code}, headers={"Sec-Fetch-Site": site})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "request.foreign_site")
    taken = await face.client.post(REDEEM, json={"code": code}, headers={"Sec-Fetch-Site": "same-origin"})
    assert taken.status_code == 201
    assert set(taken.json()) == {"expires_at"}
    cookies = taken.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["huizhen_session", "huizhen_refresh"]
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
    me = await face.client.get("/v1/me")
    assert me.json()["account_id"] == county.woman_account.account_id
    face.client.cookies.clear()
    again = await face.client.post(REDEEM, json={"code": code})
    assert (again.status_code, again.json()["code"]) == (404, "people.hand_over_spent")
    assert "set-cookie" not in again.headers


async def test_who_is_not_the_mini_program_gets_no_code(face: Face) -> None:
    county = await seed_small(face.practice)
    assert (await face.client.post(GIVE)).status_code == 401
    # A terminal's session is signed in, but no page belongs to it.
    terminal = await face.client.post(GIVE, headers=await face.bearer(county.woman_account.account_id))
    assert (terminal.status_code, terminal.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"code":""}', b'{"code":1}', b'{"code":"short"}', b'{"code":"%s"}' % (b"x" * 201), b"\xff"])
async def test_what_is_no_code_is_refused_without_echo(face: Face, body: bytes) -> None:
    answer = await face.client.post(REDEEM, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (404, 422)
    assert "x" * 20 not in answer.text
