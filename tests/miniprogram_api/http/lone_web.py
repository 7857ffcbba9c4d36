"""One web process alone, to be killed: `python -m tests.miniprogram_api.http.lone_web <practice url> <keyring url> <folder>`, its socket inherited
as file descriptor 3's number in LONE_SOCKET. Nothing of a house around it: what survives its death lies in the databases and the folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.channels.connections import connect_channels
from bot.channels.settings import ChannelSettings
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.guard import install_guard
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.practice_rooms import load_rooms
from miniprogram_api.app import web
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.settings import Settings
from tests.conftest import START


@contextlib.asynccontextmanager
async def practice_alone(practice_url: str, keyring_url: str, folder: Path) -> AsyncIterator[Practice]:
    install_guard(asyncio.get_running_loop())
    load_rooms()
    clock, rng = ManualClock(START), random.SystemRandom()
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)
    await open_database(practice_url, keyring_url)
    try:
        yield Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals(), demo=True)
    finally:
        await close_database()


def main(practice_url: str, keyring_url: str, folder: Path) -> None:
    @contextlib.asynccontextmanager
    async def open_house(settings: Settings) -> AsyncIterator[Any]:
        chosen = ChannelSettings.model_validate(generate(random.Random(1).randbytes))
        apis = SimpleNamespace(official_account=None, mini_program=None, wecom=None, robot=None)
        async with practice_alone(practice_url, keyring_url, folder) as practice:
            yield SimpleNamespace(practice=practice, channel_settings=chosen, channels=connect_channels(chosen), apis=apis)

    web.open_house = open_house  # type: ignore[assignment]
    app = web.build_app(Settings(demo=False, data_dir=folder, port=8000), "lone")
    app.run(sock=socket.socket(fileno=int(os.environ["LONE_SOCKET"])), single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
