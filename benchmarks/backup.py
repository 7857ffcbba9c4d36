"""Backing up, drilling and restoring a house of some size, on SQLite, by the commands that an operator types; on MariaDB: ``backup_mariadb``.

HUIZHEN_BENCH_ENTRIES audit entries, HUIZHEN_BENCH_FILES files of 1 MiB.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.support.figure import Figure, number, show
from tests.support.mariadb import MariaDb, mariadb_server

ENTRIES = int(os.environ.get("HUIZHEN_BENCH_ENTRIES", "50000"))
FILES = int(os.environ.get("HUIZHEN_BENCH_FILES", "300"))
MORE = max(1, ENTRIES // 50)
"""Entries that come before a following round."""
SECRETS = ("keyring.key", "audit.key", "backup.password", "backup-keyring.password")
LOGGED = ("--log-bin=binlog", "--binlog-format=ROW", "--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1")
"""A server that forgets nothing when the power goes, as a practice has it, and from whose log a point in time is restored."""
SCHEMAS = ("practice", "keyring")


@dataclass(frozen=True)
class House:
    """A house as an operator starts it: by its settings."""

    settings: dict[str, str]

    def huizhen(self, *arguments: str) -> float:
        return self.runs("miniprogram_api.cli.main", *arguments)

    def runs(self, module: str, *arguments: str) -> float:
        """Seconds that a whole command took."""
        environment = {**os.environ, **{f"HUIZHEN_{name.upper()}": value for name, value in self.settings.items()}}
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", module, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return time.perf_counter() - begun

    def fill(self, entries: int, files: int) -> None:
        self.runs("benchmarks.support.house_to_back_up", "fill", str(entries), str(files))

    def begun_elsewhere(self, folder: Path, databases: dict[str, str]) -> House:
        """An empty one with the secrets that were kept apart."""
        kept, secrets = Path(self.settings["data_dir"]) / "secrets", folder / "secrets"
        secrets.mkdir(parents=True)
        for name in SECRETS:
            shutil.copy(kept / name, secrets / name)
        return replace(self, settings={**self.settings, **databases, "data_dir": str(folder)})


@contextlib.contextmanager
def _databases(on_mariadb: bool) -> Iterator[tuple[dict[str, str], MariaDb | None]]:
    """The settings of two empty databases."""
    if not on_mariadb:
        yield {}, None
        return
    with mariadb_server(*LOGGED) as server:
        practice, keyring = (server.create_schema(name) for name in SCHEMAS)
        yield {"database_url": practice, "keyring_url": keyring}, server


def measure(on_mariadb: bool = False) -> Figure:
    """A following round is measured where it is another thing than a set: on MariaDB, by its log."""
    rows: list[list[str]] = []

    def row(what: str, seconds: float) -> None:
        rows.append([what, number(seconds)])

    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as given, _databases(on_mariadb) as (databases, server):
        folder = Path(given)
        house = House(databases | {
            "data_dir": str(folder / "house"), "backup_repository": str(folder / "one"), "backup_keyring_repository": str(folder / "two"),
            "audit_anchor_dir": str(folder / "elsewhere"),
        })  # fmt: skip
        for arguments in (("keys",), ("migrate",), ("backup", "init")):
            house.huizhen(*arguments)
        house.fill(ENTRIES, FILES)
        size = _size(server) if server is not None else (folder / "house/practice.sqlite3").stat().st_size / 2**20
        row("first set", house.huizhen("backup"))
        row("next set, nothing new", house.huizhen("backup"))
        if server is not None:
            house.fill(MORE, 0)
            row(f"a following round by the log, {MORE:,} entries later", house.runs("benchmarks.support.house_to_back_up", "follow"))
        row("drill", house.huizhen("backup", "drill"))
        with _databases(on_mariadb) as (elsewhere, _):
            new = house.begun_elsewhere(folder / "new", elsewhere)
            row("restore on an empty machine", new.huizhen("restore"))
            row("verification of the restored audit", new.huizhen("audit", "verify"))
        stored = sum(path.stat().st_size for path in (folder / "one").rglob("*") if path.is_file()) / 2**20
    return _figure(on_mariadb, rows, size, stored, server)


def _figure(on_mariadb: bool, rows: list[list[str]], size: float, stored: float, server: MariaDb | None) -> Figure:
    kind = "MariaDB" if on_mariadb else "SQLite"
    notes = [
        f"{kind} of {size:.0f} MiB with {ENTRIES:,} audit entries in the tree, {FILES} files of 1 MiB of random content, each of another patient; "
        f"both repositories on the same disk ({stored:.0f} MiB for {3 if on_mariadb else 2} sets): a network adds its own time.",
        "Whole commands, from the start of the program to its end, everything read back as an operator has it. What could be lost (RPO) is the time "
        "between two sets and the time that taking one lasts, whatever the size.",
    ]
    if on_mariadb:
        notes.append("Drill and restore replay the log of the following round; the drill on a scratch server, the restore on another, empty one.")
    restic = subprocess.run(["restic", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    versions = {"restic": restic, kind: sqlite3.sqlite_version if server is None else _version()}
    return Figure(f"backup{'_mariadb' if on_mariadb else ''}", f"Backing up and restoring, {kind}", ["", "seconds"], rows, notes, versions)


def _size(server: MariaDb) -> float:
    """MiB of the practice's tables and indexes."""
    asked = f"SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema='{SCHEMAS[0]}'"  # noqa: S608 - a constant
    return float(server.sql(asked)) / 2**20


def _version() -> str:
    return subprocess.run(["mariadb-dump", "--version"], capture_output=True, text=True, check=True).stdout.split("Distrib ")[-1].split("-")[0]


if __name__ == "__main__":
    show(measure)
