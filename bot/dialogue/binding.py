"""绑定管理员 …: the one-time code that the server printed, sent from WeCom by whoever shall be the first administrator."""

from __future__ import annotations

import re

from bot.channels.outgoing import Link, Text
from bot.dialogue.turn import Reply, Turn
from core.people.commands_staff import RedeemInvitation

STAFF_PAGE = Link(title="员工与机构", url="page:/h5/staff/", description="登记机构和人员、岗位、执业证、重置动态码。")
_SAID = re.compile(r"绑定管理员\s*[::]?\s*([0-9A-Za-z \-]{8,20})")


def code_in(text: str) -> str | None:
    """The code that is said; None for any other words."""
    found = _SAID.fullmatch(text.strip())
    return None if found is None else found[1]


async def bind(turn: Turn, code: str) -> Reply:
    await turn.execute(RedeemInvitation(invitation_code=code))
    said = "绑定好了,您现在是管理员。发「帮助」看看可以做什么;机构和人员在下面的页面里登记,也可以用表格一次导入。"
    return Reply((Text(text=said), STAFF_PAGE), turn.state)
