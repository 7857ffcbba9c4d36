"""人体图: who does not know what to call it points at it, on the page where the dialogue goes on."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link
from bot.dialogue.turn import Reply, Turn

PAGE = Link(title="人体图:点一点哪里不舒服", url="mini:pages/web/web?to=where", description="不用打字。点了地方,再点怎么不舒服、疼几分。")
SHOW = Choice(code="body_map", label="给我看人体图")


def shown(turn: Turn) -> Reply:
    """The page. What was asked stays open."""
    return Reply((PAGE,), turn.state)
