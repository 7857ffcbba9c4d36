"""The content of a file, in memory or lying elsewhere: what reads only headers must not need the whole of a large image at once."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase, BytesIO
from typing import Any, Protocol


class Elsewhere(Protocol):
    """A file that can be read here and there, by one thread. Its errors are its owner's."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice) -> bytes: ...

    def file(self) -> BufferedIOBase:
        """The same as a file that can be sought."""

    def pieces(self) -> Iterator[bytes]:
        """All of it, from the beginning."""


Content = bytes | Elsewhere


def file_of(content: Content) -> BufferedIOBase:
    return BytesIO(content) if isinstance(content, bytes) else content.file()


def pieces_of(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    else:
        yield from content.pieces()


def unpacked(layout: str, content: Content, at: int) -> tuple[Any, ...]:
    """Numbers of ``layout`` (struct) that stand at ``at``; struct.error beyond the end."""
    return struct.unpack(layout, content[at : at + struct.calcsize(layout)])
