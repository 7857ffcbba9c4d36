"""Technical writer: one process at a time works on a conversation. The fence grows with each new holder. Real time."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q

from core.foundation.models import Lease

DURATION = timedelta(seconds=10)


def lease_id(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


async def take(conversation_id: str, holder: str, real_now: datetime) -> bool:
    """Hold the conversation for DURATION; False while another holder's lease runs. The holder itself prolongs by taking again."""
    free = Q(holder=holder) | Q(until__lte=real_now)
    changed = await Lease.filter(free, id=lease_id(conversation_id)).update(holder=holder, until=real_now + DURATION, fence=F("fence") + 1)
    if changed:
        return True
    if await Lease.filter(id=lease_id(conversation_id)).exists():
        return False
    try:
        await Lease.create(id=lease_id(conversation_id), holder=holder, until=real_now + DURATION)
    except IntegrityError:
        return False
    return True


async def give_back(conversation_id: str, holder: str, real_now: datetime) -> None:
    """Let the next one in at once."""
    await Lease.filter(id=lease_id(conversation_id), holder=holder).update(until=real_now)
