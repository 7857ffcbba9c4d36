"""How urgent: the five codes, in order. What each code means for the practice stands in ``core.intake.urgency``."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Urgency(StrEnum):
    """Urgency codes, worst first; four of the 2018 consensus (急诊预检分诊专家共识) and self-care."""

    CRITICAL = "critical"
    EMERGENT = "emergent"
    URGENT = "urgent"
    ROUTINE = "routine"
    SELF_CARE = "self_care"

    @property
    def severity(self) -> int:
        """5 for critical down to 1 for self-care."""
        return _SEVERITY[self]


_SEVERITY = {level: 5 - place for place, level in enumerate(Urgency)}


def more_severe(levels: Iterable[Urgency]) -> Urgency:
    """The worst of ``levels``: the level is the worst single finding, never an average. ValueError when empty."""
    return max(levels, key=lambda level: level.severity)
