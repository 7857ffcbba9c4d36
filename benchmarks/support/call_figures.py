"""Figures of a call out of what tabs wrote down (benchmarks/support/call_tab.js). Pure; moments are in milliseconds of the tabs' common clock."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

RATE = 48_000
"""Samples of opus a second, as getStats counts them."""

_SOUND = ("totalSamplesReceived", "concealedSamples", "silentConcealedSamples")
Sample = dict[str, Any]


def longest_gap(times: Sequence[float], begin: float, end: float) -> float:
    """The longest time without a new picture between the two moments, in ms."""
    marks = [begin, *(at for at in times if begin <= at <= end), end]
    return max(after - before for before, after in itertools.pairwise(marks))


def gaps(times: Sequence[float], begin: float, end: float) -> list[float]:
    """All times between neighbouring pictures, in ms."""
    marks = [at for at in times if begin <= at <= end]
    return [after - before for before, after in itertools.pairwise(marks)]


def counted(samples: Sequence[Sample], name: str, key: str, leg: str = "received") -> list[tuple[float, float]]:
    """(moment, counter) wherever ``name`` (seat and kind) has it."""
    return [(one["at"], one[leg][name][key]) for one in samples if name in one[leg] and key in one[leg][name]]


def rise(samples: Sequence[Sample], name: str, key: str, begin: float, end: float, leg: str = "received") -> float:
    """How much a counter rose between the two moments; a connection that was put up anew counts from nothing."""
    points = [value for at, value in counted(samples, name, key, leg) if begin <= at <= end]
    return sum(max(0.0, after - before) if after >= before else after for before, after in itertools.pairwise(points))


def kbps(samples: Sequence[Sample], seat: str, begin: float, end: float) -> float:
    """Picture and sound of ``seat`` that arrived, without headers, in kbit/s."""
    octets = sum(rise(samples, f"{seat} {kind}", "bytesReceived", begin, end) for kind in ("video", "audio"))
    return octets * 8 / max(1.0, end - begin)


def first_at(samples: Sequence[Sample], seat: str, least: float, begin: float, end: float, window: float = 2000.0) -> float | None:
    """Seconds after ``begin`` until ``least`` kbit/s were reached over the last ``window``; None: they were not."""
    for moment in (one["at"] for one in samples if begin + window <= one["at"] <= end):
        if kbps(samples, seat, moment - window, moment) >= least:
            return (moment - begin) / 1000
    return None


def concealed(samples: Sequence[Sample], seat: str, begin: float, end: float) -> tuple[float, float, float]:
    """Of the sound of ``seat`` that was played: the share that was made up, the share that was made up as silence, and the longest stretch of it
    in ms. A stretch is as many made-up samples as follow each other in readings that are mostly made up, so it is known to a reading's length."""
    name = f"{seat} audio"
    points = [(one["at"], one["received"][name]) for one in samples if name in one["received"] and begin <= one["at"] <= end]
    total = made_up = silent = 0.0
    run = longest = 0.0
    for (_, before), (_, after) in itertools.pairwise(points):
        played, made, quiet = (after.get(key, 0) - before.get(key, 0) for key in _SOUND)
        if played <= 0:
            continue
        total, made_up, silent = total + played, made_up + max(0, made), silent + max(0, quiet)
        run = run + made if made > played / 2 else 0.0
        longest = max(longest, run, made)
    return made_up / max(1.0, total), silent / max(1.0, total), longest / RATE * 1000
