"""The ledger of subscription messages, and what the platform tells of messages that it had taken."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications import rungs, subscriptions
from core.notifications.commands import (
    AnswerSubscriptions,
    HearDelivery,
    HearSubscriptions,
    ReadSubscriptions,
    StopReminders,
    SubscriptionAnswer,
    SubscriptionChange,
)
from core.notifications.models import Notification, Rung, Subscription
from core.notifications.service import mark_sent, tell
from core.people.commands import EnsureAccount
from core.people.models import Identity
from tests.support.county import SYSTEM

MINI, OPENID, TEMPLATE = "wxmini", "m-1", "SUB-1"
pytestmark = pytest.mark.storage


@pytest.fixture
async def person(practice: Practice) -> Actor:
    account = await practice.execute(SYSTEM, EnsureAccount(app=MINI, subject=OPENID))
    return Actor(account.account_id, (HeldRole(Role.PATIENT, ""),), "mini_program")


async def identity() -> str:
    return (await Identity.get(app=MINI, subject=OPENID)).id


def answers(*words: str) -> AnswerSubscriptions:
    given = tuple(SubscriptionAnswer.model_validate({"template": f"SUB-{place}", "answer": word}) for place, word in enumerate(words, 1))
    return AnswerSubscriptions(app=MINI, answers=given)


def heard(*, closes: bool) -> HearSubscriptions:
    return HearSubscriptions(app=MINI, subject=OPENID, changes=(SubscriptionChange(template=TEMPLATE, closes=closes),))


async def test_an_accept_allows_one_and_a_refusal_none(practice: Practice, person: Actor) -> None:
    await practice.execute(person, answers("accept", "reject", "ban"))
    mine = await identity()
    states = await practice.ask(person, ReadSubscriptions(app=MINI, templates=("SUB-1", "SUB-2", "SUB-3")))
    assert [one.open for one in states.states] == [True, False, False]
    assert await subscriptions.spend(mine, TEMPLATE)
    assert not await subscriptions.spend(mine, TEMPLATE)
    await subscriptions.returned(mine, TEMPLATE)
    assert await subscriptions.is_open(mine, TEMPLATE)


async def test_the_page_and_the_event_tell_of_the_same_accept(practice: Practice, person: Actor) -> None:
    await practice.execute(person, answers("accept"))
    await practice.execute(SYSTEM, heard(closes=False), idempotency_key="e1")
    await practice.execute(SYSTEM, heard(closes=False), idempotency_key="e1")
    mine = await identity()
    assert await subscriptions.spend(mine, TEMPLATE)
    assert not await subscriptions.spend(mine, TEMPLATE)
    await practice.execute(SYSTEM, heard(closes=False), idempotency_key="e2")
    assert await subscriptions.spend(mine, TEMPLATE), "a second accept, told by the event alone"


async def test_taking_it_back_closes_all_even_a_long_term_one(practice: Practice, person: Actor) -> None:
    await practice.execute(person, answers("accept"))
    mine = await identity()
    for _ in range(5):
        assert await subscriptions.spend(mine, TEMPLATE, long_term=True), "a long-term one is not used up"
    await practice.execute(SYSTEM, heard(closes=True))
    assert not await subscriptions.spend(mine, TEMPLATE, long_term=True)
    assert not await subscriptions.spend(mine, TEMPLATE)


async def test_many_at_once_neither_lose_an_accept_nor_spend_one_twice(practice: Practice, person: Actor) -> None:
    mine = await identity()
    await asyncio.gather(*(practice.execute(person, answers("accept")) for _ in range(6)))
    assert (await Subscription.get(identity_id=mine, template=TEMPLATE)).asked == 6
    took = await asyncio.gather(*(subscriptions.spend(mine, TEMPLATE) for _ in range(20)))
    assert sum(took) == 6


async def test_whom_nobody_knows_and_another_s_app_change_nothing(practice: Practice, person: Actor) -> None:
    order = HearSubscriptions(app=MINI, subject="m-2", changes=(SubscriptionChange(template=TEMPLATE, closes=False),))
    assert not (await practice.execute(SYSTEM, order)).done
    assert not (await practice.execute(person, answers("accept").model_copy(update={"app": "wxother"}))).done
    assert not await Subscription.exists()


async def sent_as_template(practice: Practice, person: Actor, kind: str) -> str:
    told = await tell(Work(practice, SYSTEM, StopReminders()), person.account_id, kind)
    attempt = await rungs.begin(practice, told, "template", await identity())
    await rungs.sent(practice, attempt, "9001")
    await mark_sent(practice, told, channel="template")
    return told


def not_delivered(message_id: str = "9001") -> HearDelivery:
    return HearDelivery(app=MINI, subject=OPENID, message_id=message_id, failure="blocked 0")


async def test_what_was_not_delivered_goes_on_to_the_next_rung_once(practice: Practice, person: Actor) -> None:
    told = await sent_as_template(practice, person, "appointment.booked")
    before = await OutboxEvent.filter(topic="notification.queued").count()
    outcomes = await asyncio.gather(*(practice.execute(SYSTEM, not_delivered()) for _ in range(4)), return_exceptions=True)
    assert sum(getattr(one, "done", False) for one in outcomes) == 1
    assert await OutboxEvent.filter(topic="notification.queued").count() == before + 1
    assert (await Notification.get(id=told)).state == "queued"
    assert (await Rung.get(notification_id=told)).state == "failed"
    assert not (await practice.execute(SYSTEM, not_delivered("9002"))).done


async def test_what_was_stopped_meanwhile_goes_nowhere(practice: Practice, person: Actor) -> None:
    told = await sent_as_template(practice, person, "appointment.cancelled")
    await practice.execute(replace(person, channel="official_account"), StopReminders())
    before = await OutboxEvent.filter(topic="notification.queued").count()
    await practice.execute(SYSTEM, not_delivered())
    assert (await Notification.get(id=told)).state == "stopped"
    assert await OutboxEvent.filter(topic="notification.queued").count() == before


async def test_nobody_else_reports_for_a_person(practice: Practice, person: Actor) -> None:
    told = await sent_as_template(practice, person, "appointment.booked")
    await practice.execute(SYSTEM, EnsureAccount(app=MINI, subject="m-2"))
    assert not (await practice.execute(SYSTEM, not_delivered().model_copy(update={"subject": "m-2"}))).done
    assert (await Notification.get(id=told)).state == "sent"
