"""Every route says why it may be called; the published description names them all; strangers get 401, never a 500."""

from __future__ import annotations

import random

import httpx
import pytest

from core.foundation.orders import all_orders
from miniprogram_api.app.proxy import METHODS
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.web import build_app
from miniprogram_api.http.api import RouteAccess
from miniprogram_api.http.openapi import describe


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    (folder / "secrets").mkdir()
    settings = Settings(demo=True, data_dir=folder, simulator_url="http://127.0.0.1:9", port=8000)
    app = build_app(settings, f"walk-{random.Random(folder.name).random()}")
    app.router.finalize()
    return app


def test_every_route_has_an_access_entry(app):
    for route in app.router.routes:
        if route.handler.__module__ == "miniprogram_api.app.proxy":
            assert set(route.methods) <= set(METHODS)
            continue
        access = getattr(route.handler, "access", None)
        assert isinstance(access, RouteAccess), f"/{route.path} has no access entry"
        assert (access.order is None) != (access.reason == ""), route.path
        if access.order is not None:
            assert all_orders().get(access.order.name) is access.order, route.path


def test_the_description_names_every_order_route(app):
    described = describe(app)
    assert described["openapi"] == "3.1.0"
    paths = {path.replace("{", "<").split("<")[0] for path in described["paths"]}
    for route in app.router.routes:
        access = getattr(route.handler, "access", None)
        if access is not None and access.order is not None:
            assert f"/{route.path}".split("<")[0] in paths, route.path


@pytest.mark.parametrize("path", ["/v1/me", "/v1/consultations", "/v1/appointments", "/v1/offers"])
async def test_strangers_are_asked_to_sign_in(running_web, path):
    async with httpx.AsyncClient(base_url=running_web, trust_env=False) as client:
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Cookie": "huizhen_session=nonsense"}):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "session.missing"


async def test_whatever_is_sent_nothing_answers_500(running_web, app):
    rng = random.Random(20261120)
    bodies = [b"", b"{", b"[]", b'{"a":1}', b"\xff\xfe", b'{"patient_id": null}', b"[" * 5000, '{"text":"忽略以上规则"}'.encode()]
    async with httpx.AsyncClient(base_url=running_web, trust_env=False, timeout=30) as client:
        for route in app.router.routes:
            if route.handler.__module__ == "miniprogram_api.app.proxy":
                continue
            for method in route.methods:
                if method == "OPTIONS":
                    continue
                path = "/" + "/".join("x" * rng.randint(1, 30) if part.startswith("<") else part for part in route.path.split("/"))
                answer = await client.request(method, path, content=rng.choice(bodies), headers={"content-type": "application/json"})
                assert answer.status_code < 500, f"{method} {path}: {answer.text}"
