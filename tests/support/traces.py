"""Links as they are in villages, written as scripts of phases (`tests.support.links`): the same for simulated calls and for the shaper of real ones.

Not recordings, and not measured: shapes as mobile networks are commonly described. EDGE with 40–160 kbit/s and round trips of half a second and
more, HSPA with 0.3–2.5 Mbit/s whose rate halves and doubles within seconds, with gaps of some hundred milliseconds, LTE with 2–12 Mbit/s that falls
to 400 kbit/s behind a hill. A seed gives one trace; the same seed the same one.
"""

from __future__ import annotations

import random

from tests.support.links import DOWN, Link

Trace = list[tuple[float, Link]]

CLIFF = [(0.0, Link(2_000_000, 0.04)), (15.0, Link(300_000, 0.04))]
RECOVERY = [(0.0, Link(300_000, 0.04)), (15.0, Link(1_000_000, 0.04))]
LOSSY = [(0.0, Link(300_000, 0.04)), (15.0, Link(1_000_000, 0.04, loss=0.05))]
HARDLY_A_LINK = [(0.0, Link(50_000, 0.04, loss=0.10))]
FALLS_TO_HARDLY = [(0.0, Link(1_000_000, 0.04)), (10.0, Link(50_000, 0.04, loss=0.10)), (30.0, Link(1_000_000, 0.04))]


def _walk(
    seed: int, seconds: float, rates: tuple[float, float], step_s: tuple[float, float], delay_s: tuple[float, float],
    loss: tuple[float, float], burst: float, outages_a_minute: float, outage_s: tuple[float, float],
) -> Trace:
    """A rate that goes up and down by factors within `rates`, with its own delay and loss in each phase, and outages in between."""
    chance = random.Random(seed)
    low, high = rates
    rate, at, trace = (low * high) ** 0.5, 0.0, []
    while at < seconds:
        rate = min(high, max(low, rate * chance.choice((0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 2.0))))
        trace.append((at, Link(rate, chance.uniform(*delay_s), 0.6, chance.uniform(*loss), burst)))
        stays = chance.uniform(*step_s)
        if chance.random() < outages_a_minute * stays / 60:
            trace.append((at + stays, DOWN))
            stays += chance.uniform(*outage_s)
        at += stays
    return trace


def two_g(seed: int, seconds: float = 60) -> Trace:
    """EDGE at the edge of a cell."""
    return _walk(seed, seconds, (40_000, 160_000), (4, 10), (0.25, 0.35), (0.0, 0.04), 3, 1, (0.5, 2.0))


def three_g(seed: int, seconds: float = 60) -> Trace:
    """HSPA that many share."""
    return _walk(seed, seconds, (250_000, 2_500_000), (2, 6), (0.05, 0.09), (0.0, 0.03), 2, 1, (0.2, 1.0))


def four_g(seed: int, seconds: float = 60) -> Trace:
    """LTE with a hill in between now and then."""
    trace = _walk(seed, seconds, (2_000_000, 12_000_000), (3, 8), (0.025, 0.04), (0.0, 0.005), 1, 0.3, (0.1, 0.5))
    chance = random.Random(seed + 1)
    at = chance.uniform(10, 20)
    while at < seconds:
        trace = [*(one for one in trace if not at <= one[0] < at + 4), (at, Link(400_000, 0.06, 0.6, 0.02)), (at + 4, Link(5_000_000, 0.03))]
        at += chance.uniform(15, 30)
    return sorted(trace, key=lambda one: one[0])
