"""Technical writer: the chat a message belongs to, and the event of a message that was stored.

Outside ``execute`` stand only: making a chat (here), taking messages (``taking``), the HTTP answer taking a reply (``handing_over``), the
conversation lease (``lease``), the allowance ledger (``allowance``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from core.conversations.models import Conversation, Message
from core.foundation.database.connection import PRACTICE
from core.foundation.encryption.fence import BlindKeyRenewed, is_in_force
from core.foundation.events import lane_of
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


def received(event_id: str, conversation_id: str, message_id: str, real_now: datetime) -> dict[str, Any]:
    """The event of a message that was stored, for the same transaction: values of its row."""
    return {
        "id": event_id,
        "topic": RECEIVED,
        "lane": lane_of(RECEIVED),
        "key": conversation_id,
        "body": {"conversation_id": conversation_id, "message_id": message_id},
        "created_at": real_now,
        "claimed_until": real_now,
    }
