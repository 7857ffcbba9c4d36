"""A sealed file read here and there: whoever needs some headers of a large image opens the chunks that hold them, and no more."""

from __future__ import annotations

import asyncio
import io
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator

from core.foundation.encryption.sealer import SealBroken, Sealer
from core.foundation.errors import DomainError
from core.foundation.objects.layout import CHECKSUM, CHUNK, MAGIC, MARK, TABLE
from core.foundation.objects.port import FilesAway, Objects

KEPT = 4
"""Opened chunks at hand: readers go forward, with a step back now and then."""
PATIENCE_S = 60.0
_LENGTH = 4


class BlobReader:
    """A file of ``size`` bytes. :meth:`read_at` is for threads other than the event loop's, one at a time."""

    def __init__(
        self, objects: Objects, name: str, sealer: Sealer, fresh: Callable[[], Awaitable[Sealer]], first: int, stride: int, end: int
    ) -> None:
        self._objects, self._name, self._sealer, self._fresh = objects, name, sealer, fresh
        self._loop = asyncio.get_running_loop()
        self._first, self._stride = first, stride
        """Where the chunks begin, and how many bytes one with its length takes."""
        self._last = -(-(end - first) // stride) - 1
        self._tail = end - first - self._last * stride - _LENGTH
        self._chunks: OrderedDict[int, bytes] = OrderedDict()
        self.size = 0
        self.failure: DomainError | None = None
        """Why it could not be read on: a reader of strangers' files takes every error for the file's own."""

    @classmethod
    async def opened(cls, objects: Objects, name: str, sealer: Sealer, fresh: Callable[[], Awaitable[Sealer]]) -> BlobReader:
        """FileGone, FilesAway, and :class:`SealBroken` where the object is not laid out as one. ``fresh`` gives the subject's sealer of now."""
        total = await objects.size(name)
        head = await objects.read_at(name, 0, len(MAGIC) + _LENGTH)
        old = head[: len(MAGIC)] != MAGIC
        first, end = (0, total) if old else (len(MAGIC), total)
        if not old:
            # The end has its own length in front of it: what is sealed there is always as long as it is for an empty file.
            tail = len(sealer.seal_bytes(TABLE, "content", name, bytes(40)))
            end = total - CHECKSUM - tail - 2 - len(MARK)
        length = int.from_bytes(head[first : first + _LENGTH], "big")
        if length == 0 or end < first + _LENGTH + length:
            raise SealBroken(TABLE, "content", name)
        reader = cls(objects, name, sealer, fresh, first, _LENGTH + length, end)
        last = await reader._open(reader._last)
        reader.size = reader._last * CHUNK + len(last)
        return reader

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self.size)
        return self.read_at(start, stop - start)

    def read_at(self, start: int, length: int) -> bytes:
        """The bytes from ``start``, fewer at the end."""
        stop = min(start + length, self.size)
        if start >= stop:
            return b""
        number, offset = divmod(start, CHUNK)
        if offset + stop - start <= CHUNK:
            return self._chunk(number)[offset : offset + stop - start]
        return b"".join(
            self._chunk(one)[max(0, start - one * CHUNK) : stop - one * CHUNK] for one in range(number, (stop - 1) // CHUNK + 1)
        )

    def pieces(self) -> Iterator[bytes]:
        """All of it, from the beginning."""
        for number in range(self._last + 1):
            yield self._chunk(number)

    def file(self) -> io.BufferedIOBase:
        """The same as a file that can be sought."""
        return io.BufferedReader(_File(self), 1 << 16)

    def _chunk(self, number: int) -> bytes:
        if number in self._chunks:
            self._chunks.move_to_end(number)
            return self._chunks[number]
        try:
            return asyncio.run_coroutine_threadsafe(self._open(number), self._loop).result(PATIENCE_S)
        except TimeoutError:
            self.failure = FilesAway()
            raise self.failure from None
        except DomainError as error:
            self.failure = error
            raise

    async def _open(self, number: int) -> bytes:
        try:
            chunk = await self._opened_with(self._sealer, number)
        except SealBroken:
            # The file may have been sealed anew since it was opened, and the key that it had then destroyed.
            fresh = await self._fresh()
            if fresh.version == self._sealer.version:
                raise
            self._sealer = fresh
            chunk = await self._opened_with(fresh, number)
        self._chunks[number] = chunk
        if len(self._chunks) > KEPT:
            self._chunks.popitem(last=False)
        return chunk

    async def _opened_with(self, sealer: Sealer, number: int) -> bytes:
        framed = await self._objects.read_at(self._name, self._first + number * self._stride, self._length(number) + _LENGTH)
        kind = "last" if number == self._last else "more"
        if int.from_bytes(framed[:_LENGTH], "big") != len(framed) - _LENGTH:
            raise SealBroken(TABLE, f"{number}.{kind}", self._name)
        return sealer.open_bytes(TABLE, f"{number}.{kind}", self._name, framed[_LENGTH:])

    def _length(self, number: int) -> int:
        return self._tail if number == self._last else self._stride - _LENGTH


class _File(io.RawIOBase):
    def __init__(self, reader: BlobReader) -> None:
        self._reader, self._at = reader, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._reader.size)[whence])
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._reader.read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
