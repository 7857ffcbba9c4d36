"""Signed-in people of a running demonstration, over HTTP, for journeys that are not about signing in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.demo import Demo


@dataclass
class Somebody:
    """A person with a bearer token."""

    key: str
    name: str
    token: str
    base_url: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.base_url + path, headers=self.headers, timeout=30, trust_env=False)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return httpx.post(self.base_url + path, json=body, headers={**self.headers, **headers}, timeout=30, trust_env=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def roster(demo: Demo) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = json.loads((demo.data_dir / "simulator" / "people.json").read_text())["people"]
    return people


def sign_in(demo: Demo, person: dict[str, Any]) -> Somebody:
    """A terminal session for one of the demonstration's people."""
    channels = json.loads((demo.data_dir / "secrets" / "channels.json").read_text())
    if "userid" in person:
        identity = {"app": channels["wecom"]["corpid"], "subject": person["userid"]}
    else:
        identity = {"app": channels["official_account"]["appid"], "subject": person["official_account_openid"]}
    secret = (demo.data_dir / "secrets" / "demo.secret").read_text().strip()
    answer = httpx.post(f"{demo.base_url}/v1/demo/sessions", json=identity, headers={"X-Demo-Secret": secret}, timeout=30, trust_env=False)
    assert answer.status_code == 201, answer.text
    return Somebody(person["key"], person["name"], answer.json()["token"], demo.base_url)
