"""From the dumps of a recording to the files of its seats: the packets as they came, nothing is decoded or encoded.

VP8 goes into WebM, H.264, which WebM may not hold, into MP4; who changed from one to the other has a file of each, the first of them with his sound.

Each file begins when the recording began, so that those of all seats can be played side by side; who came later is dark until then, and gaps stay
gaps. Twice through the dumps: first the clocks, then the frames, so that an hour takes no more memory than a minute.
"""

from __future__ import annotations

import contextlib
import heapq
import io
import itertools
import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av

from media.calls.alignment import MemberClock
from media.calls.dumps import About, Dump, DumpedPacket
from media.calls.frames import Frame, OpusFrames, PictureFrames, Reorder
from media.calls.picture_codecs import CODECS, size_told
from media.calls.recorded import MP4, WEBM, Chapter, Muxed
from media.calls.rtp import read_packet
from media.calls.scratch import Scratch
from media.calls.sealed_log import NotOurs

EARLIEST_US, LATEST_US = 10_000_000, 2_000_000
"""How far before or after its arrival a frame may be said to have been; beyond that its sender's clock is not believed."""
_MS = Fraction(1, 1000)
FORMATS = {"VP8": ("webm", WEBM), "H264": ("mp4", MP4), None: ("webm", WEBM)}
"""By the codec of the pictures: what PyAV calls the container, and its media type."""
_Timed = tuple[int, str, Frame]
"""When, of which kind, what."""


