"""Two orders that take two rows crosswise: the database ends one of them, which is carried out again, and both are done."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.database.away import is_passing
from core.foundation.models import Lease
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.practice import Practice
from core.foundation.work import Work

pytestmark = pytest.mark.storage

SYSTEM = Actor.system("test")
ROUNDS = 5


class Crosswise(Command):
    """A command of this test: counts one row, waits for the other order to have counted its first one, then counts the other row."""

    name = "test.crosswise"
    title = "交叉写"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    first: str
    second: str


class _Meeting:
    """Both have their first row: at the first try they wait for each other, so that each holds what the other wants."""

    def __init__(self) -> None:
        self.both = asyncio.Barrier(2)
        self.tries = 0

    async def here(self) -> None:
        self.tries += 1
        if self.tries <= 2:
            await self.both.wait()


_meeting: _Meeting


@handles(Crosswise)
async def crosswise(work: Work, order: Crosswise) -> Done:
    await _count(order.first)
    await _meeting.here()
    await _count(order.second)
    return Done()


async def _count(name: str) -> None:
    row = await Lease.filter(id=name).select_for_update().get()
    await Lease.filter(id=name).update(fence=row.fence + 1)


async def test_two_orders_that_wait_for_each_other_are_both_carried_out(practice: Practice, on_mariadb: bool, monkeypatch: pytest.MonkeyPatch):
    if not on_mariadb:
        pytest.skip("SQLite has one writer at a time: nobody waits for the other's row")
    global _meeting
    for name in ("left", "right"):
        await Lease.create(id=name, holder="test", until=practice.clock.real_now() + timedelta(hours=1), fence=0)
    seen: list[bool] = []

    def noticed(error: Exception) -> bool:
        seen.append(is_passing(error))
        return seen[-1]

    monkeypatch.setattr("core.foundation.practice.is_passing", noticed)
    for _ in range(ROUNDS):
        _meeting = _Meeting()
        async with asyncio.timeout(30):
            await asyncio.gather(*(
                practice.execute(SYSTEM, Crosswise(first=one, second=other)) for one, other in (("left", "right"), ("right", "left"))
            ))
    assert [row.fence for row in await Lease.filter(id__in=["left", "right"])] == [2 * ROUNDS, 2 * ROUNDS]
    assert seen == [True] * ROUNDS, "each round one of the two met a deadlock"
