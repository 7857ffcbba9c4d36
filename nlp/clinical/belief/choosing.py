"""The next finding to ask for.

    worth(s) = ( I(disease; a_s) + 2 * I(level; a_s) + 8 * I(danger; a_s) + bonus_s ) / cost_s

The weights are a decision, not a measurement: of two findings that tell as much about diseases, the one that also tells whether this is
dangerous goes first, and one nat about danger counts for eight about which harmless disease it is. ``bonus`` is for knowledge that has a further
reason to ask (see ``counted``). Nothing is asked twice, and nothing that is known.

It ends when the limit of turns is reached, or when no answer is expected to move what matters: sqrt(I / 2), which bounds the expected total
variation (``information``), lies under the threshold for diseases and for danger, for every finding that is left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from .information import Expected, expected
from .knowledge import Bools, Floats, Knowledge


@dataclass(frozen=True)
class Preference:
    """What counts how much, and when it is enough.

    still_moves_disease, still_moves_danger: an expected total variation under which an answer is not worth asking for
    turns: questions at most
    """

    disease: float = 1.0
    level: float = 2.0
    danger: float = 8.0
    still_moves_disease: float = 0.05
    still_moves_danger: float = 0.02
    turns: int = 8


@dataclass(frozen=True)
class Choice:
    """The finding to ask for, and what its answer is expected to tell (nats)."""

    finding: str
    worth: float
    disease: float
    level: float
    danger: float


def worth(knowledge: Knowledge, told: Expected, preference: Preference, bonus: Floats | None = None) -> Floats:
    """(..., S) what asking for each finding is worth, for one cost."""
    summed = preference.disease * told.disease + preference.level * told.level + preference.danger * told.danger
    return np.asarray((summed if bonus is None else summed + bonus) / knowledge.cost, np.float32)


def idle(told: Expected, open_: Bools, preference: Preference) -> Bools:
    """(...,) whether no answer to a finding in ``open_`` (..., S) would still move diseases or danger."""
    moves = (told.disease >= 2 * preference.still_moves_disease**2) | (told.danger >= 2 * preference.still_moves_danger**2)
    return np.asarray(~(moves & open_).any(-1))


def next_finding(
    knowledge: Knowledge, diseases: Floats, known: Collection[str], turn: int, preference: Preference | None = None, bonus: Floats | None = None
) -> Choice | None:
    """The finding to ask for when ``diseases`` (D,) is believed; None when it is enough.

    ``known``: findings that were said, asked (答不清楚 included) or do not come into question for this person; ``turn``: questions asked so far.
    """
    preference = preference or Preference()
    if turn >= preference.turns:
        return None
    open_ = np.ones(len(knowledge.findings), np.bool_)
    open_[[knowledge.place[finding] for finding in known if finding in knowledge.place]] = False
    told = expected(knowledge, diseases)
    if not open_.any() or bool(idle(told, open_, preference)):
        return None
    value = worth(knowledge, told, preference, bonus)
    at = int(np.where(open_, value, -np.inf).argmax())
    return Choice(knowledge.findings[at], *(float(part[at]) for part in (value, told.disease, told.level, told.danger)))
