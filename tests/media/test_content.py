"""A file that lies elsewhere is read like one in memory: the same findings, a few pieces of it at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BufferedIOBase, BytesIO
from typing import Any

import pytest

from media.imaging.broken import BrokenDicom
from media.imaging.engine import check
from media.imaging.render_process import RenderProcess
from tests.media.test_check import package_files, small_ct


class Far:
    """Counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.read = 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, part: slice) -> bytes:
        taken = self.data[part]
        self.read += len(taken)
        return taken

    def file(self) -> BufferedIOBase:
        return BytesIO(self.data)

    def pieces(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), 1000):
            yield self.data[start : start + 1000]


def found(content: Any) -> Any:
    try:
        return check(content)
    except BrokenDicom as broken:
        return broken.code


def test_it_finds_the_same_in_whole_and_in_damaged_files() -> None:
    whole, rng = small_ct(), random.Random(9)
    files = [whole, b"", whole[:100], whole[:140], b"\x00" * 200, *(path.read_bytes() for path in package_files()[::6])]
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        files.append(bytes(damaged[: rng.randrange(1, len(damaged))] if rng.random() < 0.3 else damaged))
    for data in files:
        assert found(Far(data)) == found(data)


def test_the_structure_is_walked_without_the_pixels() -> None:
    far = Far(small_ct(PixelData=bytes(8 << 20), Rows=2048, Columns=2048))
    assert check(far).rows == 2048
    assert far.read < 64 << 10


def test_a_frame_is_drawn_from_pieces_and_a_source_that_breaks_leaves_the_decoder_usable() -> None:
    process = RenderProcess()

    class Lost(Exception):
        pass

    class Breaks(Far):
        def pieces(self) -> Iterator[bytes]:
            yield self.data[:100]
            raise Lost

    data = small_ct()
    try:
        shown = process.render("a", Far(data), 0, "auto", 320)
        assert shown.data == process.render("b", data, 0, "auto", 320).data
        with pytest.raises(Lost):
            process.render("c", Breaks(data), 0, "auto", 320)
        assert process.render("a", Far(data), 0, "auto", 320).data == shown.data
    finally:
        process.stop()
