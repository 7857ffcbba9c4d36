"""A process of its own that books: reads one JSON line with databases and key file, says "ready", then tries each slot it reads, one a line.

Prints the outcome of each attempt: "booked" or the code of the refusal.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

from core.appointments.commands import BookSlot
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.errors import DomainError
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.practice_rooms import load_rooms
from tests.conftest import START


async def book_all(task: dict[str, Any]) -> None:
    from core.people.accounts import actor_for

    load_rooms()
    await open_database(task["practice"], task["keyring"])
    clock, rng = ManualClock(START), random.Random(task["seed"])
    folder = Path(task["keys"])
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)
    practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals(), demo=True)
    actor = await actor_for(task["account"], "mini_program", clock.now())
    print("ready", flush=True)
    while slot := (await asyncio.to_thread(sys.stdin.readline)).strip():
        try:
            outcome = (await practice.execute(actor, BookSlot(slot_id=slot, patient_id=task["patient"]))).state
        except DomainError as refusal:
            outcome = refusal.code
        print(outcome, flush=True)
    await close_database()


if __name__ == "__main__":
    asyncio.run(book_all(json.loads(sys.stdin.readline())))
