"""Encrypted files in an object store: each sealed in chunks under its subject's key, so that a large one never enters memory whole.

Object = ``HZF2`` ‖ repeated (4-byte big-endian length ‖ sealed chunk of 1 MiB, the last one shorter) ‖ ``ff ff ff ff`` ‖ 2-byte length ‖ sealed
(SHA-256 of the content ‖ its size, 8 bytes) ‖ SHA-256 of all bytes before. The chunk's number and whether it is the last are bound into its
associated data, so a chunk cannot be dropped, repeated or moved. The last 32 bytes let anybody without a key see whether the object is whole.
Objects of the first format (the chunks alone) still open; nothing writes them any more. The row is written by the caller's command.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.foundation.blob_reader import BlobReader
from core.foundation.database.away import AWAY
from core.foundation.keys import KeyRing, SealBroken, Sealer
from core.foundation.models import Blob
from core.foundation.objects.folder import FolderObjects
from core.foundation.objects.layout import CHECKSUM, CHUNK, MAGIC, TABLE, Frames, frame, pieces_of, trailer_of
from core.foundation.objects.port import FileGone, FilesAway, Objects

__all__ = ["CHUNK", "BlobStore", "FileGone", "StoredBlob"]


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What a put gives: the caller's command records it."""

    id: str
    size: int
    sha256: str


class BlobStore:
    """``objects``: where the sealed files lie; a path stands for a folder."""

    def __init__(self, objects: Objects | Path, keys: KeyRing) -> None:
        self.objects: Objects = FolderObjects(objects) if isinstance(objects, Path) else objects
        self._keys = keys

    async def put(self, blob_id: str, kind: str, subject_id: str, data: bytes | AsyncIterator[bytes]) -> StoredBlob:
        """Store ``data`` as ``blob_id`` under the key of subject ``kind:subject_id``. FilesAway when the store does not answer."""
        sealer = await self._keys.sealer(kind, subject_id)
        stored = await self._write(sealer, blob_id, data)
        fresh = await self._keys.sealer(kind, subject_id)
        if fresh.version != sealer.version:
            # The key was renewed while a long file came in: nothing may stay under a key that is about to be destroyed.
            stored = await self._write(fresh, blob_id, self._opened(blob_id, sealer))
        return stored

    async def _write(self, sealer: Sealer, blob_id: str, data: bytes | AsyncIterator[bytes]) -> StoredBlob:
        content, size = hashlib.sha256(), 0

        async def sealed() -> AsyncIterator[bytes]:
            nonlocal size
            yield MAGIC
            number, pending = 0, None
            async for chunk in pieces_of(data):
                if pending is not None:
                    yield frame(sealer.seal_bytes(TABLE, f"{number}.more", blob_id, pending))
                    number += 1
                pending = chunk
                content.update(chunk)
                size += len(chunk)
            yield frame(sealer.seal_bytes(TABLE, f"{number}.last", blob_id, pending or b""))
            yield trailer_of(sealer.seal_bytes(TABLE, "content", blob_id, content.digest() + size.to_bytes(8, "big")))

        async def checksummed() -> AsyncIterator[bytes]:
            whole = hashlib.sha256()
            async for piece in sealed():
                whole.update(piece)
                yield piece
            yield whole.digest()

        await self.objects.put(blob_id, checksummed())
        return StoredBlob(blob_id, size, content.hexdigest())

    async def get(self, blob_id: str, kind: str, subject_id: str, *, sha256: str = "") -> bytes:
        """The whole content; :class:`FileGone` when it is away, SealBroken when it was altered, FilesAway when the store does not answer.
        ``sha256``: of the content as a row has it, where it is known."""
        return b"".join([chunk async for chunk in self.stream(blob_id, kind, subject_id, sha256=sha256)])

    async def stream(self, blob_id: str, kind: str, subject_id: str, *, sha256: str = "") -> AsyncIterator[bytes]:
        """The content, chunk by chunk. What is wrong with the whole is known only after the last chunk, and raised then."""
        sealer = await self._keys.sealer(kind, subject_id)
        async for chunk in self._opened(blob_id, sealer, sha256):
            yield chunk

    async def _opened(self, blob_id: str, sealer: Sealer, sha256: str = "") -> AsyncIterator[bytes]:
        frames, content, size, number = Frames(self.objects.read(blob_id)), hashlib.sha256(), 0, 0
        broken = SealBroken(TABLE, "content", blob_id)
        try:
            async for sealed, last in frames.chunks():
                chunk = sealer.open_bytes(TABLE, f"{number}.{'last' if last else 'more'}", blob_id, sealed)
                content.update(chunk)
                size += len(chunk)
                number += 1
                yield chunk
            if frames.sealed_digest:
                told = sealer.open_bytes(TABLE, "content", blob_id, frames.sealed_digest)
                if told != content.digest() + size.to_bytes(8, "big"):
                    raise broken
        except ValueError:
            raise broken from None
        if sha256 and sha256 != content.hexdigest():
            raise broken

    async def reader(self, blob_id: str, kind: str, subject_id: str) -> BlobReader:
        """The content to be read here and there, by a thread; errors as for :meth:`get`."""

        async def fresh() -> Sealer:
            try:
                await self._keys.look()
                return await self._keys.sealer(kind, subject_id)
            except AWAY:
                raise FilesAway from None

        return await BlobReader.opened(self.objects, blob_id, await self._keys.sealer(kind, subject_id), fresh)

    async def is_whole(self, blob_id: str) -> bool:
        """Whether the object is as it was put, by its own checksum and without any key; True for one of the first format, which has none."""
        held, tail, whole, first = b"", b"", hashlib.sha256(), True
        async for piece in self.objects.read(blob_id):
            if first and piece[: len(MAGIC)] != MAGIC:
                return True
            first = False
            held = tail + piece
            whole.update(held[:-CHECKSUM])
            tail = held[-CHECKSUM:]
        return tail == whole.digest()

    async def reseal(self, blob_id: str, kind: str, subject_id: str) -> bool:
        """Write the file anew under its subject's newest key; False when it is. Errors as for :meth:`get`."""
        sealer = await self._keys.sealer(kind, subject_id)
        head = await self.objects.read_at(blob_id, 0, len(MAGIC) + 8)
        if head[: len(MAGIC)] == MAGIC and sealer.is_current(head[len(MAGIC) + 4 :]):
            return False
        await self.put(blob_id, kind, subject_id, self._opened(blob_id, sealer))
        return True

    async def delete(self, blob_id: str) -> None:
        await self.objects.delete(blob_id)

    async def lying_since(self, moment: datetime) -> AsyncIterator[list[str]]:
        """The ids of files that were put before ``moment`` (real time), a page at a time. What was still being written then goes."""
        await self.objects.sweep_unfinished(moment)
        async for page in self.objects.lying_since(moment):
            yield page

    async def drop_unrecorded(self, blob_id: str) -> None:
        """Delete the file unless a command recorded it."""
        if not await Blob.filter(id=blob_id).exists():
            await self.delete(blob_id)
