"""A file without a name to be written and read here and there, sealed under a key that nobody but this object ever has.

What is put together from a recording is too large for memory and must not lie on the disk readable, not even for the minute that it takes: pages of
64 KiB are sealed (AES-256-GCM, a fresh nonce each time a page is written, its number as associated data) into a file that is unlinked at once.
"""

from __future__ import annotations

import io
import os
import secrets
import tempfile
from collections import OrderedDict
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PAGE = 64 * 1024
_NONCE, _TAG = 12, 16
_STRIDE = PAGE + _NONCE + _TAG
KEPT = 16


class Scratch(io.RawIOBase):
    """Opened for reading and writing in `folder`. OSError when the disk is full."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - lives as long as this object
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._pages: OrderedDict[int, bytearray] = OrderedDict()
        self._changed: set[int] = set()
        self._written: set[int] = set()
        self._at = 0
        self.size = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self.size)[whence])
        return self._at

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        left = memoryview(data).cast("B")
        total = len(left)
        while left:
            number, start = divmod(self._at, PAGE)
            piece = left[: PAGE - start]
            self._page(number)[start : start + len(piece)] = piece
            self._changed.add(number)
            self._at += len(piece)
            self.size = max(self.size, self._at)
            left = left[len(piece) :]
        return total

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number, start = divmod(self._at, PAGE)
        count = max(0, min(len(buffer), PAGE - start, self.size - self._at))
        if count:
            buffer[:count] = self._page(number)[start : start + count]
            self._at += count
        return count

    def close(self) -> None:
        if not self.closed:
            self._pages.clear()
            self._file.close()
        super().close()

    def _page(self, number: int) -> bytearray:
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = self._fetched(number) if number in self._written else bytearray(PAGE)
            while len(self._pages) > KEPT:
                self._put_away(*self._pages.popitem(last=False))
        else:
            self._pages.move_to_end(number)
        return page

    def _fetched(self, number: int) -> bytearray:
        sealed = os.pread(self._file.fileno(), _STRIDE, number * _STRIDE)
        return bytearray(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], number.to_bytes(8, "big")))

    def _put_away(self, number: int, page: bytearray) -> None:
        if number not in self._changed:
            return
        nonce = secrets.token_bytes(_NONCE)
        left = memoryview(nonce + self._cipher.encrypt(nonce, bytes(page), number.to_bytes(8, "big")))
        at = number * _STRIDE
        while left:
            wrote = os.pwrite(self._file.fileno(), left, at)
            left, at = left[wrote:], at + wrote
        self._changed.discard(number)
        self._written.add(number)
