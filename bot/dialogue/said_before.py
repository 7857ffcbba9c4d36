"""Words of an earlier message: between the moment when something is written and the one when it is signed, only the message's id is kept."""

from __future__ import annotations

from bot.channels.message import Incoming
from bot.dialogue.turn import Turn
from bot.phrases.reasons import marked_reason
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.errors import Invalid


async def words_of(turn: Turn, message_id: str) -> str:
    """What the person wrote in that message of this conversation, without 理由: before it; Invalid when he wrote none."""
    message = await Message.get_or_none(id=message_id, conversation_id=turn.conversation_id, account_id=turn.actor.account_id)
    if message is None:
        raise Invalid
    words = Incoming.model_validate_json(await reading.opened(turn.practice, message, "body")).text.strip()
    if not words:
        raise Invalid
    return marked_reason(words) or words
