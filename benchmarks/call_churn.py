"""What is left of 1,000 people who joined a call, were connected both ways, and left: memory, threads, descriptors (sockets), tasks, rooms."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.support.figure import Figure, number, show
from media.calls.native.build import build
from tests.media.calls.churn import AT_ONCE, WARM

ROOT = Path(__file__).resolve().parents[1]
TIMES = 1_000
GOALS = {"bytes": "≤ 5 MB", "threads": "0", "descriptors": "0", "tasks": "0", "rooms": "0"}
NAMES = {"bytes": "memory", "threads": "threads", "descriptors": "sockets and files", "tasks": "tasks", "rooms": "rooms"}


def measure() -> Figure:
    found = {name: churned(name, TIMES) for name in ("python", "native") if name == "python" or build() is not None}
    rows = [
        [f"left of {TIMES:,} joins and leaves: {NAMES[what]}", goal, *(_written(what, left[what]) for left in found.values())]
        for what, goal in GOALS.items()
    ]
    notes = [
        f"Each engine in a process of its own, after {WARM} who came before; {AT_ONCE} at a time, each in a room of his own, with both connections "
        "up before he leaves. His own side runs in the same process: what is left may be his.",
        *([] if "native" in found else ["native: not measured, no C compiler."]),
    ]
    versions = {"Python": platform.python_version(), "aiortc": version("aiortc")}
    return Figure("call_churn", "Who comes and goes", ["", "goal", *found], rows, notes, versions)


def churned(name: str, times: int) -> dict[str, int]:
    """What is left after so many with this engine."""
    command = [sys.executable, "-m", "tests.media.calls.churn", str(times), name]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    left: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return left


def _written(what: str, value: int) -> str:
    return str(value) if what != "bytes" else f"{'-' if value < 0 else ''}{number(abs(value) / 1e6)} MB"


if __name__ == "__main__":
    show(measure)
