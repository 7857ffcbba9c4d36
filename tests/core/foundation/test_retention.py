"""Technical rows go when their time has passed, a bounded batch at a time; what is still needed stays however old it is."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.foundation import retention
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.due import tick
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import SubjectErased
from core.foundation.models import AuditEntry, DueWork, IdempotencyRecord, OutboxEvent
from core.foundation.practice import Practice
from core.foundation.retention import PRUNE, PruneRows, kept_rows
from core.people.commands import EnsureAccount
from core.practice_rooms import load_rooms

pytestmark = pytest.mark.storage

load_rooms()


async def told(practice: Practice, state: str, days: int) -> str:
    at = practice.clock.real_now() - timedelta(days=days)
    row = await OutboxEvent.create(
        id=practice.ids.new(), topic="test.told", lane="send", body={}, state=state, created_at=at, claimed_until=at
    )
    return row.id


async def test_what_is_over_and_old_goes_and_everything_else_stays(practice: Practice, system: Actor) -> None:
    old = [await told(practice, state, 191) for state in ("done", "waiting", "failed")]
    young = await told(practice, "done", 189)
    for state, days in (("done", 31), ("dropped", 31), ("pending", 400), ("done", 29)):
        at = practice.clock.now() - timedelta(days=days)
        await DueWork.create(id=practice.ids.new(), kind="test.kept", ref=f"{state}{days}", due_at=at, state=state)
    for key, days in (("old", 31), ("young", 29)):
        at = practice.clock.real_now() - timedelta(days=days)
        await IdempotencyRecord.create(id=f"a:{key}", order="test", digest="0" * 64, result=b"x", created_at=at)
    pruned = await practice.execute(system, PruneRows())
    assert (pruned.gone, pruned.more) == ({"outbox": 1, "due": 2, "idempotency": 1}, False)
    assert {row.id for row in await OutboxEvent.all()} == {old[1], old[2], young}
    assert {row.ref for row in await DueWork.filter(kind="test.kept")} == {"pending400", "done29"}
    assert {row.id for row in await IdempotencyRecord.all()} == {"a:young"}


async def test_a_months_answers_go_with_their_key_in_backups_too(practice: Practice, clock: ManualClock, system: Actor) -> None:
    order = EnsureAccount(app="wx1", subject="o-1")
    first = await practice.execute(system, order, idempotency_key="k")
    (row,) = await IdempotencyRecord.all()
    assert row.answers_key == f"{clock.real_now():%Y-%m}"
    assert await practice.execute(system, order, idempotency_key="k") == first
    clock.advance(days=32)
    await practice.execute(system, PruneRows())
    assert not await IdempotencyRecord.all().exists()
    assert not await WrappedKey.filter(id=f"answers:{row.answers_key}", erased_at__isnull=False).exists(), "the month was over for a month only"
    clock.advance(days=31)
    await practice.execute(system, PruneRows())
    assert await AuditEntry.filter(action=PRUNE, subject_kind="house", subject_id=row.answers_key).count() == 1
    with pytest.raises(SubjectErased):  # what an old backup holds of it
        await practice.keys.sealer("answers", str(row.answers_key))
    clock.advance(days=-63)
    again = await practice.execute(system, order, idempotency_key="again")
    assert again.account_id == first.account_id, "a clock that was wrong refuses nobody"
    (row,) = await IdempotencyRecord.all()
    assert row.answers_key is None
    assert await practice.execute(system, order, idempotency_key="again") == again


async def test_it_goes_in_batches_by_itself_until_nothing_is_left_and_then_daily(
    practice: Practice, clock, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    for _ in range(10):
        await told(practice, "done", 200)
    assert (await practice.execute(system, PruneRows())).more
    assert await OutboxEvent.all().count() == 6
    for left in (2, 0):
        clock.advance(seconds=20)
        await tick(practice)
        assert await OutboxEvent.all().count() == left
    (next_round,) = await DueWork.filter(kind=PRUNE, state="pending")
    assert next_round.due_at - practice.clock.now() == timedelta(days=1)
    await told(practice, "done", 200)
    clock.advance(seconds=86400)
    await tick(practice)
    assert await OutboxEvent.all().count() == 0


async def test_two_rounds_at_once_leave_one_next_round(practice: Practice, system: Actor) -> None:
    for _ in range(6):
        await told(practice, "done", 200)
    await asyncio.gather(*(practice.execute(system, PruneRows()) for _ in range(3)))
    assert await OutboxEvent.all().count() == 0
    assert await AuditEntry.filter(action=PRUNE, outcome="done").count() == 3
    await practice.execute(system, PruneRows())
    assert await DueWork.filter(kind=PRUNE, state="pending").count() == 1


def test_each_class_says_why_and_none_is_a_record_of_care() -> None:
    for name, kept in kept_rows().items():
        assert kept.why, name
        assert kept.days >= 30, name
        assert kept.since in kept.model._meta.fields_map, name
    assert {kept.model._meta.db_table for kept in kept_rows().values()} == {
        "due_work", "idempotency_record", "outbox_event", "proof_check", "proof_offer", "session", "spent_refresh_token"
    }  # fmt: skip
