"""Anchors: places outside the database that keep signed heads, so that whoever rewrites the database cannot rewrite what they say.

The port, and its plainest form: a file on other storage. Others: :mod:`bucket` (write once, read many), :mod:`second_house`. A blockchain would
be one more: a class with these three methods that puts the head's bytes into a transaction and reads them back. Each house needs a place of its own
(folder, prefix): a log that lies there and is not the house's is one that somebody gave up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.foundation.audit.heads import SignedHead, read_head

_SUFFIX = ".heads"


class AnchorFailed(Exception):
    """The anchor did not take a head, or cannot be read. ``args[0]`` is a code without data."""


class AnchorContradicts(AnchorFailed):
    """The anchor holds another head that this one does not go on from: one of the two histories is not the true one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an anchor keeps of one log: its heads, and how many of its records are no heads (damaged, or put there by others)."""

    heads: tuple[SignedHead, ...]
    damaged: int = 0


class Anchor(Protocol):
    """``name`` is what people and the database call it."""

    name: str

    async def put(self, head: SignedHead) -> None:
        """Keep ``head``, durably, before returning; the same head again is no error. :class:`AnchorFailed` otherwise."""
        ...

    async def kept(self, log_id: str) -> Kept:
        """What it keeps of this log; :class:`AnchorFailed` when it cannot be asked."""
        ...

    async def logs(self, keys: Mapping[str, bytes]) -> frozenset[str]:
        """Every log of this house that it keeps a head of, whether the house still knows it or not; :class:`AnchorFailed`.

        ``keys``: the house's public keys by id, for places where several houses' logs lie together: those that one of them signed.
        """
        ...


class FileAnchor:
    """One JSON line a head in ``<folder>/<log>.heads``, appended and forced to the disk. The folder belongs on other storage than the database."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, head: SignedHead) -> None:
        try:
            await asyncio.to_thread(self._append, head)
        except OSError as error:
            raise AnchorFailed(type(error).__name__) from error

    async def kept(self, log_id: str) -> Kept:
        try:
            lines = await asyncio.to_thread(self._lines, log_id)
        except OSError as error:
            raise AnchorFailed(type(error).__name__) from error
        heads, damaged = [], 0
        for line in lines:
            try:
                heads.append(read_head(json.loads(line)))
            except (ValueError, RecursionError):
                damaged += 1
        return Kept(tuple(heads), damaged)

    async def logs(self, keys: Mapping[str, bytes]) -> frozenset[str]:
        try:
            names = await asyncio.to_thread(os.listdir, self._folder)
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise AnchorFailed(type(error).__name__) from error
        return frozenset(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))

    def _file(self, log_id: str) -> Path:
        return self._folder / f"{log_id}{_SUFFIX}"

    def _append(self, head: SignedHead) -> None:
        line = json.dumps(head.document(), sort_keys=True).encode() + b"\n"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._file(head.log_id), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # the last line was torn by a stop of the machine
            if os.write(descriptor, line) != len(line):
                raise OSError("short write")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems know no such thing
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _lines(self, log_id: str) -> list[bytes]:
        try:
            return [line for line in self._file(log_id).read_bytes().split(b"\n") if line]
        except FileNotFoundError:
            return []
