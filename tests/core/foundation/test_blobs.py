"""Files in the store: whole or not there at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.foundation.errors import NotFound
from core.foundation.practice import Practice

pytestmark = pytest.mark.storage


async def hangs_up() -> AsyncIterator[bytes]:
    yield b"x" * (3 << 20)
    raise ConnectionResetError


async def test_a_file_that_breaks_off_leaves_nothing_behind(practice: Practice, tmp_path: Path) -> None:
    blob_id = practice.ids.new()
    with pytest.raises(ConnectionResetError):
        await practice.blobs.put(blob_id, "patient", practice.ids.new(), hangs_up())
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


async def test_what_was_put_comes_back_and_opens_for_its_subject_alone(practice: Practice) -> None:
    blob_id, subject = practice.ids.new(), practice.ids.new()
    data = bytes(range(256)) * 9000
    await practice.blobs.put(blob_id, "patient", subject, data)
    assert await practice.blobs.get(blob_id, "patient", subject) == data
    await practice.blobs.delete(blob_id)
    with pytest.raises(NotFound):
        await practice.blobs.get(blob_id, "patient", subject)
