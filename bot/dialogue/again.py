"""The open question as it was asked, to be asked once more."""

from __future__ import annotations

from bot.channels.outgoing import CardUpdate, Menu, Outgoing, Text
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.inbox.shapes import read
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.database.statements import find


async def shapes_before(turn: Turn, asked: Asked) -> tuple[Outgoing, ...]:
    """The reply that asked it; nothing where that is gone."""
    message = await find(Message, id=asked.message_id, conversation_id=turn.conversation_id) if asked.message_id else None
    shapes = () if message is None else read(await reading.opened(turn.practice, message, "reply"))
    return tuple(shape for shape in shapes if not isinstance(shape, CardUpdate))


async def question_before(turn: Turn, asked: Asked) -> tuple[Outgoing, ...]:
    """Of that reply only what asks: the last menu, or the last text where nothing was to tap."""
    shapes = await shapes_before(turn, asked)
    menus = [shape for shape in shapes if isinstance(shape, Menu)]
    texts = [shape for shape in shapes if isinstance(shape, Text)]
    return tuple((menus or texts)[-1:])


def asked_anew(turn: Turn, asked: Asked, shapes: tuple[Outgoing, ...], *before: Outgoing) -> Reply:
    """``before``, then ``shapes`` with a name of their own, by which a tap on them answers ``asked``."""
    named = tuple(shape.model_copy(update={"menu_id": turn.menu_id("again")}) if isinstance(shape, Menu) else shape for shape in shapes)
    state = turn.state.asking(asked.model_copy(update={"menu_id": turn.menu_id("again"), "message_id": turn.message_id}))
    return Reply((*before, *named), state)
