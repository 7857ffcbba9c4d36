"""Technical writer: one process at a time works on a conversation. The fence grows with each new holder. Real time."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from core.foundation.database import statements
from core.foundation.database.statements import Plus
from core.foundation.models import Lease

DURATION = timedelta(seconds=10)


def lease_id(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


async def take(conversation_id: str, holder: str, real_now: datetime) -> bool:
    """Hold the conversation for DURATION; False while another holder's lease runs. The holder itself prolongs by taking again."""
    held = {"holder": holder, "until": real_now + DURATION, "fence": Plus()}
    for free in ({"until__lte": real_now}, {"holder": holder}):
        if await statements.update(Lease, held, id=lease_id(conversation_id), **free):
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
    await statements.update(Lease, {"until": real_now}, id=lease_id(conversation_id), holder=holder)
