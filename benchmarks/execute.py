"""What one order costs: `execute` and `ask` beside the bare Tortoise calls that they are built on, a sealed field beside Fernet. SQLite."""

from __future__ import annotations

import asyncio
import itertools
import platform
import random
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from cryptography.fernet import Fernet
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from benchmarks.support.figure import Figure, show
from benchmarks.support.timing import by_turns, by_turns_plain, row
from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import SystemClock
from core.foundation.database.connection import PRACTICE, close_database, open_database
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from core.imaging.commands import Upload as UploadQuery
from core.imaging.models import Upload
from core.people.commands import EnsureAccount, VerifyPhone
from core.people.models import Account
from core.practice_rooms import load_rooms

ROUNDS, CALLS = 7, 150
SENTENCE = "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷" * 2


@asynccontextmanager
async def opened_practice(folder: Path) -> AsyncIterator[Practice]:
    """A practice on two fresh SQLite files, with the settings that the house uses."""
    load_rooms()
    clock, rng = SystemClock(), random.SystemRandom()
    keys = KeyRing(MasterKeys.create(folder / "keyring.key"), clock)
    await open_database(f"sqlite://{folder}/practice.sqlite3", f"sqlite://{folder}/keyring.sqlite3")
    await Tortoise.generate_schemas()
    try:
        yield Practice(
            clock=clock, ids=Ids(clock.real_now, rng), rng=rng, keys=keys, blobs=BlobStore(folder / "blobs", keys), signals=LocalSignals(), demo=True
        )
    finally:
        await close_database()


async def _orders(folder: Path) -> list[list[str]]:
    async with opened_practice(folder) as practice:
        system, numbers = Actor.system("benchmark"), itertools.count()
        account = (await practice.execute(system, EnsureAccount(app="benchmark", subject="somebody"))).account_id
        new = practice.ids.new
        upload = await Upload.create(
            id=new(), organisation_id=new(), consultation_id=new(), patient_id=new(), account_id=account, blob_id=new(), size=1, sha256="0" * 64,
            state="received", received_at=practice.clock.real_now(),
        )  # fmt: skip

        def phone() -> str:
            return f"1{next(numbers):010d}"

        async def execute() -> None:
            await practice.execute(system, VerifyPhone(account_id=account, phone=phone()))

        async def execute_once() -> None:
            await practice.execute(system, VerifyPhone(account_id=account, phone=phone()), idempotency_key=str(next(numbers)))

        async def bare_write() -> None:
            async with in_transaction(PRACTICE):
                found = await Account.get(id=account)
                changed = {"phone": phone().encode(), "phone_verified_at": practice.clock.now(), "version": found.version + 1}
                await Account.filter(id=account, version=found.version).update(**changed)

        async def ask() -> None:
            await practice.ask(system, UploadQuery(upload_id=upload.id))

        async def bare_read() -> None:
            await Upload.get(id=upload.id)

        steps = (execute, execute_once, bare_write, ask, bare_read)
        ours, once, write, asked, read = await by_turns(steps, rounds=ROUNDS, calls=CALLS)
        sealer = await practice.keys.sealer("account", account)
        fernet = Fernet(Fernet.generate_key())
        sealing, peer = by_turns_plain(
            (
                lambda: sealer.open("message", "body", account, sealer.seal("message", "body", account, SENTENCE)),
                lambda: fernet.decrypt(fernet.encrypt(SENTENCE.encode())).decode(),
            ),
            rounds=ROUNDS, calls=2000,
        )  # fmt: skip
    return [
        row("execute: bind a phone number; peer: Tortoise, read and write in one transaction", ours, write),
        row("the same with an idempotency key", once, write),
        row("ask: the state of an upload; peer: Tortoise, the row by its id", asked, read),
        row(f"seal and open a text of {len(SENTENCE)} characters; peer: Fernet", sealing, peer),
    ]


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        rows = asyncio.run(_orders(Path(folder)))
    notes = [
        f"Microseconds a call; the median of {ROUNDS} rounds of {CALLS} calls (2,000 for sealing), ours and the peer by turns in one process.",
        "Not the same work. execute also checks access, seals the number under the account's key, writes its blind index and an audit entry, all in "
        "that transaction (BEGIN IMMEDIATE); with a key it also stores the sealed result. ask also checks access and makes the result's shape.",
        "A sealed field is AES-256-GCM bound to table, column, row and person; Fernet is AES-128-CBC with HMAC-SHA256, bound to nothing.",
    ]
    versions = {name: version(name) for name in ("tortoise-orm", "aiosqlite", "cryptography")}
    shown = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions}
    return Figure("execute", "One order, one field", ["", "ours µs", "peer µs", "ratio"], rows, notes, shown)


if __name__ == "__main__":
    show(measure)
