"""The one way to change anything: transaction, idempotency, audit, outbox, due work, guard; alone and under pressure, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tortoise.expressions import F

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.due import due, tick
from core.foundation.errors import Conflict, NotAllowed, Unavailable
from core.foundation.events import Event, listens
from core.foundation.guard import TaskInTransaction
from core.foundation.leases import take_lease
from core.foundation.models import AuditEntry, ClockOffset, DueWork, IdempotencyRecord, Lease, OutboxEvent
from core.foundation.orders import Command, Done, Grant, Result, handles, relation
from core.foundation.outbox import OutboxWorker, release_claims
from core.foundation.practice import DoneBefore, KeyReused
from core.foundation.work import Work

pytestmark = pytest.mark.storage

PATIENT = Actor(account_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", roles=(HeldRole(Role.PATIENT, "org"),), channel="api")


class Counted(Result):
    seconds: int


class Count(Command):
    """A command of this test: adds to a counter (the demonstration's clock row) and tells of it."""

    name = "test.count"
    title = "数一数"
    access = (Grant(Role.PATIENT, "even"), Grant(Role.SYSTEM))
    gives = Counted
    add: int
    fail: bool = False
    spawn: bool = False


class CountLater(Command):
    name = "test.count_later"
    title = "等会再数"
    access = (Grant(Role.PATIENT),)
    gives = Done
    minutes: int


@relation("even")
async def even(work: Work, order: Count) -> bool:
    return order.add % 2 == 0 and PATIENT.account_id not in _GONE


_GONE: set[str] = set()
"""Whose relation has ended."""


@handles(Count)
async def count(work: Work, order: Count) -> Counted:
    if not await ClockOffset.filter(id=1).update(seconds=F("seconds") + order.add):
        await ClockOffset.create(id=1, seconds=order.add)
    if order.spawn:
        asyncio.create_task(_innocent())  # noqa: RUF006 - the guard refuses it
    await work.emit("test.counted", key="counter", row="1")
    if order.fail:
        raise Conflict
    return Counted(seconds=(await ClockOffset.get(id=1)).seconds)


async def _innocent() -> None:
    return


@handles(CountLater)
async def count_later(work: Work, order: CountLater) -> Done:
    await work.schedule("test.count", "1", work.now + timedelta(minutes=order.minutes), step="2")
    return Done()


due("test.count", lambda row: Count(add=int(row.step)))


async def counter() -> int:
    row = await ClockOffset.get_or_none(id=1)
    return row.seconds if row else 0


async def test_one_order_leaves_change_audit_and_event_together(practice):
    result = await practice.execute(PATIENT, Count(add=2))
    assert result == Counted(seconds=2)
    entry = await AuditEntry.get(action="test.count")
    assert (entry.outcome, entry.role, entry.relation, entry.channel) == ("done", "patient", "even", "api")
    assert await OutboxEvent.filter(topic="test.counted").count() == 1


async def test_a_refused_order_changes_nothing_and_is_audited(practice):
    with pytest.raises(Conflict):
        await practice.execute(PATIENT, Count(add=2, fail=True))
    assert await counter() == 0
    assert await OutboxEvent.all().count() == 0
    assert [entry.outcome for entry in await AuditEntry.all()] == ["conflict"]


async def test_access_is_role_and_relation(practice):
    with pytest.raises(NotAllowed):
        await practice.execute(PATIENT, Count(add=3))
    stranger = Actor(account_id=PATIENT.account_id, roles=(HeldRole(Role.EXPERT, "org"),), channel="api")
    with pytest.raises(NotAllowed):
        await practice.execute(stranger, Count(add=2))
    assert await counter() == 0


async def test_the_same_key_gives_the_stored_answer_also_when_many_ask_at_once(practice):
    results = await asyncio.gather(*(practice.execute(PATIENT, Count(add=2), idempotency_key="k") for _ in range(20)))
    assert {result.seconds for result in results} == {2}
    assert await counter() == 2
    with pytest.raises(KeyReused):
        await practice.execute(PATIENT, Count(add=4), idempotency_key="k")
    record = await IdempotencyRecord.get(id=f"{PATIENT.account_id}:k")
    assert b"seconds" not in bytes(record.result)


async def test_an_answer_is_told_again_for_a_while_and_then_only_to_who_may_still_ask(practice, clock, monkeypatch):
    first = await practice.execute(PATIENT, Count(add=2), idempotency_key="k")
    clock.advance(days=2)
    assert await practice.execute(PATIENT, Count(add=2), idempotency_key="k") == first
    monkeypatch.setattr(f"{__name__}._GONE", {PATIENT.account_id})
    with pytest.raises(DoneBefore):
        await practice.execute(PATIENT, Count(add=2), idempotency_key="k")
    await IdempotencyRecord.all().update(created_at=clock.real_now() - timedelta(minutes=9))
    assert await practice.execute(PATIENT, Count(add=2), idempotency_key="k") == first
    assert await counter() == 2
    assert [entry.outcome for entry in await AuditEntry.all().order_by("id")] == ["done", "repeated", "order.done_before", "repeated"]


async def test_a_task_started_inside_a_transaction_is_refused(practice):
    with pytest.raises(TaskInTransaction):
        await practice.execute(PATIENT, Count(add=2, spawn=True))
    assert await counter() == 0


async def test_due_work_is_done_once_at_its_time(practice, clock):
    await practice.execute(PATIENT, CountLater(minutes=5))
    assert (await tick(practice)).done == 0
    clock.advance(minutes=6)
    ticks = await asyncio.gather(*(tick(practice) for _ in range(5)))
    assert sum(ticked.done for ticked in ticks) == 1
    assert await counter() == 2
    assert (await DueWork.get()).state == "done"


class _Heard:
    events: list[Event] = []  # noqa: RUF012 - the listener below appends, the tests clear
    fail = 0


@listens("test.counted")
async def hear(practice, event: Event) -> None:
    _Heard.events.append(event)
    if _Heard.fail > 0:
        _Heard.fail -= 1
        raise Unavailable


async def test_each_event_is_given_to_one_worker_and_again_if_it_failed(practice, clock):
    _Heard.events.clear()
    for _ in range(30):
        await practice.execute(PATIENT, Count(add=2))
    workers = [OutboxWorker(practice, "send", f"worker-{number}", batch=5) for number in range(3)]

    async def drain(worker: OutboxWorker) -> None:
        while await worker.work_once():
            pass

    await asyncio.gather(*(drain(worker) for worker in workers))
    assert len(_Heard.events) == 30
    assert len({event.id for event in _Heard.events}) == 30
    assert await OutboxEvent.filter(state="waiting").count() == 0

    _Heard.events.clear()
    _Heard.fail = 1
    await practice.execute(PATIENT, Count(add=2))
    await drain(workers[0])
    assert len(_Heard.events) == 1
    clock.advance(seconds=5)
    await drain(workers[1])
    assert [event.tries for event in _Heard.events] == [1, 2]


async def test_an_event_claimed_by_a_worker_that_died_is_taken_over(practice, clock):
    _Heard.events.clear()
    await practice.execute(PATIENT, Count(add=2))
    await OutboxEvent.all().update(claimed_by="dead", claimed_until=clock.real_now() + timedelta(seconds=20))
    survivor = OutboxWorker(practice, "send", "survivor")
    assert await survivor.work_once() == 0
    clock.advance(seconds=21)
    assert await survivor.work_once() == 1
    assert len(_Heard.events) == 1


async def test_a_restarted_worker_takes_over_at_once_what_its_predecessor_had_claimed(practice, clock):
    _Heard.events.clear()
    await practice.execute(PATIENT, Count(add=2))
    later = clock.real_now() + timedelta(seconds=30)
    await OutboxEvent.all().update(claimed_by="worker:dead", claimed_until=later)
    assert await release_claims(practice, "work") == 0
    assert await release_claims(practice, "worker") == 1
    assert await OutboxWorker(practice, "send", "worker:alive").work_once() == 1
    assert len(_Heard.events) == 1


async def test_one_leads_and_another_takes_over_with_a_higher_fence(practice, clock):
    assert await take_lease(practice, "ticker", "a", 3)
    assert not await take_lease(practice, "ticker", "b", 3)
    assert await take_lease(practice, "ticker", "a", 3)
    clock.advance(seconds=4)
    assert await take_lease(practice, "ticker", "b", 3)
    assert (await Lease.get(id="ticker")).fence == 2
    assert not await take_lease(practice, "ticker", "a", 3)
