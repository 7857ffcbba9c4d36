"""Makes copies in processes that die over them: ``… PRACTICE_URL KEYRING_URL FOLDER SECONDS_ON_THE_CLOCK``, then a line ``DEATH OUT`` for each, which
is killed (-9) just before the file number DEATH would come to its place. How it ended is answered. They are forked, so that pandas and the
dictionary are loaded once.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.deidentification.copying import Wanted, make_copy
from core.deidentification.k_anonymity import measured
from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Engines, Practice
from core.foundation.signals import LocalSignals
from core.practice_rooms import load_rooms
from nlp.interface.masking import Known
from nlp.masking.masker import build
from tests.conftest import START

MASKER = build()


def quiet(phase: str, done: int, total: int) -> None:
    pass


async def copy(practice_url: str, keyring_url: str, folder: Path, seconds: float, out: Path, death: int) -> None:
    clock, rng = ManualClock(START + timedelta(seconds=seconds)), random.SystemRandom()
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)
    placed, replace = 0, Path.replace

    def dies(self: Path, target: Any) -> Path:
        nonlocal placed
        placed += 1
        if placed == death:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = dies  # type: ignore[method-assign]
    await open_database(practice_url, keyring_url)
    try:
        practice = Practice(
            clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals(), Engines(masking=MASKER), demo=True
        )
        await make_copy(practice, Actor.system("test"), Wanted(out=out, purpose="research", reason="省里的基层高血压研究", k=2), quiet)
    finally:
        await close_database()


def main(practice_url: str, keyring_url: str, folder: Path, seconds: float) -> None:
    load_rooms()
    MASKER.mask("王志远主任说的", Known())
    measured([("", "", "", "")])
    for line in sys.stdin:
        death, _, out = line.rstrip("\n").partition(" ")
        child = os.fork()
        if not child:
            asyncio.run(copy(practice_url, keyring_url, folder, seconds, Path(out), int(death)))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
