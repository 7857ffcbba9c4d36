"""Where sealed files lie: one small port, a folder and a bucket behind it. Objects are whole or not there; nothing here knows a key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from core.foundation.errors import NotFound, Unavailable


class FileGone(NotFound):
    """No object lies under this name."""

    code = "file.gone"
    sentence = "这个文件已经不在了。请刷新后再看;还没有,请联系管理员。"


class FilesAway(Unavailable):
    """The object store does not answer, or answers that it will not (503)."""

    code = "files.away"
    sentence = "存文件的地方暂时连不上,请过几秒再试一次。"
    retry_after_s = 10


class Objects(Protocol):
    """An object store. Names are ids of 26 characters. Every method may raise :class:`FilesAway` after bounded tries."""

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Store what ``pieces`` give as ``name``, in place of what lay there. When ``pieces`` raise, or the caller is cancelled, nothing changes."""

    def read(self, name: str) -> AsyncIterator[bytes]:
        """The object from its beginning, in pieces of at most some MiB; :class:`FileGone`."""

    async def read_at(self, name: str, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``, fewer at the end, none beyond it; :class:`FileGone`."""

    async def size(self, name: str) -> int:
        """Bytes of the object; :class:`FileGone`."""

    async def delete(self, name: str) -> None:
        """Nothing lies under ``name`` afterwards, whether something did or not."""

    def lying_since(self, moment: datetime) -> AsyncIterator[list[str]]:
        """Names of the objects that were put before ``moment`` (real time), a page at a time."""

    async def sweep_unfinished(self, moment: datetime) -> int:
        """Take away what was begun before ``moment`` (real time) and never finished, because a process died over it; how many."""
