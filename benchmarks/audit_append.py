"""The audit's tree: entries brought in per second, and what a proof costs; beside pymerkle's tree on SQLite."""

from __future__ import annotations

import asyncio
import platform
import random
import sqlite3
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from pymerkle import SqliteTree

from benchmarks.execute import opened_practice
from benchmarks.support.audit import canonical_entries, fill
from benchmarks.support.figure import Figure, number, show
from benchmarks.support.timing import row
from core.foundation.audit.sequencer import BATCH, Sequencer
from core.foundation.audit.store import consistency_path, inclusion_path, tree_size

ENTRIES = 20_000
PROOFS = 300


async def _figures(folder: Path) -> list[list[str]]:
    rng = random.Random(1)  # noqa: S311 - places to ask for
    async with opened_practice(folder) as practice:
        await fill(practice, ENTRIES)
        data = await canonical_entries(ENTRIES)
        sequencer = Sequencer(practice, "benchmark")
        begun = time.perf_counter()
        assert await sequencer.run_once() == ENTRIES
        ours = time.perf_counter() - begun
        assert await tree_size() == ENTRIES
        places = [rng.randrange(ENTRIES) for _ in range(PROOFS)]
        sizes = [rng.randrange(1, ENTRIES) for _ in range(PROOFS)]
        begun = time.perf_counter()
        for place in places:
            await inclusion_path(place, ENTRIES)
        proving = (time.perf_counter() - begun) / PROOFS * 1e6
        begun = time.perf_counter()
        for size in sizes:
            await consistency_path(size, ENTRIES)
        linking = (time.perf_counter() - begun) / PROOFS * 1e6
    with SqliteTree(str(folder / "peer.sqlite3")) as peer:
        begun = time.perf_counter()
        for start in range(0, ENTRIES, BATCH):
            peer.append_entries(data[start : start + BATCH])
        theirs = time.perf_counter() - begun
        begun = time.perf_counter()
        for place in places:
            peer.prove_inclusion(place + 1, ENTRIES)
        their_proof = (time.perf_counter() - begun) / PROOFS * 1e6
        begun = time.perf_counter()
        for size in sizes:
            peer.prove_consistency(size, ENTRIES)
        their_link = (time.perf_counter() - begun) / PROOFS * 1e6
    return [
        ["entries brought into the tree, per second", number(ENTRIES / ours), number(ENTRIES / theirs), f"× {number(theirs / ours)}"],
        row(f"inclusion proof at {ENTRIES:,} entries, µs", proving, their_proof),
        row("consistency proof, µs", linking, their_link),
    ]


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        rows = asyncio.run(_figures(Path(folder)))
    notes = [
        f"{ENTRIES:,} entries in transactions of {BATCH}, one process, SQLite; {PROOFS} proofs at random places.",
        "Not the same work. Ours reads each entry's row, makes its canonical form, writes leaf and nodes under the lease's fence, "
        "and marks the entry; pymerkle is handed the bytes and stores leaves alone, with inner nodes in memory: its first proofs are slower.",
    ]
    versions = {name: version(name) for name in ("pymerkle", "tortoise-orm", "aiosqlite")}
    shown = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions}
    return Figure("audit_append", "The audit's tree", ["", "ours", "pymerkle", "ratio"], rows, notes, shown)


if __name__ == "__main__":
    show(measure)
