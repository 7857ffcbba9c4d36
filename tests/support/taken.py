"""A message as the inbox takes it, for tests of what comes after."""

from __future__ import annotations

from core.conversations.inbound import Chat, conversation_of
from core.conversations.models import Conversation, Message
from core.conversations.taking import Arrival, Taking
from core.foundation.practice import Practice


async def taken(practice: Practice, chat: Chat, dedupe_key: str, kind: str, body: str, *, window: bool = False) -> tuple[Conversation, Message]:
    """The chat, and the message in it: stored, or the one that is there with this key."""
    arrival = Arrival(
        channel=chat.channel, app=chat.app, sender=chat.chat, chat=chat.chat, group=chat.group, dedupe_key=dedupe_key, kind=kind, body=body,
        account_id=chat.account_id, window=window,
    )  # fmt: skip
    claim = await Taking(practice).take(arrival)
    return await conversation_of(practice, chat), claim.message
