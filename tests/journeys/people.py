"""Signed-in people of a running demonstration, over HTTP, for journeys that are not about signing in."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from tests.journeys.codes import fresh_code
from tests.support.demo import Demo


@dataclass
class Somebody:
    """A person with a bearer token."""

    key: str
    name: str
    token: str
    base_url: str
    refresh_token: str = ""

    def get(self, path: str) -> httpx.Response:
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A signature that asks for the one-time code gets it, and is asked for again."""
        answer = self._post(path, body, headers)
        if answer.status_code == 403 and answer.json().get("code") == "signing.second_factor_needed":
            given = self._post("/v1/me/second-factor/codes", {"code": fresh_code(self.base_url, self.key)}, {})
            assert given.status_code == 201, given.text
            answer = self._post(path, body, headers)
        return answer

    def _post(self, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        return self._send("POST", path, body, headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        """As every program does: a token that has run out (on a busy machine a journey takes a while) is changed for the next."""
        answer = self._once(method, path, body, headers)
        if answer.status_code == 401 and answer.json().get("code") == "session.stale":
            given = self._once("POST", "/v1/sessions/refresh", {"refresh_token": self.refresh_token}, {}).json()
            self.token, self.refresh_token = given["token"], given["refresh_token"]
            answer = self._once(method, path, body, headers)
        return answer

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        return httpx.request(method, self.base_url + path, json=body, headers={**self.headers, **headers}, timeout=30, trust_env=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def roster(demo: Demo) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = json.loads((demo.data_dir / "simulator" / "people.json").read_text())["people"]
    return people


KEPT_S = 420
"""How long a session is used again, so that its owner signs on with the code he gave; its token lasts a quarter of an hour."""
_kept: dict[tuple[str, str], tuple[float, Somebody]] = {}


def sign_in(demo: Demo, person: dict[str, Any]) -> Somebody:
    """A terminal session for one of the demonstration's people; for who signs, the one of some minutes ago where there is one."""
    if not person.get("authenticator"):
        return _sign_in(demo, person)
    opened, somebody = _kept.get((demo.base_url, person["key"]), (0.0, None))
    if somebody is None or time.monotonic() - opened > KEPT_S:
        somebody = _sign_in(demo, person)
        _kept[demo.base_url, person["key"]] = (time.monotonic(), somebody)
    return somebody


def _sign_in(demo: Demo, person: dict[str, Any]) -> Somebody:
    channels = json.loads((demo.data_dir / "secrets" / "channels.json").read_text())
    if "userid" in person:
        identity = {"app": channels["wecom"]["corpid"], "subject": person["userid"]}
    else:
        identity = {"app": channels["official_account"]["appid"], "subject": person["official_account_openid"]}
    secret = (demo.data_dir / "secrets" / "demo.secret").read_text().strip()
    answer = httpx.post(f"{demo.base_url}/v1/demo/sessions", json=identity, headers={"X-Demo-Secret": secret}, timeout=30, trust_env=False)
    assert answer.status_code == 201, answer.text
    return Somebody(person["key"], person["name"], answer.json()["token"], demo.base_url, answer.json()["refresh_token"])
