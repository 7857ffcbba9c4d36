"""What stands in the chunks of a recording: first who and what it is, then packets as they arrived and the sender's reports. Pure.

An own form rather than Janus's mjr: mjr keeps no sender reports (without which sound and picture of one phone cannot be laid over each other
exactly), no times of arrival in microseconds, and cannot be sealed chunk by chunk. A chunk holds whole records::

    kind (1 byte) ‖ time (8 bytes, microseconds of the engine's clock) ‖ length (2 bytes) ‖ body

Kinds: 0 about (JSON, `About`), 1 packet (RTP with its header), 2 report (SSRC, NTP time, RTP timestamp). What cannot be read ends the file.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO

from media.calls.sealed_log import Ending, LogReader, NotOurs

ABOUT, PACKET, REPORT = 0, 1, 2
LARGEST_BODY = 0xFFFF
_HEAD = struct.Struct("!BQH")
_REPORT = struct.Struct("!IQI")
CLOCK_RATES = {"opus": 48_000, "VP8": 90_000, "H264": 90_000}


@dataclass(frozen=True, slots=True)
class About:
    """Whose stream it is. `clock` and `wall` are one moment, in microseconds: of the engine's clock, and since 1970. Files of one process have the
    same pair."""

    seat: str
    member: str
    kind: str
    codec: str
    clock: int
    wall: int

    def __post_init__(self) -> None:
        texts, numbers = (self.seat, self.member, self.kind, self.codec), (self.clock, self.wall)
        if not all(isinstance(one, str) for one in texts) or not all(type(one) is int and 0 <= one < 1 << 62 for one in numbers):
            raise ValueError("no head of a recording")
        if self.codec not in CLOCK_RATES or self.kind not in ("audio", "video"):
            raise ValueError("a stream that is not recorded")

    @property
    def clock_rate(self) -> int:
        return CLOCK_RATES[self.codec]


@dataclass(frozen=True, slots=True)
class DumpedPacket:
    """`at`: arrival, microseconds since 1970."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DumpedReport:
    """The sender's clock (`ntp`, 64 bits) when its RTP clock was at `timestamp` (RFC 3550, 6.4.1)."""

    at: int
    ssrc: int
    ntp: int
    timestamp: int


def about_record(about: About) -> bytes:
    return _record(ABOUT, about.clock, json.dumps(asdict(about)).encode())


def packet_record(at: int, data: bytes) -> bytes:
    """ValueError for more than fits into a UDP packet."""
    if len(data) > LARGEST_BODY:
        raise ValueError("longer than any packet")
    return _record(PACKET, at, data)


def report_record(at: int, ssrc: int, ntp: int, timestamp: int) -> bytes:
    return _record(REPORT, at, _REPORT.pack(ssrc, ntp, timestamp))


def _record(kind: int, at: int, body: bytes) -> bytes:
    return _HEAD.pack(kind, at, len(body)) + body


class Dump:
    """One file of a recording, once through. NotOurs for what cannot be read at all; `ending` holds after `records` has come to its end."""

    def __init__(self, file: BinaryIO, private_key: bytes, recording: str) -> None:
        self._reader = LogReader(file, private_key, recording)
        self._chunks = self._reader.chunks()
        self._first = next(self._chunks, b"")
        self._stumbled = False
        head = next(_records_in(self._first), None)
        if head is None or head[0] != ABOUT:
            raise NotOurs
        try:
            self.about = About(**json.loads(head[2]))
        except (ValueError, TypeError, RecursionError):
            raise NotOurs from None
        self._to_wall = self.about.wall - self.about.clock

    @property
    def ending(self) -> Ending:
        return "damaged" if self._stumbled else self._reader.ending

    def records(self) -> Iterator[DumpedPacket | DumpedReport]:
        yield from self._of(self._first)
        for chunk in self._chunks:
            if self._stumbled:
                return
            yield from self._of(chunk)

    def _of(self, chunk: bytes) -> Iterator[DumpedPacket | DumpedReport]:
        for kind, at, body in _records_in(chunk):
            if kind == PACKET:
                yield DumpedPacket(at + self._to_wall, body)
            elif kind == REPORT and len(body) == _REPORT.size:
                yield DumpedReport(at + self._to_wall, *_REPORT.unpack(body))
            elif kind != ABOUT:
                self._stumbled = True
                return


def _records_in(chunk: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + _HEAD.size <= len(chunk):
        kind, when, length = _HEAD.unpack_from(chunk, at)
        at += _HEAD.size
        if at + length > len(chunk):
            yield -1, when, b""
            return
        yield kind, when, chunk[at : at + length]
        at += length
