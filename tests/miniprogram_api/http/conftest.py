"""The real web application over the tests' own practice, on a real socket: what a request meets, without the other processes."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bot.channels.connections import connect_channels
from bot.channels.settings import ChannelSettings
from core.foundation.practice import Practice
from core.people.commands_sessions import OpenSession
from miniprogram_api.app import web
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.settings import Settings
from tests.miniprogram_api.app.serving import serving
from tests.support.county import SYSTEM

DEMO_SECRET = "secret-of-the-tests"


@dataclass
class Face:
    """``client`` talks to the application; ``bearer`` gives the headers of somebody signed in."""

    practice: Practice
    client: httpx.AsyncClient
    app: Any = None

    async def bearer(self, account_id: str) -> dict[str, str]:
        opened = await self.practice.execute(SYSTEM, OpenSession(account_id=account_id, kind="terminal"))
        return {"Authorization": f"Bearer {opened.token}"}


@pytest.fixture
async def face(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Face]:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "demo.secret").write_text(DEMO_SECRET)
    chosen = ChannelSettings.model_validate(generate(random.Random(1).randbytes))
    apis = SimpleNamespace(official_account=None, mini_program=None, wecom=None, robot=None)
    house: Any = SimpleNamespace(practice=practice, channel_settings=chosen, channels=connect_channels(chosen), apis=apis)

    @contextlib.asynccontextmanager
    async def open_house(settings: Settings) -> AsyncIterator[Any]:
        yield house

    monkeypatch.setattr(web, "open_house", open_house)
    app = web.build_app(Settings(demo=True, data_dir=tmp_path, port=8000), f"face-{random.getrandbits(40)}")
    listening = socket.create_server(("127.0.0.1", 0))
    async with serving(app, listening) as origin, httpx.AsyncClient(base_url=origin, trust_env=False, timeout=30) as client:
        yield Face(practice, client, app)
