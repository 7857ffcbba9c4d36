"""What the access check and the audit entry cost of one API request: a write and two reads over real HTTP, on SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import random
import socket
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
from sanic import Request
from tortoise import Tortoise

from benchmarks.support.figure import Figure, number, show
from bot.channels.connections import connect_channels
from bot.channels.settings import ChannelSettings
from core.foundation import practice as practice_module
from core.foundation import work as work_module
from core.foundation.access import check_access
from core.foundation.actor import Actor
from core.foundation.database.connection import close_database, open_database
from core.foundation.orders import Grant, Order
from core.foundation.work import Work
from core.people.commands_sessions import OpenSession
from core.practice_rooms import load_rooms
from miniprogram_api.app import web
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.settings import Settings
from tests.miniprogram_api.app.serving import serving
from tests.support.scene import Scene, scene_in

CALLS = 250
GOAL = 0.15


@dataclass
class Spent:
    """Seconds of one request: from our first line to the answer, and of these in the check and in the entry."""

    whole: float = 0.0
    access: float = 0.0
    audit: float = 0.0


class Watch:
    """Times every check and every entry of the request that is under way (one at a time)."""

    def __init__(self) -> None:
        self.requests: list[Spent] = []
        self.now = Spent()

    async def check(self, work: Work, order: Order) -> Grant:
        begun = time.perf_counter()
        try:
            return await check_access(work, order)
        finally:
            self.now.access += time.perf_counter() - begun

    async def entry(self, work: Work, outcome: str) -> None:
        begun = time.perf_counter()
        try:
            await _AUDIT(work, outcome)
        finally:
            self.now.audit += time.perf_counter() - begun


_AUDIT = Work.audit


class _Face:
    """The web application over the scene."""

    def __init__(self, app: Any, scene: Scene, watch: Watch) -> None:
        self.scene, self.watch = scene, watch
        self.client: httpx.AsyncClient

        @app.on_request(priority=1000)
        async def begin(request: Request) -> None:
            watch.now = Spent()
            request.ctx.began = time.perf_counter()

        @app.on_response(priority=0)
        async def end(request: Request, response: Any) -> None:
            watch.now.whole = time.perf_counter() - request.ctx.began
            watch.requests.append(watch.now)

    async def bearer(self, name: str) -> dict[str, str]:
        opened = await self.scene.practice.execute(
            Actor.system("benchmark"), OpenSession(account_id=self.scene.people[name].account_id, kind="terminal")
        )
        return {"Authorization": f"Bearer {opened.token}"}

    async def measured(self, request: dict[str, Any]) -> list[Spent]:
        """What each of many equal requests spent; the first ones warm up and do not count."""
        for count in (20, CALLS):
            self.watch.requests.clear()
            for _ in range(count):
                response = await self.client.request(**request)
                assert response.status_code in (200, 201), response.text
        return list(self.watch.requests)


@contextlib.asynccontextmanager
async def _face(folder: Path) -> AsyncIterator[_Face]:
    load_rooms()
    await open_database(f"sqlite://{folder}/practice.sqlite3", f"sqlite://{folder}/keyring.sqlite3")
    await Tortoise.generate_schemas()
    try:
        scene = await scene_in(folder)
        (folder / "secrets").mkdir()
        (folder / "secrets" / "demo.secret").write_text("secret-of-the-benchmark")
        chosen = ChannelSettings.model_validate(generate(random.SystemRandom().randbytes))
        apis = SimpleNamespace(official_account=None, mini_program=None, wecom=None, robot=None)
        house = SimpleNamespace(practice=scene.practice, channel_settings=chosen, channels=connect_channels(chosen), apis=apis, redis=None)

        @contextlib.asynccontextmanager
        async def open_house(settings: Settings) -> AsyncIterator[Any]:
            yield house

        watch = Watch()
        with (
            patch.object(web, "open_house", open_house), patch("miniprogram_api.http.limits.LIMITS", ()),
            patch.object(practice_module, "check_access", watch.check), patch.object(work_module, "check_access", watch.check),
            patch.object(Work, "audit", lambda work, outcome: watch.entry(work, outcome)),
        ):
            app = web.build_app(Settings(demo=True, data_dir=folder, port=8000), "benchmark")
            face = _Face(app, scene, watch)
            listening = socket.create_server(("127.0.0.1", 0))
            async with serving(app, listening) as origin, httpx.AsyncClient(base_url=origin, trust_env=False, timeout=30) as client:
                face.client = client
                yield face
    finally:
        await close_database()


async def _rows(folder: Path) -> list[list[str]]:
    async with _face(folder) as face:
        values, expert, woman = face.scene.values, await face.bearer("expert"), await face.bearer("woman")
        pressure = {"systolic": 124, "diastolic": 80}
        patient, case = f"/v1/patients/{values['patient_id']}", f"/v1/consultations/{values['consultation_id']}"
        requests = {
            "write: a reading, by the patient": {"method": "POST", "url": f"{patient}/readings", "json": pressure, "headers": woman},
            "read: the timeline, by the expert": {"method": "GET", "url": f"{case}/timeline", "headers": expert},
            "read: the whole case, by the expert": {"method": "GET", "url": f"{case}/case", "headers": expert},
        }
        rows = []
        for label, request in requests.items():
            spent = await face.measured(request)
            share = median((one.access + one.audit) / one.whole for one in spent)
            times = [median(values) * 1e6 for values in zip(*((one.whole, one.access, one.audit) for one in spent), strict=True)]
            rows.append([label, *map(number, times), f"{share:.0%}"])
        return rows


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        rows = asyncio.run(_rows(Path(folder)))
    notes = [
        f"Microseconds in the web process, from the first of our lines to the answer; network and client are left out. Median of {CALLS} requests "
        "one after the other; the share is the median of each request's own, so that a busy machine slows both sides. "
        f"The goal is under {GOAL:.0%} of a write.",
        "Of a request that gives several orders every check and every entry counts. A write's entry is one more row in its transaction; a read's is "
        "a transaction of its own, because it is written before the data leave.",
    ]
    versions = {name: version(name) for name in ("tortoise-orm", "aiosqlite", "sanic")}
    shown = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions}
    columns = ["", "request µs", "access check µs", "audit entry µs", "share of both"]
    return Figure("access_and_audit", "Access check and audit of one API request", columns, rows, notes, shown)


if __name__ == "__main__":
    show(measure)
