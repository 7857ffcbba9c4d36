"""How the search for an expert goes on: waves, expiry, working hours, and when the desk is called. Pure.

The escalation is copied from the urgency table into the running search when it begins, so that a change of the table does not move a
search that is under way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.consultations.working_hours import after_working_time, is_working, next_opening
from core.intake.urgency import UrgencyEntry


@dataclass(frozen=True, slots=True)
class Chain:
    """``wave_size`` experts at once for ``offer_s`` seconds, ``waves`` times; ``desk_at_once``: the duty desk is called with the first wave."""

    wave_size: int
    offer_s: int
    waves: int
    desk_at_once: bool
    working_hours_only: bool

    @staticmethod
    def of(entry: UrgencyEntry) -> Chain:
        return Chain(entry.wave_size, entry.offer_s, entry.waves, entry.desk_at_once, entry.working_hours_only)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def restored(data: dict[str, Any]) -> Chain:
        return Chain(**data)

    def may_ask(self, now: datetime) -> bool:
        """Whether somebody may be asked at this hour."""
        return not self.working_hours_only or is_working(now)

    def asks_from(self, now: datetime) -> datetime:
        """``now``, or the next morning for what runs in working hours only."""
        return now if self.may_ask(now) else next_opening(now)

    def expires(self, now: datetime) -> datetime:
        """When an offer made now runs out; for routine only working time counts."""
        patience = timedelta(seconds=self.offer_s)
        return after_working_time(now, patience) if self.working_hours_only else now + patience


class Move(StrEnum):
    ASK = "ask"
    WAIT = "wait"
    ALARM = "alarm"


def next_move(chain: Chain, *, wave: int, still_open: int) -> tuple[Move, int]:
    """What comes when a step's time is up: ask how many more, wait for those still open, or alarm the desk."""
    if wave >= chain.waves:
        return (Move.WAIT, 0) if still_open else (Move.ALARM, 0)
    wanted = chain.wave_size - still_open
    return (Move.ASK, wanted) if wanted > 0 else (Move.WAIT, 0)
