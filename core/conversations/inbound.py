"""Technical writer: claiming a message. One row and its event in one transaction; the same message again finds the row that is there.

Outside ``execute`` stand only: claiming a message (here), the conversation lease (``lease``), the allowance ledger (``allowance``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from core.conversations.models import Conversation, Message
from core.conversations.words import KIND, words_key
from core.foundation.database.connection import PRACTICE
from core.foundation.encryption.fence import BlindKeyRenewed, is_in_force
from core.foundation.events import lane_of
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice

RECEIVED = "message.received"


@dataclass(frozen=True, slots=True)
class Chat:
    """Where a message came from. ``chat``: openid, userid or chatid. ``account_id``: the sender's account."""

    channel: str
    app: str
    chat: str
    group: bool
    account_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """``fresh`` is False for a message that was claimed before."""

    message: Message
    fresh: bool


async def known(dedupe_key: str) -> Message | None:
    """The message with this key, if it was claimed before."""
    return await Message.get_or_none(dedupe_key=dedupe_key)


async def conversation_of(practice: Practice, chat: Chat) -> Conversation:
    """The conversation of a chat, made on first sight."""
    edition = practice.keys.blind_edition
    blind = practice.keys.blind("chat", f"{chat.channel}\x1f{chat.app}\x1f{chat.chat}")
    found = await Conversation.get_or_none(channel=chat.channel, app=chat.app, chat_blind=blind)
    if found is not None:
        return found
    conversation_id = practice.ids.new()
    subject = conversation_id if chat.group else chat.account_id
    sealer = await practice.keys.sealer("account", subject)
    try:
        async with in_transaction(PRACTICE):
            made = await Conversation.create(
                id=conversation_id,
                channel=chat.channel,
                app=chat.app,
                chat_blind=blind,
                chat=sealer.seal("conversation", "chat", conversation_id, chat.chat),
                group=chat.group,
                account_id=None if chat.group else chat.account_id,
                created_at=practice.clock.real_now(),
            )
            if not await is_in_force({edition}):
                raise BlindKeyRenewed
        return made
    except BlindKeyRenewed:
        # The chat may well be known, under the index that was made anew a moment ago.
        await practice.keys.learn_blind_keys()
        return await conversation_of(practice, chat)
    except IntegrityError:
        return await Conversation.get(channel=chat.channel, app=chat.app, chat_blind=blind)


async def claim(practice: Practice, conversation: Conversation, account_id: str, dedupe_key: str, kind: str, body: str, *, window: bool) -> Claim:
    """Store a message under ``dedupe_key`` and tell the workers; a duplicate gets the row that is there and tells nobody.

    ``body`` is the message as JSON, sealed under the key of the sender's words in this month. ``window``: a web process waits to answer it at once.
    """
    found = await known(dedupe_key)
    if found is not None:
        return Claim(found, False)
    message_id = practice.ids.new()
    real_now = practice.clock.real_now()
    key = words_key(account_id, real_now)
    sealer = await practice.keys.sealer(KIND, key)
    lane = lane_of(RECEIVED)
    try:
        async with in_transaction(PRACTICE):
            message = await Message.create(
                id=message_id,
                conversation_id=conversation.id,
                account_id=account_id,
                dedupe_key=dedupe_key,
                kind=kind,
                words_key=key,
                body=sealer.seal("message", "body", message_id, body),
                state="received",
                window="open" if window else "closed",
                received_at=real_now,
            )
            await received(practice.ids.new(), conversation.id, message_id, real_now).save(force_create=True)
    except IntegrityError:
        return Claim(await Message.get(dedupe_key=dedupe_key), False)
    await practice.signals.publish(lane)
    return Claim(message, True)


def received(event_id: str, conversation_id: str, message_id: str, real_now: datetime) -> OutboxEvent:
    """The event of a message that was stored, for the same transaction."""
    return OutboxEvent(
        id=event_id,
        topic=RECEIVED,
        lane=lane_of(RECEIVED),
        key=conversation_id,
        body={"conversation_id": conversation_id, "message_id": message_id},
        created_at=real_now,
        claimed_until=real_now,
    )
