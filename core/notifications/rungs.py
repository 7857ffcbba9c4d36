"""Technical writer: which rungs of a notification's ladder were tried, so that a repetition after a kill goes on where it was.

What is written before the platform is asked says ``trying``: a repetition tries the same rung again (the one in flight may be out twice), and
none that was refused before it.
"""

from __future__ import annotations

from tortoise.exceptions import IntegrityError

from core.foundation.practice import Practice
from core.notifications.models import Rung

ENDED = frozenset({"refused", "failed"})


async def tried(notification_id: str) -> dict[tuple[str, str], Rung]:
    """What was tried of a notification, by rung and identity."""
    return {(one.rung, one.identity_id): one for one in await Rung.filter(notification_id=notification_id).order_by("id")}


async def begin(practice: Practice, notification_id: str, rung: str, identity_id: str) -> Rung:
    """The attempt on this rung, made on the first try."""
    found = await Rung.get_or_none(notification_id=notification_id, rung=rung, identity_id=identity_id)
    if found is not None:
        return found
    try:
        return await Rung.create(
            id=practice.ids.new(), notification_id=notification_id, rung=rung, identity_id=identity_id, state="trying",
            begun_at=practice.clock.real_now(),
        )  # fmt: skip
    except IntegrityError:
        return await Rung.get(notification_id=notification_id, rung=rung, identity_id=identity_id)


async def part_sent(attempt: Rung, parts: int) -> None:
    """So many of its messages are out: a repetition begins behind them."""
    await Rung.filter(id=attempt.id, state="trying").update(parts=parts)


async def sent(practice: Practice, attempt: Rung, message_id: str = "") -> None:
    """The platform has taken it, under ``message_id``."""
    await Rung.filter(id=attempt.id, state="trying").update(state="sent", message_id=message_id[:64], ended_at=practice.clock.real_now())


async def refused(practice: Practice, attempt: Rung, failure: str) -> None:
    """The platform does not take it here: never again for this notification."""
    await Rung.filter(id=attempt.id, state="trying").update(state="refused", failure=failure[:60], ended_at=practice.clock.real_now())
