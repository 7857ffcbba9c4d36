"""问诊: begin to tell what is wrong, or go on where it was left."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.dialogue import pointing
from bot.dialogue.again import asked_anew, shapes_before
from bot.dialogue.turn import Reply, Turn

_TELL = "请说吧:哪里不舒服,多久了?比如「咳嗽三天,发烧38度5」。一句话说不清就点人体图。\n喘不上气、剧烈胸痛、叫不醒、大出血,马上打 **120**。"


async def begin(turn: Turn) -> Reply:
    """问诊, said or clicked in the menu: the open question again where one is open."""
    asked = turn.state.asked
    if asked is not None and asked.kind == "intake":
        shapes = await shapes_before(turn, asked)
        if shapes:
            return asked_anew(turn, asked, shapes, Text(text="好的,接着刚才的:"))
    return Reply((Text(text=_TELL), pointing.PAGE), turn.state)
