"""The drill's own MariaDB server beside the practice's: nothing of the other is touched."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from miniprogram_api.backups.scratch_server import scratch_server
from tests.support.mariadb import is_installed
from tests.support.peers import need


async def test_the_temporary_tables_of_another_server_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that starts removes every ``#sql…`` file of its tmpdir; that of the practice's server is TMPDIR or /tmp."""
    need(is_installed(), "mariadb-server")
    shared = Path(tempfile.mkdtemp(prefix="hz-", dir="/tmp"))  # short: sockets lie under it
    try:
        (table := shared / "#sql-temptable-1-2-3.MAI").write_bytes(b"a temporary table of the practice's server")
        monkeypatch.setenv("TMPDIR", str(shared))
        monkeypatch.setattr(tempfile, "tempdir", str(shared))
        async with scratch_server(tmp_path / "server", "practice"):
            assert table.exists()
        assert os.listdir(shared) == [table.name]
    finally:
        shutil.rmtree(shared)
