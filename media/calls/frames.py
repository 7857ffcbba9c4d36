"""From packets as they arrived to whole frames in their order. Pure; what is missing stays missing.

Packets wait a moment for those that come late or were sent again. A picture of which a part was lost is left out, and with it everything up to the
next whole picture: the recording stands still as the screens did, and shows nothing that nobody sent.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from media.calls.rtp import SEQUENCES, TIMESTAMPS, Packet, read_packet

WAIT_US = 3_000_000
"""How long a hole is waited for: longer than anything is asked for again."""
MOST_WAITING = 1024
LARGEST_STEP = 3000
LARGEST_FRAME = 8 << 20
MOST_STREAMS = 256
"""Of one file whose clocks are remembered: a phone that reconnects makes one each time."""


@dataclass(frozen=True, slots=True)
class InOrder:
    """`timestamp` does not wrap. `follows`: nothing is missing before it. `begins`: the first of a stream (SSRC)."""

    packet: Packet
    timestamp: int
    at: int
    follows: bool
    begins: bool


def unwrapped(value: int, near: int, period: int) -> int:
    """The number that is `value` modulo `period` and nearest to `near`."""
    step = (value - near) % period
    return near + (step - period if step >= period // 2 else step)


@dataclass(slots=True)
class Reorder:
    """The packets of one file, which may be of several streams one after another; `at` in microseconds, as they arrived."""

    _ssrc: int | None = None
    _next: int = 0
    _highest: int = 0
    _near: int = 0
    _nears: dict[int, int] = field(default_factory=dict)
    _begins: bool = True
    _holes: bool = False
    _heap: list[tuple[int, int, Packet]] = field(default_factory=list)

    def push(self, data: bytes, at: int) -> Iterator[InOrder]:
        packet = read_packet(data)
        if packet is None or not packet.payload:
            return
        if packet.ssrc != self._ssrc:
            yield from self.flush()
            self._begin(packet)
        sequence = unwrapped(packet.sequence, self._highest, SEQUENCES)
        if abs(sequence - self._highest) > LARGEST_STEP:
            yield from self.flush()  # a new start, not loss (RFC 3550, appendix A.1)
            self._next = self._highest = sequence = packet.sequence + SEQUENCES
            self._holes = True
        self._highest = max(self._highest, sequence)
        if sequence >= self._next and all(sequence != one[0] for one in self._heap):
            heapq.heappush(self._heap, (sequence, at, packet))
        yield from self._ready(at)

    def flush(self) -> Iterator[InOrder]:
        """What still waits, with its holes."""
        while self._heap:
            yield self._pop()

    def _begin(self, packet: Packet) -> None:
        if self._ssrc is not None and len(self._nears) < MOST_STREAMS:
            self._nears[self._ssrc] = self._near
        self._ssrc = packet.ssrc
        self._next = self._highest = packet.sequence + SEQUENCES
        self._near = self._nears.get(packet.ssrc, packet.timestamp + TIMESTAMPS)
        self._begins, self._holes = True, False

    def _ready(self, now: int) -> Iterator[InOrder]:
        while self._heap:
            sequence, at, _ = self._heap[0]
            if sequence != self._next and now - at < WAIT_US and len(self._heap) < MOST_WAITING:
                return
            yield self._pop()

    def _pop(self) -> InOrder:
        sequence, at, packet = heapq.heappop(self._heap)
        self._near = unwrapped(packet.timestamp, self._near, TIMESTAMPS)
        found = InOrder(packet, self._near, at, sequence == self._next and not self._holes, self._begins)
        self._next, self._begins, self._holes = sequence + 1, False, False
        return found


@dataclass(frozen=True, slots=True)
class Frame:
    """`ssrc` and `timestamp` say when it was, `at` when the last of it arrived; `key`: can be shown by itself, and `size` is then the picture's."""

    ssrc: int
    timestamp: int
    at: int
    data: bytes
    key: bool
    size: tuple[int, int] | None = None


@dataclass(slots=True)
class OpusFrames:
    """RFC 7587: each packet is one frame."""

    lost: int = 0

    def push(self, one: InOrder) -> Frame | None:
        return Frame(one.packet.ssrc, one.timestamp, one.at, one.packet.payload, True)


class PictureCodec(Protocol):
    """How pictures of one codec lie in packets."""

    def read(self, payload: bytes) -> tuple[bool, bytes] | None:
        """Whether a picture may begin here, and what the packet adds to it; None when it is none."""

    def picture(self, data: bytes) -> tuple[bytes, tuple[int, int] | None] | None:
        """What is shown of all that came, and its width and height when it can be shown by itself; None when nothing is to be shown of it."""


@dataclass(slots=True)
class PictureFrames:
    """`lost`: frames left out."""

    codec: PictureCodec
    lost: int = 0
    _parts: list[bytes] = field(default_factory=list)
    _timestamp: int = -1
    _size: int = 0
    _waits_for_key: bool = True

    def push(self, one: InOrder) -> Frame | None:
        found = self.codec.read(one.packet.payload)
        if one.begins or not one.follows:
            self._drop()
        if found is None:
            self._drop()
            return None
        starts, data = found
        if self._parts and one.timestamp != self._timestamp:
            self._drop()  # its last packet never said that it was the last
        if not self._parts:
            if not starts:
                self._waits_for_key = True
                return None
            self._timestamp, self._size = one.timestamp, 0
        self._parts.append(data)
        self._size += len(data)
        if self._size > LARGEST_FRAME:
            self._drop()
            return None
        return self._whole(one) if one.packet.marker else None

    def _drop(self) -> None:
        self.lost += bool(self._parts)
        self._parts.clear()
        self._waits_for_key = True

    def _whole(self, one: InOrder) -> Frame | None:
        found = self.codec.picture(b"".join(self._parts))
        self._parts.clear()
        if found is None:
            return None
        data, size = found
        if self._waits_for_key and size is None:
            self.lost += 1
            return None
        self._waits_for_key = False
        return Frame(one.packet.ssrc, self._timestamp, one.at, data, size is not None, size)
