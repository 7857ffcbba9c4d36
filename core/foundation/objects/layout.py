"""How the bytes of a sealed file follow each other in its object (see blobs.py); no key is needed to take them apart."""

from __future__ import annotations

from collections.abc import AsyncIterator

CHUNK = 1 << 20
"""Bytes of content in a chunk."""
TABLE = "blob"
MAGIC = b"HZF2"
MARK = b"\xff\xff\xff\xff"
"""Where the length of another chunk would stand: the chunks are over."""
CHECKSUM = 32
MOST_SEALED = CHUNK + 64
"""Bytes of a sealed chunk: a longer one is none, and must not be waited for in memory."""


def frame(sealed: bytes) -> bytes:
    return len(sealed).to_bytes(4, "big") + sealed


def trailer_of(sealed_digest: bytes) -> bytes:
    """What follows the chunks, but for the checksum of everything."""
    return MARK + len(sealed_digest).to_bytes(2, "big") + sealed_digest


class Frames:
    """The sealed chunks of an object that comes in pieces. ValueError where the bytes are not laid out as they must be."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self._buffer = bytearray()
        self._ended = False
        self.sealed_digest = b""
        """Known after the last chunk; empty in the first format."""

    async def chunks(self) -> AsyncIterator[tuple[bytes, bool]]:
        """(sealed chunk, whether it is the last)."""
        old = await self._peek(len(MAGIC)) != MAGIC
        if not old:
            self._take(len(MAGIC))
        while True:
            length = int.from_bytes(await self._exactly(4), "big")
            if length > MOST_SEALED:
                raise ValueError("no chunk")
            sealed = await self._exactly(length)
            following = await self._peek(4)
            last = following == (b"" if old else MARK)
            yield sealed, last
            if last:
                break
        if not old:
            self._take(len(MARK))
            self.sealed_digest = await self._exactly(int.from_bytes(await self._exactly(2), "big"))
            if not self.sealed_digest or len(await self._exactly(CHECKSUM)) != CHECKSUM or await self._peek(1):
                raise ValueError("no end")

    async def _peek(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer at the end."""
        while len(self._buffer) < count and not self._ended:
            try:
                self._buffer += await anext(self._source)
            except StopAsyncIteration:
                self._ended = True
        return bytes(self._buffer[:count])

    async def _exactly(self, count: int) -> bytes:
        data = await self._peek(count)
        if len(data) < count:
            raise ValueError("cut short")
        return self._take(count)

    def _take(self, count: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data


async def pieces_of(data: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """``data`` in pieces of exactly CHUNK bytes, the last one shorter."""
    if isinstance(data, bytes):
        for start in range(0, len(data), CHUNK):
            yield data[start : start + CHUNK]
        return
    buffer = bytearray()
    async for part in data:
        buffer += part
        while len(buffer) >= CHUNK:
            yield bytes(buffer[:CHUNK])
            del buffer[:CHUNK]
    if buffer:
        yield bytes(buffer)
