"""Technical writer: the ledger of what WeChat lets a service account send of itself, in real time.

Source: the platform's table of customer-service messages (wechat-facts 2.4): a message of the person opens 5 messages for 48 hours, a tap,
a follow or a scan 3 messages for one minute. A reply that must arrive is not spent on chatter: whoever sends asks here first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from core.conversations.models import Allowance
from core.foundation.ids import Ids

Trigger = Literal["message", "tap"]

GIVEN: dict[Trigger, tuple[int, timedelta]] = {"message": (5, timedelta(hours=48)), "tap": (3, timedelta(minutes=1))}


async def opened(ids: Ids, conversation_id: str, trigger: Trigger, real_now: datetime) -> None:
    """The person did something: its allowance starts anew."""
    count, duration = GIVEN[trigger]
    row = Allowance.filter(conversation_id=conversation_id, trigger=trigger)
    if await row.update(remaining=count, until=real_now + duration):
        return
    try:
        await Allowance.create(
            id=ids.new(), conversation_id=conversation_id, trigger=trigger, remaining=count, until=real_now + duration
        )
    except IntegrityError:
        await row.update(remaining=count, until=real_now + duration)


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
