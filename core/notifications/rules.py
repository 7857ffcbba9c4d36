"""When something may be told: what opt-out stops, what waits for the morning. Pure. Which kind is of which class: ``kinds``."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum

from core.foundation.clock import shanghai
from core.notifications.kinds import IGNORES, Limit, priority_of

QUIET_FROM = time(21, 0)
QUIET_UNTIL = time(8, 0)
"""Local wall clock. Nobody is told anything between these that can wait."""


class Decision(StrEnum):
    SEND = "queued"
    HOLD = "held"
    STOP = "stopped"


def decide(kind: str, *, urgent: bool, stopped: bool, now: datetime) -> Decision:
    """What of 停止提醒 and the night holds for a notification: its class says what it ignores (``kinds.IGNORES``)."""
    ignores = IGNORES[priority_of(kind, urgent=urgent)]
    if stopped and Limit.OPT_OUT not in ignores:
        return Decision.STOP
    return Decision.HOLD if is_quiet(now) and Limit.NIGHT not in ignores else Decision.SEND


def is_quiet(now: datetime) -> bool:
    """True from 21:00 to 8:00 in China."""
    local = shanghai(now).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


def quiet_ends(now: datetime) -> datetime:
    """The next 8:00 in China."""
    local = shanghai(now)
    morning = local.replace(hour=QUIET_UNTIL.hour, minute=0, second=0, microsecond=0)
    return morning if local < morning else morning + timedelta(days=1)
