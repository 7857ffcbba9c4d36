"""CPU time of processes, from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of these processes so far, threads included."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


def cpu_by_name(groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
    return {name: cpu_seconds(pids) for name, pids in groups.items()}


def wait_quiet(pids: Sequence[int], limit_s: float = 4.0) -> None:
    """Until these processes have finished what they began: less than a tenth of a core over a fifth of a second, twice running."""
    end = time.monotonic() + limit_s
    quiet, before = 0, cpu_seconds(pids)
    while quiet < 2 and time.monotonic() < end:
        time.sleep(0.2)
        now = cpu_seconds(pids)
        quiet = quiet + 1 if now - before <= 0.02 else 0
        before = now
