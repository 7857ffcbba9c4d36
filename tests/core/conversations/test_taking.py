"""Messages taken in many at once: each stored once with one event, whatever came in between, in several processes at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tortoise.exceptions import OperationalError

from core.conversations import allowance, reading, taking
from core.conversations.commands import DeliverPart
from core.conversations.handing_over import HandingOver
from core.conversations.models import Allowance, Conversation, Message
from core.conversations.taking import Arrival, Taking
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from core.people.models import Account, Identity
from tests.core.conversations.test_conversations import _finish


def arrival(number: int, who: str = "o-1", **given: object) -> Arrival:
    values = {
        "channel": "official_account", "app": "wx1", "sender": who, "chat": who, "group": False, "dedupe_key": f"k{number}", "kind": "text",
        "body": f'{{"text":"{number}"}}', "trigger": "message",
    }  # fmt: skip
    return Arrival(**{**values, **given})  # type: ignore[arg-type]


@pytest.mark.storage
async def test_many_at_once_are_stored_once_each(practice: Practice, clock: ManualClock) -> None:
    web = [Taking(practice), Taking(practice)]
    people = [f"o-{number % 7}" for number in range(40)]
    deliveries = [(number, who) for number, who in enumerate(people)] * 3
    claims = await asyncio.gather(*(web[place % 2].take(arrival(number, who)) for place, (number, who) in enumerate(deliveries)))
    by_key: dict[str, set[str]] = {}
    for claim in claims:
        by_key.setdefault(claim.message.dedupe_key, set()).add(claim.message.id)
    assert {len(ids) for ids in by_key.values()} == {1}
    assert sum(claim.fresh for claim in claims) == 40 == await Message.all().count()
    assert await OutboxEvent.filter(topic="message.received").count() == 40
    assert await Account.all().count() == await Identity.all().count() == await Conversation.all().count() == 7
    told = {event.body["message_id"]: event.key for event in await OutboxEvent.all()}
    assert told == {message.id: message.conversation_id for message in await Message.all()}
    assert await Allowance.all().count() == 7
    chat = (await Message.get(dedupe_key="k3")).conversation_id
    assert await allowance.left(chat, clock.real_now()) == 5


@pytest.mark.storage
async def test_words_are_sealed_under_who_said_them(practice: Practice) -> None:
    web = Taking(practice)
    await asyncio.gather(*(web.take(arrival(number, f"o-{number}")) for number in range(5)))
    for number in range(5):
        message = await web.known(f"k{number}")
        assert message is not None
        assert await reading.opened(practice, message, "body") == f'{{"text":"{number}"}}'
        assert message.words_key is not None
        assert message.words_key.endswith(message.account_id)
    assert await web.known("k9") is None


@pytest.mark.storage
async def test_an_old_one_among_new_ones_keeps_nobody_out(practice: Practice) -> None:
    web = Taking(practice)
    first = await web.take(arrival(1))
    claims = await asyncio.gather(*(web.take(arrival(number)) for number in (2, 1, 3)))
    assert [claim.fresh for claim in claims] == [True, False, True]
    assert claims[1].message.id == first.message.id
    assert await OutboxEvent.filter(topic="message.received").count() == 3


async def test_what_may_be_sent_depends_on_what_was_done(practice: Practice, clock: ManualClock) -> None:
    web = Taking(practice)
    claims = await asyncio.gather(
        web.take(arrival(1, "o-1")), web.take(arrival(2, "o-2", trigger="tap")), web.take(arrival(3, "o-3", group=True, chat="g", trigger=None))
    )
    left = [await allowance.left(claim.message.conversation_id, clock.real_now()) for claim in claims]
    assert left == [5, 3, 0]
    clock.advance(minutes=2)
    assert await allowance.left(claims[1].message.conversation_id, clock.real_now()) == 0
    assert await allowance.left(claims[0].message.conversation_id, clock.real_now() + timedelta(hours=47)) == 5


async def test_a_database_that_is_away_is_said_to_each(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    web = Taking(practice)
    await web.take(arrival(0))

    def away(*_: object) -> None:
        raise OperationalError("no such host")

    monkeypatch.setattr(taking.Taking, "_stored", away)
    answers = await asyncio.gather(*(web.take(arrival(number)) for number in range(1, 6)), return_exceptions=True)
    assert [type(one) for one in answers] == [OperationalError] * 5
    monkeypatch.undo()
    assert (await web.take(arrival(1))).fresh
    assert await Message.all().count() == 2


@pytest.mark.storage
async def test_many_answers_are_handed_over_once_each(practice: Practice, system: Actor) -> None:
    web = Taking(practice)
    claims = await asyncio.gather(*(web.take(arrival(number, f"o-{number}")) for number in range(12)))
    for claim in claims[:10]:
        await _finish(practice, system, await Conversation.get(id=claim.message.conversation_id), claim.message)
    hands = [HandingOver(practice), HandingOver(practice)]
    part = claims[3].message.id

    async def deliver(one: HandingOver, message_id: str) -> bool:
        if message_id != part:
            return await one.deliver(message_id)
        return bool((await practice.execute(system, DeliverPart(message_id=part, rest='["y"]'))).won)

    won = await asyncio.gather(*(deliver(hands[turn % 2], claim.message.id) for turn in range(4) for claim in claims))
    assert sum(won) == 10
    states = {message.dedupe_key: (message.state, message.push) for message in await Message.all()}
    assert states["k3"] == ("delivered", "waiting")
    assert {states[f"k{number}"] for number in range(10) if number != 3} == {("delivered", "none")}
    assert states["k10"] == states["k11"] == ("received", "none")
    assert await OutboxEvent.filter(topic="reply.late").count() == 1
    assert await reading.opened(practice, await Message.get(dedupe_key="k3"), "rest") == '["y"]'
    closed = await asyncio.gather(*(hands[0].close_window(claim.message.id) for claim in claims))
    assert closed == [False] * 10 + [True] * 2
    assert (await Message.get(dedupe_key="k11")).window == "closed"
