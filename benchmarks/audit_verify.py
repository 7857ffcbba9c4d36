"""Verifying the whole audit from its rows; beside pymerkle hashing the same entries in memory. HUIZHEN_BENCH_ENTRIES=1000000 for the full count."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import sqlite3
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from pymerkle import InmemoryTree

from benchmarks.execute import opened_practice
from benchmarks.support.audit import canonical_entries, fill
from benchmarks.support.figure import Figure, number, show
from core.foundation.audit.anchoring import Anchorer
from core.foundation.audit.anchors import FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.sequencer import Sequencer
from core.foundation.audit.verify import verify

ENTRIES = int(os.environ.get("HUIZHEN_BENCH_ENTRIES", "100000"))
HEADS = 100
PEER = 100_000
"""Entries that the peer is given at most: it keeps all of them in memory."""


async def _nobody(kind: str, anchor: str) -> None:
    """Nobody is told here."""


async def _figures(folder: Path) -> tuple[list[list[str]], float]:
    async with opened_practice(folder) as practice:
        keys = HeadKeys.create(folder / "audit.key", practice.ids.new())
        anchor = FileAnchor(folder / "anchor")
        sequencer, anchorer = Sequencer(practice, "benchmark"), Anchorer(practice, keys, [anchor], _nobody)
        for _ in range(HEADS):
            await fill(practice, ENTRIES // HEADS)
            await sequencer.run_once()
            await anchorer.run_once()
        begun = time.perf_counter()
        report = await verify(keys.public, keys.log_id, [anchor])
        ours = time.perf_counter() - begun
        assert report.clean, report.findings
        assert report.size == ENTRIES // HEADS * HEADS
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        data = await canonical_entries(min(ENTRIES, PEER))
    begun = time.perf_counter()
    InmemoryTree.init_from_entries(data).get_root()
    theirs = time.perf_counter() - begun
    rows = [
        [f"{ENTRIES:,} entries, seconds", number(ours), number(theirs * ENTRIES / len(data)), f"× {number(ours / (theirs * ENTRIES / len(data)))}"],
        ["entries per second", number(ENTRIES / ours), number(len(data) / theirs), ""],
    ]
    return rows, memory


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        rows, memory = asyncio.run(_figures(Path(folder)))
    notes = [
        f"SQLite, one process, {HEADS} signed heads in the database and as many in a file anchor. Most memory used by then: {memory:.0f} MiB.",
        "Not the same work. Ours reads every row, makes its canonical form, compares leaf, nodes, heads and anchor, and looks for entries "
        f"outside the tree and acts without entry; pymerkle hashes canonical forms handed to it into a tree in memory (at most {PEER:,}, scaled).",
    ]
    versions = {name: version(name) for name in ("pymerkle", "tortoise-orm", "aiosqlite")}
    shown = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions}
    return Figure("audit_verify", "Verifying the audit", ["", "ours", "pymerkle", "ratio"], rows, notes, shown)


if __name__ == "__main__":
    show(measure)
