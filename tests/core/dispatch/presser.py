"""One process of many that press 接诊: opens the practice's database by itself, waits for the word, presses all at once, prints what came.

``python -m tests.core.dispatch.presser <practice> <keyring>`` reads one line of JSON for each round ({"key", "presses": [[account, offer] …]}),
answers "ready", begins at the next line, and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path

from core.dispatch.commands import AcceptOffer
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.errors import DomainError
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.people.service import actor_for
from core.practice_rooms import load_rooms
from tests.conftest import START


async def press(practice: Practice, account_id: str, offer_id: str) -> str:
    try:
        answer = await practice.execute(await actor_for(account_id, "wecom_app", practice.clock.now()), AcceptOffer(offer_id=offer_id))
    except DomainError as refusal:
        return refusal.code
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"accepted:{answer.code}:{account_id}"


async def round_of(key: str, presses: list[list[str]]) -> None:
    clock = ManualClock(START)
    rng = random.Random(os.getpid())
    keys = KeyRing(MasterKeys.load(Path(key)), clock)
    practice = Practice(
        clock=clock, ids=Ids(clock.real_now, rng), rng=rng, keys=keys, blobs=BlobStore(Path("/nonexistent"), keys), signals=LocalSignals()
    )
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    outcomes = await asyncio.gather(*(press(practice, account, offer) for account, offer in presses))
    print(json.dumps(outcomes), flush=True)


async def main(practice_url: str, keyring_url: str) -> None:
    load_rooms()
    await open_database(practice_url, keyring_url)
    while given := await asyncio.to_thread(sys.stdin.readline):
        await round_of(**json.loads(given))
    await close_database()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
