"""A study of two gigabytes does not enter memory: who stores and reads it grows by some buffers. 64 MB in `make test`, 2 GB in the soak."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.object_store import object_server

pytestmark = pytest.mark.timeout(1200)

FULL = os.environ.get("HUIZHEN_TEST_SCALE") == "full"
FOLDER_MIB, BUCKET_MIB = (2048, 256) if FULL else (64, 48)
"""The stand-in for a bucket holds its objects in its own memory, and slows down with their size."""
FOLDER_MOST, BUCKET_MOST = 24, 64
"""MiB. A bucket takes parts of 8 MiB, three on their way; the client's own buffers come on top."""


def grown(*arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.foundation.blob_process", *arguments], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    print(f"{arguments[0]} {arguments[-1]} MiB: grown by {done.stdout.strip()} (MiB, s put, s read)")
    return int(done.stdout.split()[0])


def test_a_large_file_goes_through_a_folder_in_pieces(tmp_path: Path) -> None:
    assert grown("folder", str(tmp_path), str(FOLDER_MIB)) <= FOLDER_MOST


def test_a_large_file_goes_through_a_bucket_in_pieces() -> None:
    with object_server() as server:
        settings = server.settings("large")
        assert grown("bucket", server.url, settings.bucket, str(BUCKET_MIB)) <= BUCKET_MOST
