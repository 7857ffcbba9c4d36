"""帮助, and 转人工, 请村医一起看: there is no call centre, and nobody pretends so; the village doctor is told where one is on record."""

from __future__ import annotations

from bot.channels.outgoing import Link
from bot.dialogue.binding import STAFF_PAGE
from bot.dialogue.emergency_access import REVIEW_PAGE
from bot.dialogue.turn import Reply, Turn
from bot.phrases.guidance import GUIDANCE
from bot.phrases.help import NOT_STAFF, help_for_patients, help_text
from core.dispatch.commands import AskHelper, HelperAsked
from core.foundation.actor import ROLE_LABELS, Role
from core.people.commands_views import Me, MeView

__all__ = ["NOT_STAFF", "ask", "explained"]


async def ask(turn: Turn, topic: str) -> Reply:
    """``topic``: human or village_doctor."""
    if turn.staff or turn.group:
        return turn.say(GUIDANCE[topic])
    asked: HelperAsked = await turn.execute(AskHelper())
    if asked.told is None:
        return turn.say(GUIDANCE[topic])
    when = "现在是休息时间,早上 8 点告诉" if asked.waits else "已经告诉"
    head = "现在没有人工坐席。" if topic == "human" else ""
    return turn.say(f"{head}{when}您的村医**{asked.told}**,请他联系您。\n等不及就直接打电话给他;变重了不要等,马上打 **120**。")


async def explained(turn: Turn, *, everything: bool = False) -> Reply:
    """帮助: what this person can say here; in 长辈模式 what is said most, unless ``everything`` is asked for (更多)."""
    if not turn.staff:
        staffs = turn.incoming.channel.value.startswith("wecom")
        return turn.say(*help_for_patients(turn.actor, staffs_channel=staffs, group=turn.group, elder=turn.elder, everything=everything))
    me: MeView = await turn.ask(Me())
    roles = tuple(dict.fromkeys(held.label for held in me.roles)) or tuple(ROLE_LABELS[held.role] for held in turn.actor.roles)
    told = turn.say(help_text(turn.actor, staff=True, group=turn.group, roles=roles))
    return told if turn.group else Reply((*told.shapes, *_own_pages(turn)), told.state)


def _own_pages(turn: Turn) -> tuple[Link, ...]:
    """The pages of whose work no other message leads there."""
    pages: list[Link] = []
    if turn.actor.holds(Role.ADMINISTRATOR):
        pages.append(STAFF_PAGE)
    if turn.actor.holds(Role.ADMINISTRATOR) or turn.actor.holds(Role.AUDITOR):
        pages.append(REVIEW_PAGE)
    return tuple(pages)
