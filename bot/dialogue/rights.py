"""删除, 注销, 更正, 复印, 投诉, 谁看过: an honest answer, and the page that shows who looked."""

from __future__ import annotations

from bot.channels.outgoing import Link, Text
from bot.dialogue.consents import PAGE
from bot.dialogue.turn import Reply, Turn
from bot.phrases.rights import Right, answer, overview

LOOKED = Link(title="谁看过我的记录", url="mini:pages/web/web?to=privacy%3Fat=looked", description="谁、什么时候、看过什么")


def told(turn: Turn, right: Right | None) -> Reply:
    """The open question stays open: who asks this in between is asked on."""
    text = overview() if right is None else answer(right)
    return Reply((Text(text=text), LOOKED if right in ("looked", "complaint") else PAGE), turn.state)
