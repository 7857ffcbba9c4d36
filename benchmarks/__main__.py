"""Runs every figure in a process of its own, prints its table, and writes docs/measured.md from this run alone."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.support.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs" / "measured.md"
FIGURES = (
    "chat_round_trip", "execute", "access_and_audit", "audit_append", "audit_verify", "fields", "rotation", "reading", "message", "inquiry",
    "masking", "frames", "uploads", "attributes", "backup", "backup_mariadb",
)
LIMIT_S = 300


def main() -> int:
    begun = datetime.now(UTC)
    load = os.getloadavg()[0]
    figures = [_run(name) for name in FIGURES]
    REPORT.write_text(_report(figures, begun, load), "utf-8")
    print(f"written: {REPORT.relative_to(ROOT)}")
    return 0


def _run(name: str) -> Figure:
    print(f"· {name}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True
    )
    figure = Figure(**json.loads(done.stdout.splitlines()[-1]))
    print(figure.as_markdown(), flush=True)
    return figure


def _report(figures: list[Figure], begun: datetime, load: float) -> str:
    versions: dict[str, str] = {}
    for figure in figures:
        versions |= figure.versions
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    head = [
        "# Measured", "",
        "Written by `make bench` (`python -m benchmarks`); every number on this page comes from the one run named here.", "",
        f"- Date: {begun:%Y-%m-%d}", f"- Machine: {_machine()}; load before the start {load:.1f}", f"- Versions: {listed}", "", "",
    ]  # fmt: skip
    return "\n".join(head) + "\n".join(figure.as_markdown() for figure in figures)


def _machine() -> str:
    """The class of the machine; nothing that names it."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.system()}, {platform.machine()}, {cores} core{'s' if cores > 1 else ''}, {memory:.0f} GiB of memory"


if __name__ == "__main__":
    sys.exit(main())