@dataclass(slots=True)
class Source:
    """One dump. `begins` and `ends`: the first and the last arrival, microseconds since 1970; `size`: of the first whole picture."""

    path: Path
    about: About
    begins: int = 0
    ends: int = 0
    size: tuple[int, int] | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What one file holds: pictures of one codec, or none; and the sound, or not."""

    codec: str | None
    size: tuple[int, int] | None
    sounds: bool


@dataclass(slots=True)
class Survey:
    """`unreadable`: files that could not be opened at all."""

    sources: list[Source] = field(default_factory=list)
    clocks: dict[str, MemberClock] = field(default_factory=dict)
    unreadable: int = 0

    @property
    def begins(self) -> int:
        return min((one.about.wall for one in self.sources), default=0)

    @property
    def ends(self) -> int:
        return max((one.ends for one in self.sources), default=0)

    @property
    def complete(self) -> bool:
        """Every file was closed by its writer."""
        return not self.unreadable and all(one.whole for one in self.sources)

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.about.seat for one in self.sources))

    def parts(self, seat: str) -> tuple[Part, ...]:
        """The files of a seat; none when there is nothing to see or to hear."""
        mine = sorted((one for one in self.sources if one.about.seat == seat), key=lambda one: one.begins)
        sizes: dict[str, tuple[int, int]] = {}
        for one in mine:
            if one.size is not None:
                sizes.setdefault(one.about.codec, one.size)
        sounds = any(one.about.codec == "opus" for one in mine)
        pictures = tuple(Part(codec, size, sounds and not place) for place, (codec, size) in enumerate(sizes.items()))
        return pictures or ((Part(None, None, sounds=True),) if sounds else ())


def survey(paths: Iterable[Path], private_key: bytes, recording: str) -> Survey:
    """Look through every dump once."""
    found = Survey()
    for path in paths:
        try:
            with path.open("rb") as file:
                dump = Dump(file, private_key, recording)
                source = Source(path, dump.about, ends=dump.about.wall)
                _look_through(dump, source, found.clocks.setdefault(dump.about.member, MemberClock()))
                found.sources.append(source)
        except NotOurs:
            found.unreadable += 1
    for clock in found.clocks.values():
        clock.settle()
    return found


def _look_through(dump: Dump, source: Source, clock: MemberClock) -> None:
    kind, rate = source.about.kind, source.about.clock_rate
    for record in dump.records():
        if isinstance(record, DumpedPacket):
            packet = read_packet(record.data)
            if packet is None:
                continue
            clock.stream(kind, packet.ssrc, rate).packet(packet.timestamp, record.at)
            source.begins, source.ends = min(source.begins or record.at, record.at), max(source.ends, record.at)
            if source.size is None and kind == "video":
                source.size = size_told(source.about.codec, packet.payload)
        elif (kind, record.ssrc) in clock.streams:
            clock.stream(kind, record.ssrc, rate).report(record.ntp, record.timestamp, record.at)
    source.whole = dump.ending == "whole"


def mux(found: Survey, seat: str, part: Part, private_key: bytes, recording: str, chapters: Sequence[Chapter], out: Scratch) -> Muxed | None:
    """Write one of the files of `seat` to `out`; None when there is nothing in it to see or to hear. OSError when the disk is full."""
    held = {part.codec, *(["opus"] if part.sounds else [])}
    writer = _Writer(out, part, found, chapters)
    streams = [
        (one.begins - EARLIEST_US, _frames(one, found.clocks[one.about.member], private_key, recording, writer))
        for one in found.sources
        if one.about.seat == seat and one.about.codec in held
    ]
    try:
        for when, kind, frame in _in_order(streams):
            writer.put(kind, when, frame)
    finally:
        writer.close()
    return writer.muxed if writer.muxed.sounds or writer.muxed.pictures else None


def _in_order(streams: Sequence[tuple[int, Iterator[_Timed]]]) -> Iterator[_Timed]:
    """All frames by time. A stream is begun when the time is there that it is given with, so that no more files are open than were written at once:
    a flaky line makes hundreds, one after the other."""
    coming = deque(sorted(streams, key=lambda one: one[0]))
    heap: list[tuple[int, int, _Timed, Iterator[_Timed]]] = []
    order = itertools.count()
    while coming or heap:
        while coming and (not heap or coming[0][0] <= heap[0][0]):
            stream = coming.popleft()[1]
            if (first := next(stream, None)) is not None:
                heapq.heappush(heap, (first[0], next(order), first, stream))
        if heap:
            _, place, one, stream = heap[0]
            yield one
            if (following := next(stream, None)) is not None:
                heapq.heapreplace(heap, (following[0], place, following, stream))
            else:
                heapq.heappop(heap)


def _frames(source: Source, clock: MemberClock, private_key: bytes, recording: str, writer: _Writer) -> Iterator[_Timed]:
    about, order = source.about, Reorder()
    frames = OpusFrames() if about.codec == "opus" else PictureFrames(CODECS[about.codec]())
    with contextlib.suppress(NotOurs), source.path.open("rb") as file:
        for record in Dump(file, private_key, recording).records():
            if isinstance(record, DumpedPacket):
                for one in order.push(record.data, record.at):
                    if (frame := frames.push(one)) is not None:
                        yield _when(about.kind, clock, frame), about.kind, frame
        for one in order.flush():
            if (frame := frames.push(one)) is not None:
                yield _when(about.kind, clock, frame), about.kind, frame
    writer.left_out += frames.lost


def _when(kind: str, clock: MemberClock, frame: Frame) -> int:
    when = clock.when(kind, frame.ssrc, frame.timestamp)
    return when if when is not None and frame.at - EARLIEST_US <= when <= frame.at + LATEST_US else frame.at


class _Writer:
    """The file under PyAV's hands."""

    def __init__(self, out: Scratch, part: Part, found: Survey, chapters: Sequence[Chapter]) -> None:
        self._begins = found.begins
        container, self._media_type = FORMATS[part.codec]
        self._container = cast(Any, av.open(out, "w", format=container))
        self._streams: dict[str, Any] = {}
        if part.codec is not None and part.size is not None:
            self._streams["video"] = self._container.add_mux_stream(part.codec.lower(), rate=25, width=part.size[0], height=part.size[1])
        if part.sounds:
            with av.open(io.BytesIO(OPUS), format="ogg") as like:
                self._streams["audio"] = self._container.add_stream_from_template(like.streams.audio[0])
        self._container.set_chapters(_chapters(chapters, found))
        self._last = dict.fromkeys(self._streams, -1)
        self._count = dict.fromkeys(("audio", "video"), 0)
        self._ends = 0
        self.left_out = 0

    def put(self, kind: str, when: int, frame: Frame) -> None:
        stream = self._streams.get(kind)
        if stream is None:
            return
        at = max(self._last[kind] + 1, (when - self._begins) // 1000, 0)
        packet = av.Packet(frame.data)
        packet.pts = packet.dts = at
        packet.time_base, packet.stream, packet.is_keyframe = _MS, stream, frame.key
        self._container.mux_one(packet)
        self._last[kind] = at
        self._count[kind] += 1
        self._ends = max(self._ends, at)

    def close(self) -> None:
        if not sum(self._count.values()):
            self._container.start_encoding()
        self._container.close()

    @property
    def muxed(self) -> Muxed:
        return Muxed(self._media_type, self._ends, self._count["audio"], self._count["video"], self.left_out)


def _chapters(chapters: Sequence[Chapter], found: Survey) -> list[dict[str, Any]]:
    """The beginning, and each moment until the next. What lies outside the recording is left out."""
    length = max(1, (found.ends - found.begins) // 1000)
    begins = {0: "开始"}
    for one in sorted(chapters, key=lambda one: one.at):
        at = (one.at - found.begins) // 1000
        if 0 <= at < length:
            begins[at] = f"{begins[at]},{one.title}" if at in begins and at else one.title
    ends = [*sorted(begins)[1:], length]
    return [
        {"id": number, "start": start, "end": end, "time_base": _MS, "metadata": {"title": begins[start]}}
        for number, (start, end) in enumerate(zip(sorted(begins), ends, strict=True), 1)
    ]


def _opus_template() -> bytes:
    """An Ogg file with one silent frame, from which PyAV takes the head that players want (RFC 7845, 5.1): two channels, 48 kHz, no pre-skip."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 7) + b"huizhen" + struct.pack("<I", 0)
    return _ogg_page(2, 0, 0, head) + _ogg_page(0, 0, 1, tags) + _ogg_page(4, 960, 2, b"\xfc\xff\xfe")


def _ogg_page(flags: int, granule: int, number: int, packet: bytes) -> bytes:
    """RFC 3533, 6."""
    page = b"OggS" + struct.pack("<BBqIIIBB", 0, flags, granule, 1, number, 0, 1, len(packet)) + packet
    check = 0
    for byte in page:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ (0x04C11DB7 if check & 0x80000000 else 0)) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", check) + page[26:]


OPUS = _opus_template()
