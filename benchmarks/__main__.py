"""Runs every figure in a process of its own, prints its table, and writes docs/measured.md.

`python -m benchmarks` measures all and writes the page from this run alone; `python -m benchmarks reading message` measures these again and puts
their sections in the place of the former ones, each with its own day and load.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.support.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs" / "measured.md"
FIGURES = (
    "chat_round_trip", "callbacks", "callback_steps", "callback_latency", "notifications", "execute", "access_and_audit", "audit_append",
    "audit_verify", "fields", "rotation", "reading", "message", "inquiry", "masking", "frames", "uploads", "attributes", "backup",
    "backup_mariadb", "call_capacity", "call_quality", "call_churn",
)
LIMIT_S = 900


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure and write docs/measured.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"measure these alone again: {', '.join(FIGURES)}")
    names = parser.parse_args().names
    if unknown := sorted({*names} - {*FIGURES}):
        parser.error(f"no figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    begun = datetime.now(UTC)
    load = os.getloadavg()[0]
    figures = [_run(name) for name in names or FIGURES]
    page = _again(REPORT.read_text("utf-8"), figures, begun, load) if names else _report(figures, begun, load)
    REPORT.write_text(page, "utf-8")
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
        "Written by `make bench` (`python -m benchmarks`); every number on this page comes from the one run named here, but for sections that name a "
        "later run of their own.", "",
        f"- Date: {begun:%Y-%m-%d}", f"- Machine: {_machine()}; load before the start {load:.1f}", f"- Versions: {listed}", "", "",
    ]  # fmt: skip
    return "\n".join(head) + "\n".join(figure.as_markdown() for figure in figures)


def _again(page: str, figures: list[Figure], begun: datetime, load: float) -> str:
    """The page with the sections of ``figures`` in place of the former ones; a section that was not there follows the one measured before it."""
    head, *sections = page.split("\n## ")
    titles = [section.split("\n", 1)[0] for section in sections]
    place = len(sections)
    for figure in figures:
        versions = ", ".join(f"{name} {number}" for name, number in figure.versions.items())
        note = f"Measured again by itself on {begun:%Y-%m-%d} with {versions}; load before the start {load:.1f}."
        section = replace(figure, notes=[*figure.notes, note]).as_markdown().removeprefix("## ")
        if figure.title in titles:
            place = titles.index(figure.title)
            sections[place] = section
        else:
            titles.insert(place, figure.title)
            sections.insert(place, section)
        place += 1
    return "\n## ".join([head.rstrip("\n") + "\n", *(section.rstrip("\n") + "\n" for section in sections)])


def _machine() -> str:
    """The class of the machine; nothing that names it."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.system()}, {platform.machine()}, {cores} core{'s' if cores > 1 else ''}, {memory:.0f} GiB of memory"


if __name__ == "__main__":
    sys.exit(main())
