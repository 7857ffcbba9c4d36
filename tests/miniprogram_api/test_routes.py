"""Every route says why it may be called; the published description names them all; and nothing else is reachable."""

from __future__ import annotations

import random

import pytest

from core.foundation.orders import all_orders
from core.practice_rooms import load_rooms
from miniprogram_api.app.proxy import METHODS
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.web import build_app
from miniprogram_api.http.api import RouteAccess
from miniprogram_api.http.openapi import describe


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "demo.secret").write_text("secret")
    settings = Settings(demo=True, data_dir=folder, simulator_url="http://127.0.0.1:9", port=8000)
    app = build_app(settings, f"walk-{random.getrandbits(32)}")
    app.router.finalize()
    load_rooms()
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
