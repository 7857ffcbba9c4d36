"""What an entry holds: everything of the act in its own transaction, refusals too, and never a person's words."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from core.consultations.models import TimelineEntry
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.audit.origin import network_of
from core.foundation.database import statements
from core.foundation.errors import Conflict, NotAllowed, NotFound, Unavailable
from core.foundation.keys import SealBroken
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.orders import Command, Done, Grant, Query, answers, handles
from core.foundation.work import WITHHELD, Work
from tests.support.county import seed_small

pytestmark = pytest.mark.storage


class Act(Command):
    name = "test.act"
    title = "做一件事"
    access = (Grant(Role.SYSTEM), Grant(Role.EXPERT))
    how: str = "well"


class Look(Query):
    name = "test.look"
    title = "看一件事"
    access = (Grant(Role.EXPERT),)
    audited = True
    how: str = "well"


@handles(Act)
async def act(work: Work, order: Act) -> Done:
    work.concerns("patient", "patient-1", consultation_id="case-1")
    work.because("emergency")
    await work.emit("test.acted", row="1")
    await _as_asked(work, order.how)
    return Done()


@answers(Look)
async def look(work: Work, order: Look) -> Done:
    work.concerns("patient", "patient-1")
    await _as_asked(work, order.how)
    return Done()


async def _as_asked(work: Work, how: str) -> None:
    if how == "kept":
        work.keep_what_is_written()
    if how in ("kept", "refused"):
        raise Conflict
    if how == "kept and broken":
        work.keep_what_is_written()
        raise SealBroken("patient", "name", "patient-1")
    if how == "not there":
        await OutboxEvent.get(id="nothing")
    if how == "unforeseen":
        raise ZeroDivisionError
    if how == "words":
        work.concerns("patient", "patient-1", complaint="胸口闷得慌", phone="13800138000", number="52272719640102001X")


EXPERT = Actor(
    account_id="account-1", roles=(HeldRole(Role.EXPERT, "house-1"),), channel="h5", session_id="session-1", address=network_of("203.0.113.77")
)


async def only() -> AuditEntry:
    (entry,) = await AuditEntry.all()
    return entry


async def test_who_what_why_from_where_and_how_it_ended(practice: Any) -> None:
    await practice.execute(EXPERT, Act())
    entry = await only()
    assert (entry.account_id, entry.role, entry.relation, entry.organisation_id) == ("account-1", "expert", "any", "house-1")
    assert (entry.action, entry.subject_kind, entry.subject_id, entry.detail) == ("test.act", "patient", "patient-1", {"consultation_id": "case-1"})
    assert (entry.reason, entry.outcome) == ("emergency", "done")
    assert (entry.channel, entry.session_id, entry.address) == ("h5", "session-1", "203.0.113.0/24")
    assert (await OutboxEvent.get(topic="test.acted")).entry_id == entry.id


@pytest.mark.parametrize(
    ("how", "code", "error"),
    [("refused", "conflict", Conflict), ("not there", "not_found", NotFound), ("unforeseen", "unforeseen", ZeroDivisionError)],
)
@pytest.mark.parametrize("order", [Act, Look])
async def test_what_failed_is_audited_with_what_it_was_about(practice: Any, order: Any, how: str, code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await (practice.execute if order is Act else practice.ask)(EXPERT, order(how=how))
    entry = await only()
    assert (entry.outcome, entry.role, entry.subject_id) == (code, "expert", "patient-1")
    assert not await OutboxEvent.all().exists()


async def test_a_refusal_that_leaves_something_is_audited_in_its_transaction(practice: Any) -> None:
    with pytest.raises(Conflict):
        await practice.execute(EXPERT, Act(how="kept"))
    entry = await only()
    assert entry.outcome == "conflict"
    assert (await OutboxEvent.get(topic="test.acted")).entry_id == entry.id


async def test_who_may_not_is_audited(practice: Any) -> None:
    stranger = dataclasses.replace(EXPERT, roles=())
    for order in (Act(), Look()):
        with pytest.raises(NotAllowed):
            await (practice.execute if isinstance(order, Act) else practice.ask)(stranger, order)
    assert {entry.outcome for entry in await AuditEntry.all()} == {"access.denied"}


async def test_without_its_entry_nothing_is_done_and_nothing_is_read(practice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    insert = statements.insert

    async def away(model: Any, *values: Any, **more: Any) -> None:
        if model is AuditEntry:
            raise OperationalError("disk is full")
        await insert(model, *values, **more)

    with monkeypatch.context() as patched:
        patched.setattr(statements, "insert", away)
        for order in (Act(), Look()):
            with pytest.raises(Unavailable):
                await (practice.execute if isinstance(order, Act) else practice.ask)(EXPERT, order)
    assert not await OutboxEvent.all().exists()
    assert not await AuditEntry.all().exists()


async def test_what_tells_of_damage_names_the_entry_of_the_order_that_met_it(practice: Any) -> None:
    with pytest.raises(SealBroken):
        await practice.execute(EXPERT, Act(how="kept and broken"))
    assert (await only()).outcome == "record.unreadable"
    assert {event.entry_id for event in await OutboxEvent.all()} == {(await only()).id}


async def test_words_of_a_person_do_not_get_in(practice: Any, caplog: Any) -> None:
    await practice.execute(EXPERT, Act(how="words"))
    assert (await only()).detail == {"complaint": WITHHELD, "phone": WITHHELD, "number": WITHHELD}
    assert "胸口" not in caplog.text
    assert "test.act" in caplog.text


async def test_what_an_order_notes_and_tells_names_its_entry(practice: Any) -> None:
    """Every outbox and timeline row of a real course points at the entry of the act that made it."""
    await seed_small(practice)
    entries = {entry.id for entry in await AuditEntry.all()}
    for row in await OutboxEvent.all():
        assert row.entry_id in entries
    for entry in await TimelineEntry.all():
        assert entry.entry_id in entries


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2::7", "2001:db8:1::/48"), ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"), ("", ""), ("nowhere", ""), ("203.0.113.77:80", ""),
    ],
)  # fmt: skip
def test_an_address_is_kept_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network

