"""Events with one key are told in order: a later one never overtakes an earlier one that failed and waits for its retry."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.foundation.database.claiming import claim_events
from core.foundation.errors import Conflict, Unavailable
from core.foundation.events import Event, listens
from core.foundation.models import OutboxEvent
from core.foundation.outbox import LEASE, TRIES, OutboxWorker

pytestmark = pytest.mark.storage

TOLD: list[str] = []
TROUBLE: dict[str, list[Exception]] = {}


@listens("test.ordered")
async def hear(practice: Any, event: Event) -> None:
    if TROUBLE.get(event.body["name"]):
        raise TROUBLE[event.body["name"]].pop(0)
    TOLD.append(event.body["name"])


@pytest.fixture(autouse=True)
def _fresh() -> None:
    TOLD.clear()
    TROUBLE.clear()


async def wait_for(practice: Any, *names: str) -> None:
    """One waiting event for each name; its key is the name's first letter, none for a name that begins with "-"."""
    now = practice.clock.real_now()
    for name in names:
        await OutboxEvent.create(
            id=practice.ids.new(), topic="test.ordered", lane="send", key=name[0].strip("-"), body={"name": name}, created_at=now, claimed_until=now
        )


async def work(practice: Any, worker: OutboxWorker) -> None:
    while await worker.work_once():
        pass


async def test_a_later_event_waits_for_the_retry_of_the_earlier(practice, clock):
    await wait_for(practice, "a1", "a2", "b1", "a3")
    TROUBLE["a1"] = [RuntimeError("broken"), Unavailable(), Conflict()]
    worker = OutboxWorker(practice, "send", "worker")
    await work(practice, worker)
    assert TOLD == ["b1"]
    await wait_for(practice, "a4", "b2", "-1")
    await work(practice, worker)
    assert TOLD == ["b1", "b2", "-1"]
    for _ in range(3):
        clock.advance(seconds=61)
        await work(practice, worker)
    assert TOLD == ["b1", "b2", "-1", "a1", "a2", "a3", "a4"]
    assert {one.tries for one in await OutboxEvent.filter(key="a")} == {1, 4}


async def test_an_event_that_is_given_up_holds_nobody_back(practice, clock):
    await wait_for(practice, "a1", "a2")
    TROUBLE["a1"] = [RuntimeError("broken")] * TRIES
    worker = OutboxWorker(practice, "send", "worker")
    for _ in range(TRIES):
        assert TOLD == []
        await work(practice, worker)
        clock.advance(seconds=121)
    assert TOLD == ["a2"]
    assert (await OutboxEvent.get(tries=TRIES)).state == "failed"


async def test_another_worker_does_not_take_what_follows_a_claimed_event(practice, clock):
    await wait_for(practice, "a1", "a2", "a3")
    now = clock.real_now()
    (first,) = await claim_events("send", "one", now, now + LEASE, 1)
    assert first["body"] == {"name": "a1"}
    assert await claim_events("send", "two", now, now + LEASE, 8) == []
    clock.advance(seconds=31)
    now = clock.real_now()
    assert [one["body"]["name"] for one in await claim_events("send", "two", now, now + LEASE, 8)] == ["a1", "a2", "a3"]


async def test_the_same_key_in_another_lane_waits_for_nobody(practice, clock):
    await wait_for(practice, "a1", "a2")
    await OutboxEvent.filter(id=(await OutboxEvent.all().order_by("id").first()).id).update(lane="chat")
    await claim_events("chat", "one", clock.real_now(), clock.real_now() + LEASE, 8)
    await work(practice, OutboxWorker(practice, "send", "worker"))
    assert TOLD == ["a2"]


async def test_many_workers_at_once_keep_the_order_of_each_key(practice, clock):
    names = [f"{key}{number:02d}" for number in range(12) for key in "abcde"]
    await wait_for(practice, *names)
    await asyncio.gather(*(work(practice, OutboxWorker(practice, "send", f"worker{one}")) for one in range(4)))
    for one in range(3):
        await work(practice, OutboxWorker(practice, "send", f"last{one}"))
    assert sorted(TOLD) == sorted(names)
    for key in "abcde":
        mine = [name for name in TOLD if name.startswith(key)]
        assert mine == sorted(mine)
