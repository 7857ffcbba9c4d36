"""Leases, allowances, handing a reply over exactly once, what a message was found to mean."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.conversations import allowance, lease, reading
from core.conversations.commands import FinishTurn, KeepHeard, MarkPushed, PushAgain, PushLate, RecordSent, Settle, UseResponse
from core.conversations.errors import AlreadyAnswered, DialogueMoved
from core.conversations.handing_over import HandingOver
from core.conversations.inbound import Chat
from core.conversations.models import Conversation, Message
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.clock import ManualClock
from core.foundation.database.one_go import in_one_go
from core.foundation.errors import NotAllowed
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from tests.support.taken import taken

ACCOUNT = "01J0000000000000000000000A"


async def _claimed(practice: Practice, key: str = "k", *, window: bool = True) -> tuple[Conversation, Message]:
    return await taken(practice, Chat("official_account", "wx1", "o-1", False, ACCOUNT), key, "text", '{"text":"咳嗽"}', window=window)


async def _finish(practice: Practice, system: Actor, conversation: Conversation, message: Message, reply: str = '["x"]') -> None:
    order = FinishTurn(message_id=message.id, conversation_version=conversation.version, reply=reply, dialogue={"intake_id": "i"})
    await practice.execute(system, order)


@pytest.mark.storage
async def test_ten_claims_at_once_make_one_message_and_one_event(practice: Practice) -> None:
    await _claimed(practice, "other")
    claims = await asyncio.gather(*(_claimed(practice, "same") for _ in range(10)))
    assert len({message.id for _, message in claims}) == 1
    assert await OutboxEvent.filter(topic="message.received").count() == 2
    assert await Conversation.all().count() == 1


@pytest.mark.storage
async def test_either_the_http_answer_or_the_push_takes_a_reply(practice: Practice, system: Actor) -> None:
    conversation, message = await _claimed(practice)
    await _finish(practice, system, conversation, message)
    web = [HandingOver(practice), HandingOver(practice)]

    async def push() -> bool:
        return bool((await practice.execute(system, PushLate(message_id=message.id))).won)

    won = await asyncio.gather(web[0].deliver(message.id), push(), web[1].deliver(message.id), push(), web[0].deliver(message.id))
    assert won.count(True) == 1


@pytest.mark.storage
async def test_a_closed_window_makes_the_reply_late(practice: Practice, system: Actor) -> None:
    conversation, message = await _claimed(practice)
    assert await HandingOver(practice).close_window(message.id)
    await _finish(practice, system, conversation, message)
    stored = await Message.get(id=message.id)
    assert (stored.state, stored.push) == ("late", "waiting")
    assert await reading.opened(practice, stored, "rest") == '["x"]'
    assert await OutboxEvent.filter(topic="reply.late").count() == 1
    await practice.execute(system, MarkPushed(message_id=message.id, part="rest", outcome="sent"))
    assert (await Message.get(id=message.id)).push == "sent"


@pytest.mark.storage
async def test_one_of_many_takes_a_lost_reply_back_for_the_push(practice: Practice, system: Actor) -> None:
    conversation, message = await _claimed(practice)
    await _finish(practice, system, conversation, message)
    again = PushAgain(message_id=message.id, reply='["x"]')
    assert not (await practice.execute(system, again)).won
    assert await HandingOver(practice).deliver(message.id)
    won = await asyncio.gather(*(practice.execute(system, again) for _ in range(5)))
    assert [one.won for one in won].count(True) == 1
    stored = await Message.get(id=message.id)
    assert (stored.state, stored.push, stored.delivered_at) == ("late", "waiting", None)
    assert await OutboxEvent.filter(topic="reply.late").count() == 1
    assert await reading.has_seen(message.id, practice.clock.real_now()) is None
    await practice.execute(system, MarkPushed(message_id=message.id, part="rest", outcome="failed"))
    assert await reading.has_seen(message.id, practice.clock.real_now()) is False
    await practice.execute(system, MarkPushed(message_id=message.id, part="rest", outcome="sent"))
    assert await reading.has_seen(message.id, practice.clock.real_now()) is True


@pytest.mark.storage
async def test_a_turn_is_finished_once_and_only_from_where_it_began(practice: Practice, system: Actor) -> None:
    conversation, message = await _claimed(practice)
    await practice.execute(
        system,
        RecordSent(conversation_id=conversation.id, notification_id=practice.ids.new(), kind="notice", text="x", shown={"offer": ACCOUNT}),
    )
    with pytest.raises(DialogueMoved):
        await _finish(practice, system, conversation, message)
    moved = await Conversation.get(id=conversation.id)
    await _finish(practice, system, moved, message)
    with pytest.raises(AlreadyAnswered):
        await _finish(practice, system, await Conversation.get(id=conversation.id), message)
    assert (await Conversation.get(id=conversation.id)).dialogue == {"intake_id": "i"}


@pytest.mark.storage
async def test_the_first_meaning_stays(practice: Practice, system: Actor) -> None:
    _, message = await _claimed(practice)
    first = await practice.execute(system, Settle(message_id=message.id, key="offer", value="a"))
    second = await practice.execute(system, Settle(message_id=message.id, key="offer", value="b"))
    assert (first.value, second.value) == ("a", "a")
    used = [(await practice.execute(system, UseResponse(message_id=message.id))).won for _ in range(2)]
    assert used == [True, False]


async def test_nobody_but_the_system_may(practice: Practice) -> None:
    _, message = await _claimed(practice)
    administrator = Actor(ACCOUNT, (HeldRole(Role.ADMINISTRATOR, "o"),), "h5", "p")
    with pytest.raises(NotAllowed):
        await practice.execute(administrator, PushLate(message_id=message.id))


@pytest.mark.storage
async def test_one_holder_at_a_time(practice: Practice, clock: ManualClock) -> None:
    now = clock.real_now()
    held = await asyncio.gather(*(lease.take("c", f"w{number}", now) for number in range(5)))
    assert held.count(True) == 1
    holder = f"w{held.index(True)}"
    assert await lease.take("c", holder, now)
    assert not await lease.take("c", "late", now)
    assert await lease.take("c", "late", now + lease.DURATION)
    await lease.give_back("c", "late", now)
    assert await lease.take("c", holder, now)


@pytest.mark.storage
async def test_the_ledger_counts_in_real_time(practice: Practice, clock: ManualClock) -> None:
    now = clock.real_now()
    assert not await allowance.spend("01J0000000000000000000000C", now)
    await in_one_go(lambda: allowance.opening(practice.ids, ["01J0000000000000000000000C"], "message", now))
    await in_one_go(lambda: allowance.opening(practice.ids, ["01J0000000000000000000000C"], "tap", now))
    assert await allowance.left("01J0000000000000000000000C", now) == 8
    spent = await asyncio.gather(*(allowance.spend("01J0000000000000000000000C", now) for _ in range(12)))
    assert spent.count(True) == 8
    await in_one_go(lambda: allowance.opening(practice.ids, ["01J0000000000000000000000C"], "message", now))
    assert not await allowance.spend("01J0000000000000000000000C", now + timedelta(hours=48))
    await allowance.exhausted("01J0000000000000000000000C")
    assert await allowance.left("01J0000000000000000000000C", now) == 0


@pytest.mark.storage
async def test_of_ten_who_heard_a_voice_at_once_the_first_one_counts(practice: Practice, system: Actor) -> None:
    _, message = await _claimed(practice)
    orders = [KeepHeard(message_id=message.id, body=f'{{"text":"第{number}次"}}') for number in range(10)]
    values = {one.value for one in await asyncio.gather(*(practice.execute(system, order) for order in orders))}
    assert values == {"words"}
    row = await Message.get(id=message.id)
    first = await reading.opened(practice, row, "body")
    assert first in {order.body for order in orders}
    assert (await practice.execute(system, KeepHeard(message_id=message.id))).value == "words"
    assert await reading.opened(practice, await Message.get(id=message.id), "body") == first
    assert "次".encode() not in bytes(row.body)


async def test_a_voice_in_which_nothing_was_heard_stays_as_it_came(practice: Practice, system: Actor) -> None:
    _, message = await _claimed(practice)
    assert (await practice.execute(system, KeepHeard(message_id=message.id))).value == "nothing"
    assert await reading.opened(practice, await Message.get(id=message.id), "body") == '{"text":"咳嗽"}'
    assert (await practice.execute(system, KeepHeard(message_id=message.id, body='{"text":"后来"}'))).value == "nothing"
    assert await reading.opened(practice, await Message.get(id=message.id), "body") == '{"text":"咳嗽"}'
    for role in (Role.VILLAGE_DOCTOR, Role.ADMINISTRATOR):
        person = Actor(ACCOUNT, (HeldRole(role, "o"),), "h5", "p")
        with pytest.raises(NotAllowed):
            await practice.execute(person, KeepHeard(message_id=message.id, body='{"text":"改了"}'))
