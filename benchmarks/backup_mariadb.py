"""Backing up, following, drilling and restoring a house of some size on MariaDB: see :mod:`benchmarks.backup`."""

from __future__ import annotations

from functools import partial

from benchmarks.backup import measure
from benchmarks.support.figure import show

if __name__ == "__main__":
    show(partial(measure, on_mariadb=True))
