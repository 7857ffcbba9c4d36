"""Timing by turns: what is compared runs alternately in short rounds, so that a busy moment of the machine falls on both."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from benchmarks.support.figure import number


async def by_turns(steps: Sequence[Callable[[], Awaitable[object]]], *, rounds: int, calls: int) -> list[float]:
    """Microseconds a call of each step: the median of its rounds' means. One round before them warms up and does not count."""
    means: list[list[float]] = [[] for _ in steps]
    for _ in range(rounds + 1):
        for step, kept in zip(steps, means, strict=True):
            begun = time.perf_counter()
            for _ in range(calls):
                await step()
            kept.append((time.perf_counter() - begun) / calls * 1e6)
    return [median(kept[1:]) for kept in means]


def by_turns_plain(steps: Sequence[Callable[[], object]], *, rounds: int, calls: int) -> list[float]:
    """The same for plain functions; CPU time, because nothing in them waits."""
    means: list[list[float]] = [[] for _ in steps]
    for _ in range(rounds + 1):
        for step, kept in zip(steps, means, strict=True):
            begun = time.process_time()
            for _ in range(calls):
                step()
            kept.append((time.process_time() - begun) / calls * 1e6)
    return [median(kept[1:]) for kept in means]


def row(title: str, ours: float, peer: float) -> list[str]:
    """One line of a table: ours, the peer, the ratio."""
    return [title, number(ours), number(peer), f"× {number(ours / peer)}"]
