"""The folder of recordings that wait to be put together: who writes holds it, who puts together takes it for himself, and then it goes.

The media processes and the worker that puts together see the same folder: one machine, or one that all of them mount.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from media.calls.muxing import Survey, mux, survey
from media.calls.recorded import Chapter, Muxed, RecordingBusy
from media.calls.recording import LOCK, NAME, SUFFIX
from media.calls.scratch import Scratch


@dataclass(slots=True)
class Put:
    """A seat's file, to be read from its beginning and closed."""

    seat: str
    muxed: Muxed
    content: Scratch


@dataclass(slots=True)
class Opened:
    """A recording that nobody else touches meanwhile. `begins`: microseconds since 1970; `complete`: every file has its end."""

    recording: str
    _key: bytes
    _survey: Survey
    _folder: Path

    @property
    def begins(self) -> int:
        return self._survey.begins

    @property
    def complete(self) -> bool:
        return self._survey.complete

    @property
    def seats(self) -> tuple[str, ...]:
        return self._survey.seats

    def put_together(self, seat: str, chapters: Sequence[Chapter]) -> Iterator[Put]:
        """The files of `seat`, one after another; none when there is nothing in them. Seconds of work for an hour of call: for a thread. OSError when
        the disk is full."""
        for part in self._survey.parts(seat):
            content = Scratch(self._folder)
            try:
                muxed = mux(self._survey, seat, part, self._key, self.recording, chapters, content)
            except BaseException:
                content.close()
                raise
            if muxed is None:
                content.close()
                continue
            content.seek(0)
            yield Put(seat, muxed, content)


class Recordings:
    """`folder` as the media processes write it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def opened(self, recording: str, private_key: bytes) -> Iterator[Opened | None]:
        """None when nothing was written of it. RecordingBusy while somebody has it. For a thread: every dump is read through."""
        folder = self._of(recording)
        try:
            held = os.open(folder / LOCK, os.O_RDWR)
        except FileNotFoundError:
            yield None
            return
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RecordingBusy from None
            yield Opened(recording, private_key, survey(sorted(folder.glob(f"*{SUFFIX}")), private_key, recording), folder)
        finally:
            os.close(held)

    def forget(self, recording: str) -> None:
        """The dumps go; nothing happens when there are none."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._of(recording))

    def lying(self) -> list[str]:
        """Every recording of which something lies there."""
        return sorted(one.name for one in self.folder.iterdir() if NAME.fullmatch(one.name)) if self.folder.is_dir() else []

    def _of(self, recording: str) -> Path:
        if not NAME.fullmatch(recording):
            raise ValueError("no name of a recording")
        return self.folder / recording
