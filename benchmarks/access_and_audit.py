"""What the access check and the audit entry cost of one API request: a write and two reads over real HTTP, with and without them, on SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import random
import socket
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
from tortoise import Tortoise

from benchmarks.support.figure import Figure, number, show
from bot.channels.connections import connect_channels
from bot.channels.settings import ChannelSettings
from core.foundation import practice as practice_module
from core.foundation import work as work_module
from core.foundation.actor import Actor
from core.foundation.database.connection import close_database, open_database
from core.foundation.orders import Grant, Order
from core.foundation.work import Work
from core.people.commands import OpenSession
from core.practice_rooms import load_rooms
from miniprogram_api.app import web
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.settings import Settings
from tests.miniprogram_api.app.serving import serving
from tests.support.scene import Scene, scene_in

ROUNDS, CALLS = 5, 30
GOAL = 0.15


async def _opens(work: Work, order: Order) -> Grant:
    """What the check would find for a person of one role, without looking."""
    return next(grant for grant in order.access if work.actor.is_system or work.actor.holds(grant.role))


async def _leaves_nothing(work: Work, outcome: str) -> None:
    return None


@contextlib.contextmanager
def _without(*, access: bool = False, audit: bool = False) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if access:
            for module in (practice_module, work_module):
                stack.enter_context(patch.object(module, "check_access", _opens))
        if audit:
            stack.enter_context(patch.object(Work, "audit", _leaves_nothing))
        yield


class _Face:
    """The web application over the scene."""

    def __init__(self, client: httpx.AsyncClient, scene: Scene) -> None:
        self.client, self.scene = client, scene

    async def bearer(self, name: str) -> dict[str, str]:
        opened = await self.scene.practice.execute(
            Actor.system("benchmark"), OpenSession(account_id=self.scene.people[name].account_id, kind="terminal")
        )
        return {"Authorization": f"Bearer {opened.token}"}

    async def microseconds(self, request: dict[str, Any], calls: int) -> float:
        """CPU time of this process (every thread of it, the database's too) a request."""
        begun = time.process_time()
        for _ in range(calls):
            response = await self.client.request(**request)
            assert response.status_code in (200, 201), response.text
        return (time.process_time() - begun) / calls * 1e6


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

        with patch.object(web, "open_house", open_house), patch("miniprogram_api.http.limits.LIMITS", ()):
            app = web.build_app(Settings(demo=True, data_dir=folder, port=8000), "benchmark")
            listening = socket.create_server(("127.0.0.1", 0))
            async with serving(app, listening) as origin, httpx.AsyncClient(base_url=origin, trust_env=False, timeout=30) as client:
                yield _Face(client, scene)
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
        client = statistics.median([await face.microseconds({"method": "GET", "url": "/healthz"}, CALLS) for _ in range(ROUNDS)])
        rows = []
        for label, request in requests.items():
            await face.microseconds(request, 10)
            whole, no_access, no_audit, neither = [], [], [], []
            for _ in range(ROUNDS):
                whole.append(await face.microseconds(request, CALLS))
                with _without(access=True):
                    no_access.append(await face.microseconds(request, CALLS))
                with _without(audit=True):
                    no_audit.append(await face.microseconds(request, CALLS))
                with _without(access=True, audit=True):
                    neither.append(await face.microseconds(request, CALLS))
            whole_us, without_us = statistics.median(whole), statistics.median(neither)
            check, entry, both = whole_us - statistics.median(no_access), whole_us - statistics.median(no_audit), whole_us - without_us
            request_us = whole_us - client
            rows.append([label, number(request_us), number(max(check, 0.0)), number(max(entry, 0.0)), number(both), f"{both / request_us:.0%}"])
        return rows


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        rows = asyncio.run(_rows(Path(folder)))
    notes = [
        f"Microseconds of CPU in the web process, the database's thread included, what the client and an empty request cost taken off: the median of "
        f"{ROUNDS} rounds of {CALLS} requests, the four ways by turns. The goal is under {GOAL:.0%} of a write.",
        "Without the check the first entry of a role opens; without the audit no entry is written. A write's entry is one more row in its "
        "transaction; a read's is a transaction of its own, because it is written before the data leave.",
    ]
    versions = {name: version(name) for name in ("tortoise-orm", "aiosqlite", "sanic")}
    shown = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions}
    columns = ["", "request µs", "access check µs", "audit entry µs", "both µs", "share"]
    return Figure("access_and_audit", "Access check and audit of one API request", columns, rows, notes, shown)


if __name__ == "__main__":
    show(measure)
