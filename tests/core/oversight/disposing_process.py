"""A process that erases a record, or a month of words, and dies over it: ``… PRACTICE_URL KEYRING_URL FOLDER SECONDS_ON_THE_CLOCK DISPOSAL_ID
before|after``: before the keys are destroyed, or right after, with the order's transaction open."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.oversight import disposals
from core.oversight.commands_disposals import Dispose
from core.practice_rooms import load_rooms
from tests.conftest import START


async def main(practice_url: str, keyring_url: str, folder: Path, seconds: float, disposal_id: str, when: str) -> None:
    load_rooms()
    clock, rng = ManualClock(START + timedelta(seconds=seconds)), random.SystemRandom()
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)

    def dying(destroys: Any) -> Any:
        async def dies(*arguments: Any) -> None:
            if when == "after":
                await destroys(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)

        return dies

    disposals.erase_subject, disposals.destroy_keys = dying(disposals.erase_subject), dying(disposals.destroy_keys)
    await open_database(practice_url, keyring_url)
    try:
        practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals(), demo=True)
        await practice.execute(Actor.system("ticker"), Dispose(disposal_id=disposal_id))
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5], sys.argv[6]))
