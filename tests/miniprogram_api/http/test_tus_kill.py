"""kill -9 of the web process in the middle of a file: what was stored stays, the sender goes on there, the image is whole."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.dispatch.commands import RequestConsultation
from core.foundation.events import IMAGE_LANE
from core.foundation.practice import Practice
from core.imaging.models import Instance, Transfer, TransferPiece
from core.people.commands_sessions import OpenSession
from media.imaging import build
from tests.conftest import DatabaseUrls
from tests.core.dispatch.line_engine import LineEngine
from tests.media.test_check import small_ct
from tests.miniprogram_api.http.conftest import Face
from tests.miniprogram_api.http.test_images import lanes
from tests.miniprogram_api.http.test_tus import Sender
from tests.support.county import NUMBER_WITHOUT_WECHAT, SYSTEM, seed_small

pytestmark = pytest.mark.storage
ROOT = Path(__file__).resolve().parents[3]


class LoneWeb:
    """A web process on a socket that outlives it, as under the supervisor."""

    def __init__(self, urls: DatabaseUrls, folder: Path) -> None:
        self._urls, self._folder = urls, folder
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        descriptor = self._listening.fileno()
        command = (sys.executable, "-m", "tests.miniprogram_api.http.lone_web", self._urls.practice, self._urls.keyring, str(self._folder))
        self.process = await asyncio.create_subprocess_exec(
            *command, pass_fds=(descriptor,), env={**os.environ, "LONE_SOCKET": str(descriptor)}, cwd=ROOT
        )
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"{self.origin}/healthz")).status_code < 500:
                        return
                await asyncio.sleep(0.1)
        raise AssertionError("the web process does not answer")

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
async def web(database_urls: DatabaseUrls, practice: Practice, tmp_path: Path) -> AsyncIterator[LoneWeb]:
    (tmp_path / "secrets").mkdir()
    lone = LoneWeb(database_urls, tmp_path)
    await lone.start()
    yield lone
    await lone.kill()
    lone.close()


async def test_what_was_stored_before_the_kill_stays_and_the_rest_is_sent_again(web: LoneWeb, practice: Practice) -> None:
    county = await seed_small(practice)
    practice.engines.clinical, practice.engines.imaging = LineEngine(), build()
    asked = await practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITHOUT_WECHAT, text="咳嗽 三天"))
    opened = await practice.execute(SYSTEM, OpenSession(account_id=county.village_doctor.account_id, kind="terminal"))
    data = small_ct(Rows=1500, Columns=1500, BitsStored=16, HighBit=15, PixelData=random.Random(6).randbytes(4_500_000))
    async with httpx.AsyncClient(base_url=web.origin, trust_env=False, timeout=60) as client:
        face = Face(practice, client)
        sender = Sender(face, {"Authorization": f"Bearer {opened.token}"}, asked.consultation_id)
        place = await sender.begun(len(data), sha256=hashlib.sha256(data).hexdigest())
        assert (await sender.send(place, 0, data[:1_000_000])).status_code == 204
        held = asyncio.Event()

        async def pouring() -> Any:
            yield data[1_000_000:3_000_000]
            held.set()
            await asyncio.sleep(60)

        sending = asyncio.create_task(sender.send(place, 1_000_000, pouring(), **{"Content-Length": str(len(data) - 1_000_000)}))
        await held.wait()
        await asyncio.sleep(0.2)
        await web.kill()
        sending.cancel()
        with contextlib.suppress(httpx.HTTPError, asyncio.CancelledError):
            await sending

    stood = (await Transfer.all())[0].received
    assert 1_000_000 <= stood <= 3_000_000
    pieces = await TransferPiece.all().order_by("start")
    assert sum(piece.size for piece in pieces) == stood
    await web.start()
    async with httpx.AsyncClient(base_url=web.origin, trust_env=False, timeout=60) as client:
        sender.face = face = Face(practice, client)
        assert await sender.where(place) == stood
        assert (await sender.send(place, stood, data[stood:])).status_code == 204
        async with lanes(face, IMAGE_LANE):
            view = await sender.verdict(place)
    assert (view["state"], view["sha256"]) == ("accepted", hashlib.sha256(data).hexdigest())
    instance = await Instance.get(id=view["instance_id"])
    assert await practice.blobs.get(instance.blob_id, "patient", instance.patient_id) == data
