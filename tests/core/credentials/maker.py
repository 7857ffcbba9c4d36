"""One process of several that make a county's keys and take places for credentials: opens the practice's database by itself, waits for the word.

``python -m tests.core.credentials.maker <practice> <keyring> <master key> <credential id> …`` answers "ready", begins at the next line, and prints
how it ended.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from core.credentials import predicates
from core.credentials.commands import AddRegistry, MakeIssuer, TakePlace
from core.credentials.errors import RegistryFull
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.practice_rooms import load_rooms
from tests.conftest import START
from tests.core.credentials.people import COUNTY, county_keys
from tests.support.county import SYSTEM


async def main(practice_url: str, keyring_url: str, key: str, ids: list[str]) -> None:
    load_rooms()
    await open_database(practice_url, keyring_url)
    predicates.set_up, predicates.CAPACITY = county_keys, 4
    clock, rng = ManualClock(START), random.Random(os.getpid())
    keys = KeyRing(MasterKeys.load(Path(key)), clock)
    practice = Practice(
        clock=clock, ids=Ids(clock.real_now, rng), rng=rng, keys=keys, blobs=BlobStore(Path("/nonexistent"), keys), signals=LocalSignals()
    )
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    try:
        made = (await practice.execute(SYSTEM, MakeIssuer(county=COUNTY))).made
        await asyncio.gather(*(_place(practice, one) for one in ids))
        print("made" if made else "found", flush=True)
    finally:
        await close_database()


async def _place(practice: Practice, credential_id: str) -> None:
    while True:
        try:
            await practice.execute(SYSTEM, TakePlace(credential_id=credential_id))
            return
        except RegistryFull as full:
            await practice.execute(SYSTEM, AddRegistry(county=COUNTY, after=full.fields["number"]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], sys.argv[4:]))
