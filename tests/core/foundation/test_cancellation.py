"""People on weak links hang up at any moment: no cancelled order may block, corrupt or half-do anything for the others."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest
from tortoise.transactions import in_transaction

from core.foundation.database.connection import PRACTICE
from core.foundation.models import AuditEntry, ClockOffset
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
