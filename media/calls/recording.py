"""Writes down what the members of a room send: RTP as it came, sealed, one file a member and kind, beside the engine and never in its way.

The event loop only appends to lists; a thread of its own seals and writes. What waits for the thread is bounded: a disk that is slow or full ends
the recording and says so, the call goes on. At most `FLUSH_S` of sound and picture are lost when the process is killed. A file is opened only for
those who are named: whoever has not agreed is not in it, whatever the engine passes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import re
import secrets
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from media.calls.dumps import CLOCK_RATES, About, about_record, packet_record, report_record
from media.calls.sealed_log import LogSealer

FLUSH_S = 0.5
FLUSH_BYTES = 64 * 1024
MOST_WAITING = 8 << 20
"""Bytes that may wait for the disk: of a room with three pictures at full rate, about twenty seconds."""
MOST_OPEN = 64
"""Files of one recorder that are written at once: of eight seats, sound and picture, with room for another codec. Who has gone has his closed."""
MOST_FILES = 10_000
"""All files of one recorder: whoever comes again is somebody new here, so that a flaky line makes two every few seconds for hours."""
LEAST_FREE = 256 << 20
"""Bytes of the disk that are left to the house."""
LOOK_AT_DISK = 4 << 20
SUFFIX = ".dump"
LOCK = "writing.lock"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Trouble = Literal["disk_full", "disk", "slow", "lost"]
"""lost: something of somebody who may be recorded cannot be written; nobody may believe that it was."""


@dataclass(slots=True)
class _File:
    about: About
    waiting: list[bytes] = field(default_factory=list)
    size: int = 0


class _Job:
    """For the thread: chunks of a file, or (no file) the end."""

    __slots__ = ("data", "file", "last")

    def __init__(self, file: _File | None, data: bytes, last: bool) -> None:
        self.file, self.data, self.last = file, data, last


class DumpRecorder:
    """A `media.calls.engine.Recorder` for one room, into `folder`/`recording`. `clock`: the engine's; `wall`: seconds since 1970. Both are read once.

    `told` is called on the loop, once, when it has to stop by itself. ValueError for a name or a key that is none; OSError when the folder cannot be
    made. Called on the event loop throughout.
    """

    def __init__(
        self, folder: Path, recording: str, public_key: bytes, clock: Callable[[], float], wall: Callable[[], float], told: Callable[[Trouble], None]
    ) -> None:
        if not NAME.fullmatch(recording):
            raise ValueError("no name of a recording")
        LogSealer(public_key, recording)  # a key that is none is found out before anything is said to run
        self.recording, self._key, self._told = recording, public_key, told
        self.trouble: Trouble | None = None
        self.members: frozenset[str] = frozenset()
        self._folder = folder / recording
        self._clock, self._wall = int(clock() * 1e6), int(wall() * 1e6)
        self._files: dict[tuple[str, str, str], _File] = {}
        self._begun = 0
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        self._thread = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()
        self._flushing = self._loop.create_task(self._flush_again_and_again(), name="recorder flush")

    def allow(self, members: Collection[str]) -> None:
        """From now on these are recorded and nobody else. The files of all others have their end."""
        self.members = frozenset(members)
        for key in [key for key in self._files if key[0] not in self.members]:
            self._flush(self._files.pop(key), last=True)

    def packet(self, seat: str, member: str, kind: str, codec: str, at: float, data: bytes) -> None:
        file = self._file(seat, member, kind, codec)
        if file is not None:
            self._append(file, packet_record(int(at * 1e6), data))

    def report(self, seat: str, member: str, kind: str, codec: str, at: float, ssrc: int, ntp: int, timestamp: int) -> None:
        file = self._file(seat, member, kind, codec)
        if file is not None:
            self._append(file, report_record(int(at * 1e6), ssrc, ntp, timestamp))

    def _file(self, seat: str, member: str, kind: str, codec: str) -> _File | None:
        if self._closed or self.trouble is not None or member not in self.members:
            return None
        key = (member, kind, codec)
        file = self._files.get(key)
        if file is None:
            writable = codec in CLOCK_RATES and kind in ("audio", "video")
            if not writable or len(self._files) >= MOST_OPEN or self._begun >= MOST_FILES:
                self._stop_by_itself("lost")
                return None
            self._begun += 1
            file = self._files[key] = _File(About(seat, member, kind, codec, self._clock, self._wall))
            self._append(file, about_record(file.about))
        return file

    def _append(self, file: _File, record: bytes) -> None:
        file.waiting.append(record)
        file.size += len(record)
        if file.size >= FLUSH_BYTES:
            self._flush(file)

    def _flush(self, file: _File, *, last: bool = False) -> None:
        data = b"".join(file.waiting)
        file.waiting.clear()
        file.size = 0
        with self._lock:
            self._waiting += len(data)
            slow = self._waiting > MOST_WAITING
        self._jobs.put(_Job(file, data, last))
        if slow:
            self._stop_by_itself("slow")

    async def _flush_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            for file in list(self._files.values()):
                if file.waiting:
                    self._flush(file)

    def _stop_by_itself(self, trouble: Trouble) -> None:
        if self.trouble is None and not self._closed:
            self.trouble = trouble
            self._told(trouble)

    async def close(self) -> None:
        """Everything that came until now is on the disk and every file has its end; nothing more is taken. A second call changes nothing."""
        if self._closed:
            return
        self._closed = True
        self._flushing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._flushing
        for file in self._files.values():
            self._flush(file, last=True)
        self._jobs.put(_Job(None, b"", last=True))
        await asyncio.to_thread(self._thread.join)
        os.close(self._held)

    # The thread

    def _write_all(self) -> None:
        written: dict[int, tuple[int, LogSealer]] = {}
        since_look, broken = LOOK_AT_DISK, False
        while (job := self._jobs.get()).file is not None:
            with self._lock:
                self._waiting -= len(job.data)
            if broken:
                continue
            try:
                since_look += len(job.data)
                if since_look >= LOOK_AT_DISK:
                    since_look = 0
                    self._look_at_disk()
                self._write(written, job)
            except OSError as error:
                broken = True
                trouble: Trouble = "disk_full" if error.errno in (28, 122) else "disk"
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
                    self._loop.call_soon_threadsafe(self._stop_by_itself, trouble)
        for descriptor, _ in written.values():
            _finish(descriptor)

    def _look_at_disk(self) -> None:
        room = os.statvfs(self._folder)
        if room.f_bavail * room.f_frsize < LEAST_FREE:
            raise OSError(28, "kept free for the house")

    def _write(self, written: dict[int, tuple[int, LogSealer]], job: _Job) -> None:
        if id(job.file) not in written:
            sealer = LogSealer(self._key, self.recording)
            # The name tells nothing: who it is stands inside.
            descriptor = os.open(self._folder / f"{secrets.token_hex(8)}{SUFFIX}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            written[id(job.file)] = descriptor, sealer  # its last job takes it out
            _write_whole(descriptor, sealer.head)
        descriptor, sealer = written[id(job.file)]
        _write_whole(descriptor, sealer.chunk(job.data, last=job.last))
        if job.last:
            del written[id(job.file)]
            _finish(descriptor)


def _finish(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


def _write_whole(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
