"""A store that is no folder of the house is followed in one: what came, what was written anew, what went. And back into an empty store."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.foundation.objects.folder import FolderObjects
from miniprogram_api.backups.failures import TargetInUse
from miniprogram_api.backups.files import check_none, folder_to_save, follow, put_back

NAMES = ["01ARZ3NDEKTSV4RRFFQ69G5FA1", "01ARZ3NDEKTSV4RRFFQ69G5FA2", "01ARZ3NDEKTSV4RRFFQ69G5FB2"]


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def content_of(objects: FolderObjects, name: str) -> bytes:
    return b"".join([piece async for piece in objects.read(name)])


def older(store: FolderObjects, name: str) -> None:
    """As if it had been put an hour ago."""
    hour_ago = time.time() - 3600
    os.utime(store.path_of(name), (hour_ago, hour_ago))


async def test_another_store_is_followed(tmp_path: Path) -> None:
    store, folder = FolderObjects(tmp_path / "elsewhere/objects"), tmp_path / "data/snapshot/blobs"
    now = datetime.now(UTC)
    for name in NAMES[:2]:
        await store.put(name, once(name.encode()))
        older(store, name)
    assert await follow(store, folder, now) == 2
    await store.put(NAMES[0], once(b"sealed anew"))
    await store.delete(NAMES[1])
    await store.put(NAMES[2], once(b"new"))
    assert await follow(store, folder, now) == 2
    mirror = FolderObjects(folder)
    assert {path.name for path in folder.glob("??/*")} == {NAMES[0], NAMES[2]}
    assert await content_of(mirror, NAMES[0]) == b"sealed anew"
    for name in (NAMES[0], NAMES[2]):
        older(store, name)
    assert await follow(store, folder, now + timedelta(minutes=1)) == 0

    empty = FolderObjects(tmp_path / "new/objects")
    await check_none(empty, now)
    assert await put_back(folder, empty, tmp_path / "data") == 2
    assert await content_of(empty, NAMES[2]) == b"new"
    with pytest.raises(TargetInUse, match="不会覆盖"):
        await check_none(empty, now)


async def test_the_house_own_folder_is_saved_as_it_lies_and_put_back_in_one_step(tmp_path: Path) -> None:
    data = tmp_path / "data"
    own = FolderObjects(data / "blobs")
    await own.put(NAMES[0], once(b"x"))
    assert await folder_to_save(own, data, datetime.now(UTC)) == "blobs"
    (data / "fetched").mkdir()
    own.folder.rename(data / "fetched/blobs")
    assert await put_back(data / "fetched/blobs", own, data) == 1
    assert await put_back(data / "fetched/blobs", own, data) == 0
    assert await content_of(own, NAMES[0]) == b"x"
