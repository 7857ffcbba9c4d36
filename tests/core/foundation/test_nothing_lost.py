"""What the practice owes is not lost: a due row goes on until it is done, an order that met another one is tried again, a database that is
away is told as such."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.due import due, tick
from core.foundation.errors import Conflict, DomainError, Unavailable
from core.foundation.events import Event, listens
from core.foundation.models import DueWork, IdempotencyRecord, OutboxEvent
from core.foundation.orders import Command, Done, Grant, Query, answers, handles
from core.foundation.outbox import OutboxWorker
from core.foundation.work import Work
from core.people.commands import RegisterPatient
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage

PATIENT = Actor(account_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", roles=(HeldRole(Role.PATIENT, "org"),), channel="api")
TROUBLE: list[BaseException] = []


class Stumble(Command):
    """Fails with what lies in TROUBLE, one each time, then succeeds."""

    name = "test.stumble"
    title = "绊一下"
    access = (Grant(Role.SYSTEM), Grant(Role.PATIENT))


class LookAway(Query):
    name = "test.look_away"
    title = "看一下"
    access = (Grant(Role.PATIENT),)
    gives = Done


@handles(Stumble)
async def stumble(work: Work, order: Stumble) -> Done:
    if TROUBLE:
        raise TROUBLE.pop(0)
    await work.emit("test.stumbled", key="one", row="1")
    return Done()


@answers(LookAway)
async def look_away(work: Work, order: LookAway) -> Done:
    if TROUBLE:
        raise TROUBLE.pop(0)
    return Done()


due("test.stumble", lambda row: Stumble())

HEARD: list[str] = []


@listens("test.stumbled")
async def hear(practice: Any, event: Event) -> None:
    if TROUBLE:
        raise TROUBLE.pop(0)
    HEARD.append(event.id)


@pytest.fixture(autouse=True)
def _no_trouble() -> None:
    TROUBLE.clear()
    HEARD.clear()


async def owe(practice: Any) -> None:
    await DueWork.create(id=practice.ids.new(), kind="test.stumble", ref="x", due_at=practice.clock.now())


class Refused(Conflict):
    code = "test.refused"


async def test_a_due_row_that_met_another_writer_is_done_later_and_not_dropped(practice, clock):
    await owe(practice)
    TROUBLE.append(Conflict())
    await tick(practice)
    assert (await DueWork.get()).state == "pending"
    clock.advance(seconds=5)
    await tick(practice)
    assert (await DueWork.get()).state == "done"


async def test_a_due_row_that_the_practice_refused_is_settled(practice):
    await owe(practice)
    TROUBLE.append(Refused())
    await tick(practice)
    assert ((await DueWork.get()).state, (await DueWork.get()).outcome) == ("done", "test.refused")


async def test_a_due_row_is_never_given_up(practice, clock):
    """An escalation that dies silently would leave somebody in danger alone."""
    await owe(practice)
    for _ in range(30):
        TROUBLE[:] = [RuntimeError("broken")]
        await tick(practice)
        clock.advance(seconds=61)
    assert (await DueWork.get()).state == "pending"
    TROUBLE.clear()
    await tick(practice)
    assert (await DueWork.get()).state == "done"
    assert await OutboxEvent.filter(topic="test.stumbled").count() == 1


async def test_an_event_whose_listener_met_another_writer_is_told_again(practice, clock):
    await practice.execute(PATIENT, Stumble())
    worker = OutboxWorker(practice, "send", "worker")
    TROUBLE.append(Conflict())
    await worker.work_once()
    assert (HEARD, (await OutboxEvent.get()).state) == ([], "waiting")
    clock.advance(seconds=5)
    await worker.work_once()
    assert (len(HEARD), (await OutboxEvent.get()).state) == (1, "done")


@pytest.mark.parametrize("trouble", [OperationalError("gone"), DBConnectionError("away"), ConnectionRefusedError()])
async def test_a_database_that_is_away_is_unavailable(practice, trouble):
    TROUBLE[:] = [trouble] * 10
    with pytest.raises(Unavailable):
        await practice.execute(PATIENT, Stumble())
    TROUBLE[:] = [trouble]
    with pytest.raises(Unavailable):
        await practice.ask(PATIENT, LookAway())


async def test_rows_that_clash_whatever_is_tried_are_a_conflict(practice):
    TROUBLE[:] = [IntegrityError("clash")] * 10
    with pytest.raises(Conflict):
        await practice.execute(PATIENT, Stumble())


async def test_what_is_kept_of_an_order_with_a_key_cannot_be_guessed_back(practice):
    """A bare hash of a phone number is reversed in seconds."""
    county = await seed_small(practice)
    order = RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44))
    await practice.execute(county.stranger, order, idempotency_key="k")
    record = await IdempotencyRecord.get(order="people.register_patient")
    assert record.digest != hashlib.sha256(f"{order.name}\x00{order.model_dump_json()}".encode()).hexdigest()
    assert await practice.execute(county.stranger, order, idempotency_key="k")
    with pytest.raises(DomainError):
        await practice.execute(county.stranger, RegisterPatient(full_name="王大梅", id_number=order.id_number), idempotency_key="k")
