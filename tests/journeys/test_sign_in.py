"""No page opens by a link alone: a page of practitioners goes through WeCom's authorise page, and nobody finishes a sign-in that another began."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.journeys.browser import PHONE, Visiting
from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo

ROOT = Path(__file__).resolve().parents[2]

PAGE = "/h5/doctor/cases/"


@pytest.fixture
def doctor(running_demo_house: Demo) -> str:
    key: str = next(person["key"] for person in roster(running_demo_house) if person["role"] == "village_doctor")
    return key


def browser(demo: Demo) -> httpx.Client:
    return httpx.Client(base_url=demo.base_url, timeout=30, trust_env=False)


def test_a_page_without_a_session_goes_to_the_authorise_page_and_comes_back_signed_in(running_demo_house: Demo, doctor: str):
    with browser(running_demo_house) as phone:
        away = phone.get(f"/phone/{doctor}{PAGE}")
        assert away.status_code == 302
        target = urlsplit(away.headers["location"])
        assert target.path.endswith("/connect/oauth2/authorize")
        assert target.fragment == "wechat_redirect"
        back = phone.get(away.headers["location"].partition("#")[0])
        assert back.status_code == 302
        signed = phone.get(back.headers["location"])
        assert signed.status_code == 302
        cookie = signed.headers["set-cookie"]
        assert f"Path=/phone/{doctor}/" in cookie
        assert "HttpOnly" in cookie
        page = phone.get(signed.headers["location"])
        assert page.status_code == 200
        assert phone.get(f"/phone/{doctor}/v1/me").json()["roles"][0]["role"] == "village_doctor"
        # The same code again, and the same page in another browser, open nothing.
        assert phone.get(back.headers["location"]).status_code in (400, 403)
        with browser(running_demo_house) as stranger:
            assert stranger.get(f"/phone/{doctor}{PAGE}").status_code == 302
            assert stranger.get(f"/phone/{doctor}/v1/me").status_code == 401
            assert stranger.get(back.headers["location"]).status_code == 400


def test_one_thing_on_a_page_is_still_what_is_open_after_the_sign_in(running_demo_house: Demo):
    """What stands behind # never reaches us, and the platform puts its own in its place: links to one thing carry it in the path."""
    administrator = next(person["key"] for person in roster(running_demo_house) if person["role"] == "administrator")
    its_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    with browser(running_demo_house) as phone:
        address = f"/phone/{administrator}/h5/staff/person/{its_id}/"
        for _ in range(3):  # the platform's page, back with a code, the page that was asked for
            answer = phone.get(address)
            assert answer.status_code == 302
            address = answer.headers["location"].partition("#")[0]
        shown = phone.get(address)
        assert urlsplit(shown.headers["location"]).path.endswith("/h5/staff/")
        assert urlsplit(shown.headers["location"]).fragment == f"/person/{its_id}"


def test_a_state_that_is_not_this_browsers_is_refused(running_demo_house: Demo, doctor: str):
    with browser(running_demo_house) as attacker, browser(running_demo_house) as victim:
        begun = attacker.get(f"/phone/{doctor}{PAGE}").headers["location"].partition("#")[0]
        link = attacker.get(begun).headers["location"]
        victim.get(f"/phone/{doctor}{PAGE}")
        answer = victim.get(link)
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
        assert "重新打开" in answer.text


def test_opened_outside_wechat_it_explains_itself(running_demo_house: Demo):
    with browser(running_demo_house) as outside:
        away = outside.get(PAGE).headers["location"].partition("#")[0]
        assert parse_qs(urlsplit(away).query)["redirect_uri"][0].endswith("/h5/oauth/wecom")
        answer = outside.get(away)
        assert answer.status_code < 500
        assert "微信" in answer.text


def test_people_of_one_browser_keep_their_own_sessions(running_demo_house: Demo):
    first, second = [person["key"] for person in roster(running_demo_house) if person["role"] == "village_doctor"][:2]
    with browser(running_demo_house) as one_browser:
        names = {}
        for key in (first, second):
            address = f"/phone/{key}{PAGE}"
            for _ in range(5):
                answer = one_browser.get(address)
                if answer.status_code == 200:
                    break
                address = str(answer.url.join(answer.headers["location"])).partition("#")[0]
            names[key] = one_browser.get(f"/phone/{key}/v1/me").json()["account_id"]
        assert names[first] != names[second]


def test_a_session_ends_when_it_is_closed(running_demo_house: Demo):
    person = next(one for one in roster(running_demo_house) if one["role"] == "scheduler")
    somebody = sign_in(running_demo_house, person)
    assert somebody.get("/v1/me").status_code == 200
    assert somebody.post("/v1/sessions/close", {}).status_code == 200
    assert somebody.get("/v1/me").status_code == 401


def test_demonstration_sessions_need_the_secret(running_demo_house: Demo):
    body = {"app": "x", "subject": "y"}
    with browser(running_demo_house) as stranger:
        assert stranger.post("/v1/demo/sessions", json=body).status_code == 403
        assert stranger.post("/v1/demo/sessions", json=body, headers={"X-Demo-Secret": "guess"}).status_code == 403


@pytest.mark.browser
async def test_a_link_to_one_thing_keeps_it_through_the_sign_in_also_behind_the_hash(visiting: Visiting, running_demo_house: Demo):
    administrator = next(person["key"] for person in roster(running_demo_house) if person["role"] == "administrator")
    place = f"{running_demo_house.base_url}/phone/{administrator}/h5/staff/"
    visit = await visiting(f"{place}#/houses", PHONE)
    await visit.page.wait_for_url(f"{place}#/houses")
    assert (await visit.page.request.get(f"{running_demo_house.base_url}/phone/{administrator}/v1/me")).ok


def test_what_comes_back_behind_the_hash_is_a_name_on_our_own_page(running_demo_house: Demo, doctor: str):
    """And no more: whoever alters the address gets the page as it is."""
    given = {"/case/01ARZ3NDEKTSV4RRFFQ69G5FAV": True, "//evil.example": False, "x\r\nset-cookie: a=b": False, "/a?b=<script>": False}
    for opened, kept in given.items():
        with browser(running_demo_house) as phone:
            away = phone.get(f"/phone/{doctor}{PAGE}", headers={"accept": "text/html"})
            assert away.status_code == 200
            assert "Path=/phone" in away.headers["set-cookie"]
            address = unescape(re.search(r'href="([^"]+)"', away.text)[1])
            begun = urlsplit(address.partition("#")[0])
            query = dict(parse_qsl(begun.query))
            query["redirect_uri"] += f"?{urlencode({'opened': opened})}"
            back = phone.get(f"{begun.path}?{urlencode(query)}").headers["location"]
            signed = phone.get(back)
            landed = urlsplit(signed.headers["location"])
            assert (landed.netloc, landed.path) == ("", f"/phone/{doctor}{PAGE}")
            assert landed.fragment == (opened if kept else "")
            assert "a" not in signed.cookies


def test_every_page_that_the_chat_links_to_is_there(running_demo_house: Demo):
    """The addresses stand in words of the chat: one that no page answers would be a dead end at the worst moment."""
    found = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for address in re.findall(r'"page:(/h5/[^"\n]*)"', path.read_text()):
            found.add(re.sub(r"\{[^{}]+\}", "01ARZ3NDEKTSV4RRFFQ69G5FAV", re.sub(r"\{[^{}]* if [^{}]*\}", "sign", address)))
    assert len(found) > 8
    with browser(running_demo_house) as phone:
        assert {one: phone.get(one).status_code for one in found} == dict.fromkeys(found, 302)
