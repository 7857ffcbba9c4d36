"""Objects in a folder: written beside their place, flushed to the disk, and put there by a rename."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from datetime import datetime
from io import BufferedReader
from pathlib import Path

from core.foundation.disk import make_folder, sync_folder
from core.foundation.objects.port import FileGone

_UNFINISHED = ".part"
_PIECE = 1 << 20


class FolderObjects:
    """``folder`` is made on the first put. Objects lie in subfolders by the last two characters of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, name: str) -> Path:
        return self.folder / name[-2:] / name

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        path = self.path_of(name)
        await asyncio.to_thread(make_folder, path.parent)
        # Of its own name: the same file may be put twice at once (an event taken over by another worker).
        temporary = path.with_name(f"{name}.{secrets.token_hex(4)}{_UNFINISHED}")
        try:
            with temporary.open("wb") as file:
                async for piece in pieces:
                    file.write(piece)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        except BaseException:
            # A weak link breaks off in the middle: what has come so far is of no use to anybody.
            temporary.unlink(missing_ok=True)
            raise
        temporary.rename(path)
        await asyncio.to_thread(sync_folder, path.parent)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        with self._opened(name) as file:
            while piece := file.read(_PIECE):
                yield piece

    async def read_at(self, name: str, start: int, length: int) -> bytes:
        with self._opened(name) as file:
            file.seek(start)
            return file.read(length)

    async def size(self, name: str) -> int:
        with self._opened(name) as file:
            return os.fstat(file.fileno()).st_size

    async def delete(self, name: str) -> None:
        self.path_of(name).unlink(missing_ok=True)

    async def lying_since(self, moment: datetime) -> AsyncIterator[list[str]]:
        for folder in self._folders():
            names = await asyncio.to_thread(_older, folder, moment.timestamp())
            yield [name for name in names if not name.endswith(_UNFINISHED)]

    async def sweep_unfinished(self, moment: datetime) -> int:
        gone = 0
        for folder in self._folders():
            for name in await asyncio.to_thread(_older, folder, moment.timestamp()):
                if name.endswith(_UNFINISHED):
                    (folder / name).unlink(missing_ok=True)
                    gone += 1
        return gone

    def _folders(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.exists() else []

    def _opened(self, name: str) -> BufferedReader:
        try:
            return self.path_of(name).open("rb")
        except FileNotFoundError:
            raise FileGone from None


def _older(folder: Path, moment: float) -> list[str]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # somebody else's to delete
                if entry.is_file() and entry.stat().st_mtime < moment:
                    found.append(entry.name)
    return found
