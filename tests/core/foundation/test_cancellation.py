"""People on weak links hang up at any moment: no cancelled order may block, corrupt or half-do anything for the others."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from core.foundation.database.connection import PRACTICE
from core.foundation.ids import lowest_id
from core.foundation.models import AuditEntry, AuditSubject, ClockOffset
from tests.core.foundation.test_execute import PATIENT, Count, counter

pytestmark = pytest.mark.storage


async def test_cancelled_orders_leave_everything_usable_and_nothing_half_done(practice):
    rng = random.Random(11)
    for _ in range(120):
        task = asyncio.create_task(practice.execute(PATIENT, Count(add=2)))
        await asyncio.sleep(rng.uniform(0, 0.006))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        await practice.execute(PATIENT, Count(add=2))
    await asyncio.sleep(0.2)
    assert await counter() == 2 * await AuditEntry.filter(action="test.count", outcome="done").count()


async def test_a_cancelled_transaction_or_query_frees_the_connection(practice):
    rng = random.Random(12)
    await ClockOffset.create(id=1, seconds=0)

    async def transaction() -> None:
        async with in_transaction(PRACTICE):
            row = await ClockOffset.get(id=1)
            await ClockOffset.filter(id=1).update(seconds=row.seconds + 1)
            await asyncio.sleep(0.001)

    async def query() -> None:
        assert await ClockOffset.filter(id=1).count() == 1

    for number in range(200):
        task = asyncio.create_task(transaction() if number % 2 else query())
        await asyncio.sleep(rng.uniform(0, 0.003))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        before = (await ClockOffset.get(id=1)).seconds
        await transaction()
        assert (await ClockOffset.get(id=1)).seconds == before + 1


@pytest.mark.parametrize("way", ["query", "transaction"])
async def test_who_is_cancelled_while_the_driver_connects_is_cancelled(practice, on_mariadb: bool, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """``asyncio.wait_for``, in which the driver connects, loses a cancellation that comes with the connection: a lane would never end."""
    if not on_mariadb:
        pytest.skip("SQLite does not connect in wait_for")
    client = get_connection(PRACTICE)
    await client.execute_query("SELECT 1")
    pool, acquire, connects = client._pool, client._pool.acquire, asyncio.Event()
    held = pool.size - pool.freesize

    async def losing() -> Any:
        connects.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        return await acquire()

    async def transaction() -> None:
        async with in_transaction(PRACTICE):
            pytest.fail("it went on")

    monkeypatch.setattr(client, "_pool", Losing(pool, losing))
    task = asyncio.create_task(transaction() if way == "transaction" else client.execute_query("SELECT 1"))
    async with asyncio.timeout(20):
        await connects.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert pool.size - pool.freesize == held
    monkeypatch.undo()
    assert (await client.execute_query_dict("SELECT 1 AS one")) == [{"one": 1}]


class Losing:
    """A pool with another way to get a connection."""

    def __init__(self, pool: Any, acquire: Callable[[], Any]) -> None:
        self._pool, self.acquire = pool, acquire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


async def test_many_rows_at_once_are_written_or_not_and_lock_nobody_out(practice):
    """What a page asks and nobody waits for any more still leaves its lines of the audit, and the house its write lock."""
    rng = random.Random(13)
    start = datetime(2026, 11, 23, tzinfo=UTC)

    async def note(ids: list[str]) -> None:
        await AuditSubject.bulk_create([AuditSubject(id=one, entry_id=ids[0], patient_id=one) for one in ids])

    wanted = [[lowest_id(start + timedelta(milliseconds=3 * number + one)) for one in range(3)] for number in range(120)]
    for ids in wanted:
        task = asyncio.create_task(note(ids))
        await asyncio.sleep(rng.uniform(0, 0.002))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        await practice.execute(PATIENT, Count(add=2))
    assert await counter() == 2
    stored = set(await AuditSubject.all().values_list("id", flat=True))
    assert all(stored.issuperset(ids) or stored.isdisjoint(ids) for ids in wanted)
    assert stored, "none was written: nothing was cancelled in its midst"
