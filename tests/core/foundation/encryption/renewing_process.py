"""A process that renews keys, to be killed: `python -m tests.core.foundation.encryption.renewing_process <practice url> <keyring url> <folder>
<seconds on the clock> <rest>`. Prints `phase done` after each batch."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import timedelta
from pathlib import Path

from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.encryption import reencryption
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from tests.conftest import START


async def main(practice_url: str, keyring_url: str, folder: Path, seconds: float) -> None:
    reencryption.BATCH = 60
    clock, rng = ManualClock(START + timedelta(seconds=seconds)), random.SystemRandom()
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)
    await open_database(practice_url, keyring_url)
    try:
        practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals(), demo=True)
        run = await reencryption.reencrypt(
            practice, settle=timedelta(0), progress=lambda phase, done, total: print(phase, done, flush=True)
        )
        print("finished", run.unopened, flush=True)
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))
