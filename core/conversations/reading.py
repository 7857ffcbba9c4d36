"""Reading conversations and messages, for the processes that carry them: opened with the keys, no rule of care involved."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.conversations.models import Conversation, Message
from core.conversations.words import sealer_of
from core.foundation.database.statements import find, find_all
from core.foundation.practice import Practice

SEEN_GRACE = timedelta(seconds=1)
"""A push is on the screen a moment before it is marked as sent."""


def signal_of(message_id: str) -> str:
    """The wake-up for whoever waits for the reply to a message."""
    return f"message:{message_id}"


async def chat_key(practice: Practice, conversation: Conversation) -> str:
    """The openid, userid or chatid of a conversation."""
    sealer = await practice.keys.sealer("account", conversation.account_id or conversation.id)
    return sealer.open("conversation", "chat", conversation.id, bytes(conversation.chat))


async def opened(practice: Practice, message: Message, column: str) -> str:
    """``body``, ``reply``, ``rest`` or ``aside`` of a message as JSON text; empty when there is none."""
    sealed = getattr(message, column)
    if sealed is None:
        return ""
    sealer = await sealer_of(practice.keys, message.words_key, message.account_id)
    return sealer.open("message", column, message.id, bytes(sealed))


async def conversation(conversation_id: str) -> Conversation:
    """The conversation as it is now; DoesNotExist where it was deleted meanwhile."""
    return await find(Conversation, id=conversation_id) or await Conversation.get(id=conversation_id)


async def unanswered(conversation_id: str) -> list[Message]:
    """Messages of a conversation without a reply, in the order in which they came."""
    return await find_all(Message, order="id", conversation_id=conversation_id, state="received")


async def waiting_since(before: datetime, limit: int = 50) -> list[str]:
    """Conversations with a message that came before ``before`` and has no reply yet."""
    rows = await Message.filter(state="received", received_at__lte=before).order_by("id").limit(limit)
    return list(dict.fromkeys(row.conversation_id for row in rows))


async def never_fetched(before: datetime, limit: int = 50) -> list[str]:
    """Messages answered before ``before`` whose reply nobody took."""
    rows = await Message.filter(state="answered", answered_at__lte=before).order_by("id").limit(limit)
    return [row.id for row in rows]


async def is_first(message_id: str, conversation_id: str) -> bool:
    """Whether nobody said anything in the conversation before this message."""
    return not await Message.filter(conversation_id=conversation_id, direction="in", id__lt=message_id).exists()


async def has_seen(message_id: str, said_at: datetime) -> bool | None:
    """Whether the reply to ``message_id`` was before the person when he said something at ``said_at``; None while it is being pushed.

    What was said before there was any reply is not judged: it goes on with the talk.
    """
    message = await find(Message, id=message_id)
    if message is None or message.answered_at is None or said_at < message.answered_at:
        return True
    if message.state == "answered" or message.push == "failed":
        return message.state == "delivered"
    if message.state == "late" and message.push == "waiting":
        return None
    return message.delivered_at is None or message.delivered_at <= said_at + SEEN_GRACE


async def pictures_since(account_id: str, since: datetime) -> list[Message]:
    """The pictures that an account sent in its single chats after ``since`` (real time), newest first."""
    chats = await Conversation.filter(account_id=account_id, group=False).values_list("id", flat=True)
    sent = Message.filter(conversation_id__in=list(chats), account_id=account_id, direction="in", kind="image", received_at__gt=since)
    return await sent.order_by("-id")
