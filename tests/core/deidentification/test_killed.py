"""`huizhen deidentify` killed (-9) in the middle: nothing that lies there passes for a whole copy, and the same command again makes it whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.deidentification.copying import make_copy
from core.deidentification.models import DeidentifiedCopy
from core.foundation.models import AuditEntry
from tests.conftest import START, DatabaseUrls
from tests.core.deidentification.test_copies import everything, lines, quiet, two_cases, wanted, ward
from tests.core.dispatch.ward import Ward
from tests.support.county import SYSTEM
from tests.support.forked import Forked

__all__ = ["ward"]

pytestmark = pytest.mark.storage
FULL = os.environ.get("HUIZHEN_TEST_SCALE") == "full"
MANIFEST = "manifest.json"


@pytest.fixture
async def copier(ward: Ward, database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Forked]:
    await two_cases(ward)
    seconds = str((ward.practice.clock.now() - START).total_seconds())
    module = "tests.core.deidentification.copying_process"
    running = await Forked.begin(module, database_urls.practice, database_urls.keyring, str(tmp_path), seconds)
    yield running
    await running.end()


async def dies(copier: Forked, out: Path, death: int) -> bool:
    """Whether the process was killed before its copy was whole; what is there then is none."""
    copier.tell(f"{death} {out}")
    ended = await copier.hear()
    if ended == "0":
        return False
    assert ended == "-9"
    assert not (out / MANIFEST).exists()
    return True


def assert_whole(out: Path) -> None:
    """The manifest names every file that is there, each as it is, and there is nothing else."""
    said = json.loads((out / MANIFEST).read_text("utf-8"))
    there = everything(out)
    assert said["files"].keys() == there.keys() - {MANIFEST}
    assert all(hashlib.sha256(there[name]).hexdigest() == one["sha256"] for name, one in said["files"].items())
    assert said["patients"]["in_copy"] == len(lines(out, "Patient")) == 2


async def test_killed_three_times_over_one_copy_it_is_made_once_and_whole(ward: Ward, copier: Forked, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    # While the first record is written; when all files are assembled but for their manifest; when the first of them have their place.
    for death, placed in ((3, 0), (6, 0), (5, 2)):
        assert await dies(copier, out, death)
        assert len([path for path in out.iterdir() if path.name != ".work"]) == placed
    (row,) = await DeidentifiedCopy.all()
    assert row.finished_at is not None, "the key goes before the files get their place"
    await make_copy(ward.practice, SYSTEM, wanted(out), quiet)
    assert_whole(out)
    assert await DeidentifiedCopy.all().count() == 1
    assert await AuditEntry.filter(action="deidentification.record").count() == 3, "who was read whole is not read again"


@pytest.mark.skipif(not FULL, reason="every single file: make soak")
async def test_killed_before_any_of_its_files(ward: Ward, copier: Forked, tmp_path: Path) -> None:
    death = 1
    while await dies(copier, out := tmp_path / f"copy-{death}", death):
        await make_copy(ward.practice, SYSTEM, wanted(out), quiet)
        assert_whole(out)
        death += 1
    assert death > 15
