"""Encrypted files in a folder: each sealed in chunks under its subject's key, so that a large one never enters memory whole.

File = repeated (4-byte big-endian length ‖ sealed chunk); the chunk's number and whether it is the last are bound into its associated data,
so a chunk cannot be dropped, repeated or moved. A put is atomic (temporary file, fsync, rename). The row is written by the caller's command.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.foundation.errors import NotFound
from core.foundation.keys import KeyRing, SealBroken, Sealer
from core.foundation.models import Blob

CHUNK = 1 << 20
_TABLE = "blob"
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What a put gives: the caller's command records it."""

    id: str
    size: int
    sha256: str


class BlobStore:
    def __init__(self, folder: Path, keys: KeyRing) -> None:
        self._folder = folder
        self._keys = keys

    def _path(self, blob_id: str) -> Path:
        return self._folder / blob_id[-2:] / blob_id

    async def put(self, blob_id: str, kind: str, subject_id: str, data: bytes | AsyncIterator[bytes]) -> StoredBlob:
        """Store ``data`` as ``blob_id`` under the key of subject ``kind:subject_id``."""
        sealer = await self._keys.sealer(kind, subject_id)
        path = self._path(blob_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of its own name: the same file may be put twice at once (an event taken over by another worker).
        temporary = path.with_name(f"{blob_id}.{secrets.token_hex(4)}{_UNFINISHED}")
        try:
            stored = await self._write_all(temporary, sealer, blob_id, data)
            fresh = await self._keys.sealer(kind, subject_id)
            if fresh.version != sealer.version:
                # The key was renewed while a long file came in: nothing may appear under a key that is about to be destroyed.
                renewed = temporary.with_name(f"{blob_id}.{secrets.token_hex(4)}{_UNFINISHED}")
                stored = await self._write_all(renewed, fresh, blob_id, _opened(temporary, sealer, blob_id))
                renewed.rename(temporary)
        except BaseException:
            # A weak link breaks off in the middle: what has come so far is of no use to anybody.
            temporary.unlink(missing_ok=True)
            raise
        temporary.rename(path)
        return stored

    async def _write_all(self, path: Path, sealer: Sealer, blob_id: str, data: bytes | AsyncIterator[bytes]) -> StoredBlob:
        digest = hashlib.sha256()
        size = 0
        with path.open("wb") as file:
            number = 0
            pending: bytes | None = None
            async for chunk in _chunks(data):
                if pending is not None:
                    _write(file, sealer.seal_bytes(_TABLE, f"{number}.more", blob_id, pending))
                    number += 1
                pending = chunk
                digest.update(chunk)
                size += len(chunk)
            _write(file, sealer.seal_bytes(_TABLE, f"{number}.last", blob_id, pending or b""))
            await asyncio.to_thread(_flush, file)
        return StoredBlob(blob_id, size, digest.hexdigest())

    async def get(self, blob_id: str, kind: str, subject_id: str) -> bytes:
        """The whole content; NotFound when the file is away, SealBroken when it was altered."""
        return b"".join([chunk async for chunk in self.stream(blob_id, kind, subject_id)])

    async def stream(self, blob_id: str, kind: str, subject_id: str) -> AsyncIterator[bytes]:
        """The content, chunk by chunk."""
        sealer = await self._keys.sealer(kind, subject_id)
        path = self._path(blob_id)
        if not path.exists():
            raise NotFound
        async for chunk in _opened(path, sealer, blob_id):
            yield chunk

    async def reseal(self, blob_id: str, kind: str, subject_id: str) -> bool:
        """Write the file anew under its subject's newest key; False when it is. NotFound, SealBroken as for reading."""
        sealer = await self._keys.sealer(kind, subject_id)
        path = self._path(blob_id)
        if not path.exists():
            raise NotFound
        with path.open("rb") as file:
            head = file.read(20)[4:]
        if sealer.is_current(head):
            return False
        await self.put(blob_id, kind, subject_id, self.stream(blob_id, kind, subject_id))
        return True

    async def delete(self, blob_id: str) -> None:
        self._path(blob_id).unlink(missing_ok=True)

    async def lying_since(self, moment: datetime) -> AsyncIterator[list[str]]:
        """The ids of files that were put before ``moment`` (real time), folder by folder. What was still being written then goes."""
        for folder in sorted(self._folder.iterdir()) if self._folder.exists() else []:
            yield await asyncio.to_thread(_older, folder, moment.timestamp())

    async def drop_unrecorded(self, blob_id: str) -> None:
        """Delete the file unless a command recorded it."""
        if not await Blob.filter(id=blob_id).exists():
            await self.delete(blob_id)


async def _opened(path: Path, sealer: Sealer, blob_id: str) -> AsyncIterator[bytes]:
    """What lies at ``path``, chunk by chunk."""
    with path.open("rb") as file:
        number = 0
        last = False
        while header := file.read(4):
            if last:
                raise SealBroken
            sealed = file.read(int.from_bytes(header, "big"))
            last = file.peek(1)[:1] == b""
            yield sealer.open_bytes(_TABLE, f"{number}.{'last' if last else 'more'}", blob_id, sealed)
            number += 1
    if not last:
        raise SealBroken


def _older(folder: Path, moment: float) -> list[str]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # somebody else's to delete
                if entry.is_file() and entry.stat().st_mtime < moment:
                    if entry.name.endswith(_UNFINISHED):
                        os.unlink(entry)
                    else:
                        found.append(entry.name)
    return found


async def _chunks(data: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """``data`` in pieces of exactly CHUNK bytes, the last one shorter."""
    if isinstance(data, bytes):
        for piece in _split(data):
            yield piece
        return
    buffer = bytearray()
    async for part in data:
        buffer += part
        while len(buffer) >= CHUNK:
            yield bytes(buffer[:CHUNK])
            del buffer[:CHUNK]
    if buffer:
        yield bytes(buffer)


def _split(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _write(file: object, sealed: bytes) -> None:
    file.write(len(sealed).to_bytes(4, "big") + sealed)  # type: ignore[attr-defined]


def _flush(file: object) -> None:
    file.flush()  # type: ignore[attr-defined]
    os.fsync(file.fileno())  # type: ignore[attr-defined]
