"""Renewing keys while people work: rows a second of ``rotate`` and ``reencrypt`` in a process of their own, beside 50 orders a second in another.

100,000 fields of 5,000 people by default; `--full`, or HUIZHEN_TEST_SCALE=full, for 1,000,000 of 50,000. SQLite.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from tortoise.connection import get_connection

from benchmarks.execute import opened_practice
from benchmarks.support.figure import Figure, number, percentile, show
from core.conversations import reading
from core.conversations.models import Message
from core.conversations.words import words_key
from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import SystemClock
from core.foundation.database.connection import KEYRING, PRACTICE, close_database, open_database
from core.foundation.encryption.reencryption import reencrypt
from core.foundation.encryption.ring import wrapping_context
from core.foundation.encryption.rotation import rotate
from core.foundation.ids import Ids
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import KeyRing, MasterKeys, Sealer
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.people.commands import EnsureAccount, VerifyPhone

PER_SECOND = 50
SENTENCE = "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷"
QUIET_S = 6.0


def measure() -> Figure:
    full = "--full" in sys.argv or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
    fields, people = (1_000_000, 50_000) if full else (100_000, 5_000)
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        return asyncio.run(_measure(Path(folder), fields, people))


async def _measure(folder: Path, fields: int, people: int) -> Figure:
    async with opened_practice(folder) as practice:
        account = (await practice.execute(Actor.system("benchmark"), EnsureAccount(app="benchmark", subject="somebody"))).account_id
        await _fill(practice, fields, people)
        waits = await _orders(practice, account, asyncio.create_task(asyncio.sleep(QUIET_S)))
        rows = [["50 orders a second, nothing else", "", "", *_shown(waits)]]
        for kind, what, count in (("rotate", "data keys wrapped anew", people), ("reencrypt", "fields sealed anew", fields)):
            renewing = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.rotation", "--renew", kind, str(folder), stdout=PIPE
            )
            done = asyncio.create_task(renewing.communicate())
            waits = await _orders(practice, account, done)
            seconds = float((await done)[0].splitlines()[-1])
            assert renewing.returncode == 0
            rows.append([f"{kind}: {count:,} {what}", number(seconds), number(count / seconds), *_shown(waits)])
        row = await Message.all().order_by("-id").first()
        assert row is not None
        assert await reading.opened(practice, row, "body") == SENTENCE
    notes = [
        f"{fields:,} fields of {people:,} people on SQLite; the orders (bind a phone number) run in another process on the same machine.",
        "Seconds of reencrypt hold everything: new keys, every field, the second walk that shows that nothing is left, the former keys destroyed; "
        "not the minute that it waits in between for the slowest order.",
        "It rests between batches for half of the time that a batch took, so that the orders find the database free.",
    ]
    versions = {name: version(name) for name in ("tortoise-orm", "aiosqlite", "cryptography")}
    columns = ["", "seconds", "rows a second", "orders/s", "order, median ms", "99 %, ms"]
    return Figure(
        "rotation", "Renewing keys while 50 orders a second are served", columns, rows, notes,
        {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions},
    )  # fmt: skip


async def _fill(practice: Practice, fields: int, people: int) -> None:
    """Messages of accounts, straight into the tables."""
    new, suite, master = practice.ids.new, practice.keys.suite, practice.keys.master
    sealers: list[tuple[str, Sealer]] = []
    keys = []
    at = datetime.now(UTC)
    for _ in range(people):
        account, key = new(), suite.new_key()
        subject = f"words:{words_key(account, at)}"
        sealers.append((account, Sealer(subject, key)))
        wrapped = await master.wrap("1", wrapping_context(subject, 1, suite), key)
        keys.append(WrappedKey(id=subject, wrapped=wrapped, kek_version="1", created_at=at))
    await WrappedKey.bulk_create(keys, batch_size=500)
    for start in range(0, fields, 5000):
        rows = []
        for count in range(start, min(fields, start + 5000)):
            account, sealer = sealers[count % people]
            key = new()
            rows.append(
                Message(
                    id=key, conversation_id=account, account_id=account, dedupe_key=key, kind="text", state="delivered", received_at=at,
                    words_key=words_key(account, at), body=sealer.seal("message", "body", key, SENTENCE),
                )
            )  # fmt: skip
        await Message.bulk_create(rows, batch_size=500)
    for name in (PRACTICE, KEYRING):
        await get_connection(name).execute_query("PRAGMA wal_checkpoint(TRUNCATE)")


async def _orders(practice: Practice, account: str, until: asyncio.Task[object]) -> list[float]:
    """Milliseconds of each order from when it was due; 50 a second until ``until`` is done."""
    system, waits = Actor.system("benchmark"), []
    running: set[asyncio.Task[None]] = set()

    async def one(due: float, count: int) -> None:
        await practice.execute(system, VerifyPhone(account_id=account, phone=f"1{count:010d}"))
        waits.append((time.perf_counter() - due) * 1000)

    begun, count = time.perf_counter(), 0
    while not until.done():
        due = begun + count / PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(due, count))
        running.add(task)
        task.add_done_callback(running.discard)
        count += 1
    await asyncio.gather(*running)
    waits.append((time.perf_counter() - begun) * 1000)
    return waits


def _shown(waits: list[float]) -> list[str]:
    """The last one is the length of the whole."""
    *orders, whole = waits
    return [number(len(orders) / whole * 1000), number(percentile(orders, 0.5)), number(percentile(orders, 0.99))]


async def _renew(kind: str, folder: Path) -> None:
    clock, rng = SystemClock(), random.SystemRandom()
    keys = KeyRing(MasterKeys.load(folder / "keyring.key"), clock)
    await open_database(f"sqlite://{folder}/practice.sqlite3", f"sqlite://{folder}/keyring.sqlite3")
    try:
        practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals())
        begun = time.perf_counter()
        overlap = timedelta(seconds=0)
        if kind == "rotate":
            await rotate(practice)
        else:
            overlap = timedelta(seconds=3)
            run = await reencrypt(practice, settle=timedelta(0), overlap=overlap)
            assert run.unopened == 0
        print(time.perf_counter() - begun - overlap.total_seconds())
    finally:
        await close_database()


if __name__ == "__main__":
    if "--renew" in sys.argv:
        asyncio.run(_renew(sys.argv[-2], Path(sys.argv[-1])))
    else:
        show(measure)
