"""When something may be told: what opt-out stops, what waits for the morning. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum

from core.foundation.clock import shanghai

QUIET_FROM = time(21, 0)
QUIET_UNTIL = time(8, 0)
"""Local wall clock. Nobody is told anything between these that can wait."""

ANSWERS = frozenset({
    "upload.accepted", "upload.refused", "picture.refused", "consultation.todo", "appointment.booked", "followup.trend", "followup.offer",
})
"""Kinds that answer what the person has just done: neither opt-out nor the night holds an answer back."""


class Decision(StrEnum):
    SEND = "queued"
    HOLD = "held"
    STOP = "stopped"


def decide(kind: str, *, urgent: bool, stopped: bool, now: datetime) -> Decision:
    """Urgent ones (a running emergency) and answers go out; opt-out stops the rest; at night the rest waits."""
    if urgent or kind in ANSWERS:
        return Decision.SEND
    if stopped:
        return Decision.STOP
    return Decision.HOLD if is_quiet(now) else Decision.SEND


def is_quiet(now: datetime) -> bool:
    """True from 21:00 to 8:00 in China."""
    local = shanghai(now).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


def quiet_ends(now: datetime) -> datetime:
    """The next 8:00 in China."""
    local = shanghai(now)
    morning = local.replace(hour=QUIET_UNTIL.hour, minute=0, second=0, microsecond=0)
    return morning if local < morning else morning + timedelta(days=1)
