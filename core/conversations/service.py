"""Replies stored with the dialogue's state in one step, and handed over exactly once: in the HTTP answer or by push."""

from __future__ import annotations

from typing import Any

from core.conversations.commands import (
    DeliverPart,
    FinishTurn,
    KeepHeard,
    MarkPushed,
    PushAgain,
    PushLate,
    RecordSent,
    Settle,
    Settled,
    UseResponse,
    Won,
)
from core.conversations.errors import AlreadyAnswered, DialogueMoved, MessageUnknown
from core.conversations.models import Allowance, Conversation, Message
from core.conversations.reading import signal_of
from core.conversations.words import KIND, sealer_of, words_key
from core.foundation.database.statements import find
from core.foundation.encryption.erasure import before_erasure
from core.foundation.orders import Done, handles
from core.foundation.work import Work

PUSH_TOPIC = "reply.late"
HEARD = "heard"
"""In ``Message.settled``: whether words were recognised in a voice message."""


@before_erasure("account")
async def forget_chats(work: Work, account_id: str) -> None:
    """The account is closed: whoever writes from there again is somebody new, and nothing that waits is pushed any more."""
    chats = [str(one) for one in await Conversation.filter(account_id=account_id, group=False).values_list("id", flat=True)]
    await Message.filter(conversation_id__in=chats, push="waiting").update(push="failed")
    await Message.filter(conversation_id__in=chats, aside_push="waiting").update(aside_push="failed")
    await Allowance.filter(conversation_id__in=chats).delete()
    await Conversation.filter(id__in=chats).delete()


async def _message(message_id: str) -> Message:
    message = await find(Message, lock=True, id=message_id)
    if message is None:
        raise MessageUnknown
    return message


async def _sealed(work: Work, message: Message, column: str, text: str) -> bytes:
    sealer = await sealer_of(work.practice.keys, message.words_key, message.account_id)
    return sealer.seal("message", column, message.id, text)


async def _push(work: Work, message: Message, part: str = "rest") -> None:
    await work.emit(PUSH_TOPIC, key=message.conversation_id, message_id=message.id, part=part)


@handles(FinishTurn)
async def finish_turn(work: Work, order: FinishTurn) -> Done:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if message.state != "received":
        raise AlreadyAnswered
    conversation = await find(Conversation, lock=True, id=message.conversation_id)
    if conversation is None or conversation.version != order.conversation_version:
        raise DialogueMoved
    await conversation.change(conflict=DialogueMoved(), dialogue=order.dialogue)
    late = message.window == "closed"
    aside = order.aside != "[]"
    nothing = order.reply == "[]"
    values: dict[str, Any] = {
        "reply": await _sealed(work, message, "reply", order.reply),
        "aside": await _sealed(work, message, "aside", order.aside) if aside else None,
        "answered_at": work.practice.clock.real_now(),
        "state": "late" if late else "answered",
    }
    if late and not nothing:
        values |= {"rest": await _sealed(work, message, "rest", order.reply), "push": "waiting"}
    if aside:
        values["aside_push"] = "waiting"
    await message.change(conflict=AlreadyAnswered(), **values)
    for part, column in (("rest", "push"), ("aside", "aside_push")):
        if values.get(column) == "waiting":
            await _push(work, message, part)
    work.lanes.add(signal_of(message.id))
    return Done()


@handles(Settle)
async def settle(work: Work, order: Settle) -> Settled:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if order.key not in message.settled:
        await message.change(settled={**message.settled, order.key: order.value})
    return Settled(value=message.settled[order.key])


@handles(KeepHeard)
async def keep_heard(work: Work, order: KeepHeard) -> Settled:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if HEARD not in message.settled:
        values: dict[str, Any] = {"body": await _sealed(work, message, "body", order.body)} if order.body else {}
        await message.change(settled={**message.settled, HEARD: "words" if order.body else "nothing"}, **values)
    return Settled(value=message.settled[HEARD])


@handles(DeliverPart)
async def deliver_part(work: Work, order: DeliverPart) -> Won:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if message.state != "answered":
        return Won(won=False)
    rest = await _sealed(work, message, "rest", order.rest)
    await message.change(state="delivered", delivered_at=work.practice.clock.real_now(), rest=rest, push="waiting")
    await _push(work, message)
    return Won(won=True)


@handles(PushLate)
async def push_late(work: Work, order: PushLate) -> Won:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if message.state != "answered" or message.reply is None:
        return Won(won=False)
    sealer = await sealer_of(work.practice.keys, message.words_key, message.account_id)
    reply = sealer.open("message", "reply", message.id, bytes(message.reply))
    if reply == "[]":
        await message.change(state="late")
        return Won(won=True)
    await message.change(state="late", rest=await _sealed(work, message, "rest", reply), push="waiting")
    await _push(work, message)
    return Won(won=True)


@handles(PushAgain)
async def push_again(work: Work, order: PushAgain) -> Won:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if message.state != "delivered" or message.push == "waiting" or order.reply == "[]":
        return Won(won=False)
    rest = await _sealed(work, message, "rest", order.reply)
    await message.change(state="late", rest=rest, push="waiting", delivered_at=None)
    await _push(work, message, "again")
    return Won(won=True)


@handles(MarkPushed)
async def mark_pushed(work: Work, order: MarkPushed) -> Done:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if order.part == "aside":
        await message.change(aside_push=order.outcome)
        return Done()
    values: dict[str, Any] = {"push": order.outcome}
    if order.outcome == "sent" and message.state == "late":
        values["delivered_at"] = work.practice.clock.real_now()
    await message.change(**values)
    return Done()


@handles(UseResponse)
async def use_response(work: Work, order: UseResponse) -> Won:
    message = await _message(order.message_id)
    work.concerns("message", message.id)
    if message.response_used:
        return Won(won=False)
    await message.change(response_used=True)
    return Won(won=True)


@handles(RecordSent)
async def record_sent(work: Work, order: RecordSent) -> Done:
    conversation = await Conversation.filter(id=order.conversation_id).select_for_update().first()
    if conversation is None:
        raise MessageUnknown
    dedupe_key = f"out:{order.notification_id}:{conversation.id}"
    work.concerns("conversation", conversation.id)
    if not await Message.filter(dedupe_key=dedupe_key).exists():
        await _keep(work, conversation, order, dedupe_key)
    dialogue = dict(conversation.dialogue)
    if order.shown and dialogue.get("shown", {}) != order.shown:
        dialogue["shown"] = {**dialogue.get("shown", {}), **order.shown}
    if order.buttons:
        dialogue["noticed"] = list(order.buttons)
    if dialogue != conversation.dialogue:
        # A turn that runs at the same time has read an older version and starts over with this one.
        await conversation.change(dialogue=dialogue)
    return Done()


async def _keep(work: Work, conversation: Conversation, order: RecordSent, dedupe_key: str) -> None:
    message_id = work.new_id()
    subject = conversation.account_id or conversation.id
    real_now = work.practice.clock.real_now()
    key = words_key(subject, real_now)
    sealer = await work.sealer(KIND, key)
    await Message.create(
        id=message_id,
        conversation_id=conversation.id,
        account_id=subject,
        direction="out",
        dedupe_key=dedupe_key,
        kind=order.kind,
        words_key=key,
        body=sealer.seal("message", "body", message_id, order.text),
        state="delivered",
        received_at=real_now,
        delivered_at=real_now,
    )
