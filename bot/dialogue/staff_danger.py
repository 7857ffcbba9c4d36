"""Danger in what a member of staff writes: 120 and what to do now come first, and what was asked stays open."""

from __future__ import annotations

from bot.channels.outgoing import CardUpdate, Menu, Outgoing, Text
from bot.dialogue.danger import Heard
from bot.dialogue.intake_words import UNSIGNED, measures
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.inbox.shapes import read
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.actor import Role
from core.intake.errors import RulesUnsigned
from core.intake.signatures import require_rules

_FIRST = "**病人情况危急的话:先打 120 并准备转运。**"
_ASK = "要请专家,请在前面写「会诊」和病人编号,比如:\n会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"
_STILL_OPEN = "刚才问您的还开着,没有当作回答(这句就是理由的话,前面写「理由:」再发):"


async def answered(turn: Turn, hearing: Heard) -> Reply:
    """The words of danger, then the open question as it was asked."""
    lines = await now(turn, hearing)
    asked = turn.state.asked
    if asked is None or asked.kind == "actions":
        return turn.say("\n".join([*lines, _ASK] if turn.actor.holds(Role.VILLAGE_DOCTOR) else lines))
    again = await shown_before(turn, asked)
    return Reply((Text(text="\n".join(lines)), *((Text(text=_STILL_OPEN), *again) if again else ())), turn.state)


async def shown_before(turn: Turn, asked: Asked) -> tuple[Outgoing, ...]:
    """What the question looked like, to be sent again."""
    message = await Message.get_or_none(id=asked.message_id, conversation_id=turn.conversation_id)
    shapes = () if message is None else read(await reading.opened(turn.practice, message, "reply"))
    return tuple(
        shape.model_copy(update={"menu_id": turn.menu_id("again")}) if isinstance(shape, Menu) else shape
        for shape in shapes if not isinstance(shape, CardUpdate)
    )  # fmt: skip


async def now(turn: Turn, hearing: Heard) -> list[str]:
    """120 first, then what to do now."""
    return [_FIRST, *await _now(turn, hearing)]


async def _now(turn: Turn, hearing: Heard) -> list[str]:
    """The first measures of the rules, where they may be said."""
    if hearing.emergency is None:
        return []
    try:
        signed = await require_rules(turn.practice)
    except RulesUnsigned:
        return []
    return [*measures(hearing.emergency), *(() if signed else (UNSIGNED,))]
