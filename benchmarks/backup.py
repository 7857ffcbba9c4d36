"""Backing up, drilling and restoring a house of some size, on SQLite, by the commands that an operator types.

HUIZHEN_BENCH_ENTRIES audit entries, HUIZHEN_BENCH_FILES files of 1 MiB.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.audit import fill
from benchmarks.support.figure import Figure, number, show
from core.foundation.audit.anchoring import Anchorer
from core.foundation.audit.anchors import FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.sequencer import Sequencer
from core.foundation.models import Blob
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import open_for_signing

ENTRIES = int(os.environ.get("HUIZHEN_BENCH_ENTRIES", "50000"))
FILES = int(os.environ.get("HUIZHEN_BENCH_FILES", "300"))
SECRETS = ("keyring.key", "audit.key", "backup.password", "backup-keyring.password")


async def _nobody(kind: str, anchor: str) -> None:
    """Nobody is told here."""


async def _fill(settings: Settings) -> None:
    load_rooms()
    async with open_for_signing(settings) as practice:
        for _ in range(FILES):
            content, blob_id, subject = os.urandom(1 << 20), practice.ids.new(), practice.ids.new()
            await practice.blobs.put(blob_id, "patient", subject, content)
            await Blob.create(
                id=blob_id, subject_kind="patient", subject_id=subject, media_type="application/dicom", size=len(content),
                sha256=hashlib.sha256(content).hexdigest(), created_at=practice.clock.real_now(),
            )  # fmt: skip
        await fill(practice, ENTRIES)
        await Sequencer(practice, "benchmark").run_once()
        keys = HeadKeys.create(settings.audit_key_file, practice.ids.new())
        await Anchorer(practice, keys, [FileAnchor(settings.anchors_dir)], _nobody).run_once()


def _huizhen(settings: Settings, *arguments: str) -> tuple[float, str]:
    names = ("data_dir", "backup_repository", "backup_keyring_repository", "audit_anchor_dir")
    environment = {**os.environ, **{f"HUIZHEN_{name.upper()}": str(getattr(settings, name)) for name in names}}
    begun = time.perf_counter()
    command = [sys.executable, "-m", "miniprogram_api.cli.main", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - begun, done.stdout


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as given:
        folder = Path(given)
        settings = Settings(
            data_dir=folder / "house", backup_repository=str(folder / "one"), backup_keyring_repository=str(folder / "two"),
            audit_anchor_dir=folder / "elsewhere",
        )  # fmt: skip
        for arguments in (("keys",), ("migrate",), ("backup", "init")):
            _huizhen(settings, *arguments)
        asyncio.run(_fill(settings))
        size = (settings.data_dir / "practice.sqlite3").stat().st_size / 2**20
        first, _ = _huizhen(settings, "backup")
        again, _ = _huizhen(settings, "backup")
        drilled, _ = _huizhen(settings, "backup", "drill")
        new = Settings(**{**settings.model_dump(include=settings.model_fields_set), "data_dir": folder / "new"})
        new.secrets_dir.mkdir(parents=True)
        for name in SECRETS:
            shutil.copy(settings.secrets_dir / name, new.secrets_dir / name)
        restored, _ = _huizhen(new, "restore")
        verified, _ = _huizhen(new, "audit", "verify")
        stored = sum(path.stat().st_size for path in (folder / "one").rglob("*") if path.is_file()) / 2**20
    rows = [
        ["first set", number(first)], ["next set, nothing new", number(again)], ["drill", number(drilled)],
        ["restore on an empty folder", number(restored)], ["verification of the restored audit", number(verified)],
    ]  # fmt: skip
    notes = [
        f"SQLite of {size:.0f} MiB with {ENTRIES:,} audit entries in the tree, {FILES} files of 1 MiB of random content, each of another patient; "
        f"both repositories on the same disk ({stored:.0f} MiB for two sets): a network adds its own time.",
        "Whole commands, from the start of the program to its end, everything read back as an operator has it. What could be lost (RPO) is the time "
        "between two sets and the time that taking one lasts, whatever the size.",
    ]
    restic = subprocess.run(["restic", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return Figure("backup", "Backing up and restoring", ["", "seconds"], rows, notes, {"restic": restic, "SQLite": sqlite3.sqlite_version})


if __name__ == "__main__":
    show(measure)
