"""The sealed files on their way into a snapshot: a folder is saved as it lies, any other store is followed in a folder of the snapshot's own.

Nothing here has a key: what is saved is the ciphertext.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import datetime, timedelta
from pathlib import Path

from core.foundation.objects.folder import FolderObjects
from core.foundation.objects.port import FileGone, Objects
from miniprogram_api.backups.failures import TargetInUse
from miniprogram_api.backups.manifest import STAGING

_DAY = timedelta(days=1)
_STAMP = "followed"
_OVERLAP = timedelta(minutes=10)
"""Clocks of the store and of this machine may differ by so much."""


async def folder_to_save(objects: Objects, data_dir: Path, now: datetime) -> str:
    """The folder below ``data_dir`` that holds every file of the store, brought up to date. ``now`` is real time."""
    if isinstance(objects, FolderObjects) and objects.folder.parent == data_dir:
        objects.folder.mkdir(parents=True, exist_ok=True)
        return objects.folder.name
    await follow(objects, data_dir / STAGING / "blobs", now)
    return f"{STAGING}/blobs"


async def follow(objects: Objects, folder: Path, now: datetime) -> int:
    """Bring ``folder`` to what the store holds: what is new or was written anew since the last time is fetched, what is gone goes; how many came."""
    mirror = FolderObjects(folder)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    stamp = folder.with_name(f"{folder.name}.{_STAMP}")
    known: set[str] = set()
    if stamp.exists():
        since = datetime.fromisoformat(stamp.read_text().strip()) - _OVERLAP
        async for page in objects.lying_since(since):
            known.update(page)
    here = await asyncio.to_thread(_names_in, folder)
    there: set[str] = set()
    fetched = 0
    async for page in objects.lying_since(now + _DAY):
        there.update(page)
        for name in page:
            if name not in here or name not in known:
                with contextlib.suppress(FileGone):  # deleted meanwhile
                    await mirror.put(name, objects.read(name))
                    fetched += 1
    for name in here - there:
        mirror.path_of(name).unlink(missing_ok=True)
    stamp.write_text(now.isoformat() + "\n")
    return fetched


async def put_back(folder: Path, objects: Objects, data_dir: Path) -> int:
    """Bring the files of a restored snapshot to where the house keeps them; how many. A folder is moved in one step."""
    names = await asyncio.to_thread(_names_in, folder)
    if not await asyncio.to_thread(folder.exists):
        return 0
    if isinstance(objects, FolderObjects) and objects.folder.parent == data_dir:
        if objects.folder.exists():
            os.rmdir(objects.folder)
        os.rename(folder, objects.folder)
        return len(names)
    restored = FolderObjects(folder)
    for name in sorted(names):
        await objects.put(name, restored.read(name))
    return len(names)


async def check_none(objects: Objects, now: datetime) -> None:
    """TargetInUse when the store holds any file."""
    async for page in objects.lying_since(now + _DAY):
        if page:
            raise TargetInUse("存文件的地方不是空的,恢复不会覆盖它:请换一个空的目录(HUIZHEN_DATA_DIR)或空的存储桶。")


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("??/*")}
