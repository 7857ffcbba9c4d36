"""Technical writer: the ledger of what WeChat lets a service account send of itself, in real time.

Source: the platform's table of customer-service messages (wechat-facts 2.4): a message of the person opens 5 messages for 48 hours, a tap,
a follow or a scan 3 messages for one minute. A reply that must arrive is not spent on chatter: whoever sends asks here first.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from tortoise.expressions import F

from core.conversations.models import Allowance
from core.foundation.database import statements
from core.foundation.database.one_go import Steps
from core.foundation.ids import Ids

Trigger = Literal["message", "tap"]

GIVEN: dict[Trigger, tuple[int, timedelta]] = {"message": (5, timedelta(hours=48)), "tap": (3, timedelta(minutes=1))}


def opening(ids: Ids, conversation_ids: Collection[str], trigger: Trigger, real_now: datetime) -> Steps[None]:
    """The people of these single chats did something: the allowance of each starts anew. Steps of the transaction that stores what they did."""
    count, duration = GIVEN[trigger]
    given = {"remaining": count, "until": real_now + duration}
    chats = list(conversation_ids)
    if (yield statements.updating(Allowance, given, conversation_id__in=chats, trigger=trigger)).written == len(chats):
        return
    there = {row["conversation_id"] for row in (yield statements.selecting(Allowance, conversation_id__in=chats, trigger=trigger)).rows}
    missing = [{"id": ids.new(), "conversation_id": one, "trigger": trigger, **given} for one in sorted(set(chats) - there)]
    if missing:
        # Another process may have made it a moment ago, for something the same person did: with the same count and nearly the same end.
        yield statements.inserting(Allowance, missing, unless_there=True)


async def left(conversation_id: str, real_now: datetime) -> int:
    """How many messages may still go out now."""
    rows = await Allowance.filter(conversation_id=conversation_id, until__gt=real_now)
    return sum(max(0, row.remaining) for row in rows)


async def spend(conversation_id: str, real_now: datetime) -> bool:
    """Take one message, the shorter-lived allowance first; False when nothing is left."""
    for trigger in ("tap", "message"):
        taken = await Allowance.filter(
            conversation_id=conversation_id, trigger=trigger, remaining__gt=0, until__gt=real_now
        ).update(remaining=F("remaining") - 1)
        if taken:
            return True
    return False


async def exhausted(conversation_id: str) -> None:
    """The platform says that nothing may be sent any more (or the person unfollowed): believe it."""
    await Allowance.filter(conversation_id=conversation_id).update(remaining=0)
