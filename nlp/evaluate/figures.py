"""What the tables share: intervals, calibration, and tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_NORMAL = 1.959964
"""The normal quantile of 97.5 %."""


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def ratio(above: NDArray[np.float64], below: NDArray[np.float64], seed: int = 0) -> Figure:
    """sum(above) / sum(below) over cases, with a percentile bootstrap over cases (Efron 1979); above and below of a case stay together."""
    number = len(above)
    drawn = np.random.default_rng(seed).integers(0, number, (RESAMPLES, number))
    spread = above[drawn].sum(1) / np.maximum(below[drawn].sum(1), 1e-9)
    low, high = np.quantile(spread, [0.025, 0.975])
    return Figure(float(above.sum() / max(below.sum(), 1e-9)), float(low), float(high))


def mean(values: NDArray[np.float64], seed: int = 0) -> Figure:
    """The mean over cases with its interval."""
    return ratio(values, np.ones(len(values)), seed)


def share(hits: int, number: int) -> Figure | None:
    """hits / number with the Wilson score interval (Wilson 1927), which stays honest where all or none hit; None of nothing."""
    if number == 0:
        return None
    rate, square = hits / number, _NORMAL**2
    middle = (rate + square / (2 * number)) / (1 + square / number)
    half = _NORMAL / (1 + square / number) * math.sqrt(rate * (1 - rate) / number + square / (4 * number**2))
    return Figure(rate, max(0.0, middle - half), min(1.0, middle + half))


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.float64], bins: int = 10) -> float:
    """Expected calibration error: |how sure - how often right| over bins of equal size, the mean weighted by cases (Naeini et al., AAAI 2015)."""
    order = np.argsort(sure, kind="stable")
    pieces = [piece for piece in np.array_split(order, bins) if len(piece)]
    return float(sum(len(piece) * abs(sure[piece].mean() - right[piece].mean()) for piece in pieces) / len(order))


def error_by_chance(sure: NDArray[np.float64], seed: int = 0, draws: int = 200) -> float:
    """The calibration error to expect, in the mean, of somebody who is right exactly as often as he is ``sure``: what few cases show by chance."""
    chance = np.random.default_rng(seed)
    return float(np.mean([calibration_error(sure, (chance.random(len(sure)) < sure).astype(np.float64)) for _ in range(draws)]))


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]], show: Callable[[object], str] = str) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(show(cell) for cell in line) + " |" for line in lines)
