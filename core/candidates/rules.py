"""Pure figures: shares with their interval, and how far two distributions lie apart.

The population stability index is the sum of (q - p) ln(q / p) over the classes; usual reading: below 0.10 steady, from 0.25 another
population (Siddiqi, Credit Risk Scorecards, 2006). With few cases it is not 0 by chance alone: divided by (1/n + 1/m) it is about
chi-squared with one degree of freedom fewer than there are classes (Yurdakul and Naranjo, Statistical properties of the population stability
index, Journal of Risk Model Validation 2020), and only what passes 99.9 % of that counts: some twenty things are watched every day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

STEADY, MOVED = 0.10, 0.25
LEAST_SHARE = 0.005
"""Share below which a class counts as this large, so that an empty one does not make the index infinite."""
REFERENCE_CASES = 200
"""So many first uses make the reference of a model in this house."""
RECENT_DAYS = 30
RECENT_LEAST = 50
"""Fewer recent uses are not compared."""
RECENT_MOST = 1000
_Z95, _Z999 = 1.959964, 3.090232

DriftState = Literal["few", "steady", "shifting", "moved"]


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    share, z = count / of, _Z95
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def counted(cases: Iterable[Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """How many cases are in each class, by what is watched."""
    found: dict[str, dict[str, int]] = {}
    for case in cases:
        for name, state in case.items():
            classes = found.setdefault(name, {})
            classes[state] = classes.get(state, 0) + 1
    return found


def stability(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """The index of two counts over the same classes; 0 where they are alike, or where one is empty."""
    total, now = sum(before.values()), sum(after.values())
    if not total or not now:
        return 0.0
    shares = [(max(before.get(name, 0) / total, LEAST_SHARE), max(after.get(name, 0) / now, LEAST_SHARE)) for name in before.keys() | after.keys()]
    return sum((q - p) * math.log(q / p) for p, q in shares)


def by_chance(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """What the index of two samples of one population passes once in a thousand times; chi-squared by Wilson and Hilferty (1931)."""
    total, now, freedom = sum(before.values()), sum(after.values()), len(before.keys() | after.keys()) - 1
    if not total or not now or freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    return float((1 / total + 1 / now) * freedom * (1 - spread + _Z999 * math.sqrt(spread)) ** 3)


def drift(before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]) -> tuple[DriftState, dict[str, float]]:
    """How it stands, and the index of all that is watched; what chance explains counts as nothing."""
    indexes: dict[str, float] = {}
    for name in sorted(before.keys() & after.keys()):
        index = stability(before[name], after[name])
        indexes[name] = round(index, 3) if index > by_chance(before[name], after[name]) else 0.0
    worst = max(indexes.values(), default=0.0)
    return ("moved" if worst >= MOVED else "shifting" if worst >= STEADY else "steady"), indexes
