"""Something sealed does not open: whoever runs the house is told of the place, once a day for each table; the reader has his typed answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.foundation.database.away import AWAY
from core.foundation.events import lane_of
from core.foundation.keys import SealBroken
from core.foundation.models import OutboxEvent

if TYPE_CHECKING:
    from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.damage")

TOPIC = "seal.broken"


async def tell_of_damage(practice: Practice, broken: SealBroken, entry_id: str | None = None) -> None:
    """Have the administrators told that ``broken`` was met; ``entry_id``: the audit entry of the order that met it.

    Technical, in no order's transaction: the order that met the damage has been rolled back. Where it cannot be written the log has it.
    """
    logger.error("a sealed value does not open: %s.%s of %s", broken.table or "-", broken.column or "-", broken.row_id or "-")
    real_now = practice.clock.real_now()
    key = broken.row_id[-40:]
    try:
        if await OutboxEvent.filter(state="waiting", lane=lane_of(TOPIC), key=key, topic=TOPIC).exists():
            return
        await OutboxEvent.create(
            id=practice.ids.new(), topic=TOPIC, lane=lane_of(TOPIC), key=key, body={"table": broken.table, "row_id": broken.row_id},
            entry_id=entry_id, created_at=real_now, claimed_until=real_now,
        )  # fmt: skip
    except AWAY as error:
        logger.warning("nobody could be told of it: %s", type(error).__name__)
