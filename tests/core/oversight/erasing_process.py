"""A process in which somebody has himself erased, and dies over it: ``… PRACTICE_URL KEYRING_URL FOLDER SECONDS_ON_THE_CLOCK ACCOUNT_ID WHEN``:
``rows`` (before they are committed), ``before`` the key ring is touched, ``between`` lock and keys, ``after`` both, with the event not marked yet."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.encryption import intended
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.oversight import erasures
from core.oversight.commands_erasures import EraseMine
from core.people.service import actor_for
from core.practice_rooms import load_rooms
from tests.conftest import START


def dying(does: Any, *, first: bool) -> Any:
    async def dies(*arguments: Any, **named: Any) -> None:
        if first:
            await does(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return dies


async def main(practice_url: str, keyring_url: str, folder: Path, seconds: float, account_id: str, when: str) -> None:
    load_rooms()
    clock, rng = ManualClock(START + timedelta(seconds=seconds)), random.SystemRandom()
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)
    if when == "rows":
        erasures.erase_with_commit = dying(erasures.erase_with_commit, first=True)
    elif when == "before":
        intended.set_lock = dying(intended.set_lock, first=False)
    else:
        intended.destroy_all = dying(intended.destroy_all, first=when == "after")
    await open_database(practice_url, keyring_url)
    try:
        practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals(), demo=True)
        actor = await actor_for(account_id, "mini_program", clock.now())
        await practice.execute(actor, EraseMine(confirm=True))
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5], sys.argv[6]))
