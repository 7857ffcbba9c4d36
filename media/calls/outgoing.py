"""One kind of media in one slot of one receiver: others' packets under our own numbers. Pure but for the connection it sends on, which is given.

The numbers go on without a gap when somebody else, the same person with a new connection, or another layer of the same picture takes the slot. What
a receiver lost is looked for with the stream it came from: nothing is kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from media.calls import rtp
from media.calls.measured import EVERYTHING, Shown
from media.calls.pictures import PictureNumbers
from media.calls.stream import Stream

AGAIN_S = 0.03
"""A packet asked for twice within so short a time is on its way already."""
MOST_REPEATED = 512
_REPORTS = 8
_HALF = rtp.SEQUENCES // 2

Send = Callable[[int, int, int, int, Any, int, float], None]
"""`media.calls.wire.Wire.send`: marker and payload type, sequence, timestamp, SSRC, payload, its size, now."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Packets from one stream without a break: our number is the stream's plus `shift`, from `first` (ours) on."""

    stream: Stream
    first: int
    shift: int
    timestamp_shift: int
    pictures: PictureNumbers | None


@dataclass(slots=True)
class Outgoing:
    """`ssrc`, `again_ssrc` and the payload types (by codec: its own and that of its retransmissions) are those the engine offered. Time in seconds
    is passed in."""

    seat: str
    kind: str
    ssrc: int
    clock_rate: int
    again_ssrc: int
    payload_types: dict[str, tuple[int, int | None]]
    cname: str
    send: Send
    tell: Callable[[bytes], object]
    """Sends RTCP (`media.calls.wire.Wire.report`)."""
    shown: Shown = EVERYTHING
    due_at: float = 0.0
    """Stills: not before this."""
    packets: int = 0
    octets: int = 0
    retransmitted: int = 0
    source: Stream | None = field(default=None, repr=False)
    first: int = 0
    """What the stream had sent before this (extended sequence) is not for this receiver."""
    shift: int = 0
    timestamp_shift: int = 0
    payload_type: int = 0
    pictures: PictureNumbers | None = None
    """Only while a publisher's layers may change: renumbering costs a copy."""
    rtt_s: float | None = None
    fraction_lost: int = 0
    only: int | None = None
    """The timestamp of the one picture that is sent of a stream (stills)."""
    _last_sequence: int = -1
    _last_timestamp: int = 0
    _last_at: float = 0.0
    _last_ntp: float | None = None
    _again_sequence: int = 0
    _again_payload_type: int | None = None
    _stretches: list[_Stretch] = field(default_factory=list, repr=False)
    _repeated_at: dict[int, float] = field(default_factory=dict)
    _reports: dict[int, float] = field(default_factory=dict)
    """The middle of an NTP time that was told, and when."""

    def carries(self, stream: Stream) -> bool:
        """Whether this receiver can be sent the stream's codec."""
        return stream.codec in self.payload_types

    def begin(self, stream: Stream, extended: int, timestamp: int, now: float) -> None:
        """From this packet of the stream on."""
        self.stop()
        self.source, self.first = stream, extended
        self.payload_type, self._again_payload_type = self.payload_types[stream.codec]
        if self.pictures is not None:
            self.pictures = self.pictures.going_on()
        elif stream.rid:
            self.pictures = PictureNumbers()
        sequence = extended % rtp.SEQUENCES
        if self._last_sequence < 0:
            # The lower half, so that the sequence does not wrap before the first packets have set the receiver's roll-over counter.
            self.shift = (sequence & 0x7FFF) - extended
        else:
            self.shift = self._last_sequence + 1 - extended
            self.timestamp_shift = self._last_timestamp + self._passed(stream, timestamp, now) - timestamp
        stretch = _Stretch(stream, (extended + self.shift) % rtp.SEQUENCES, self.shift, self.timestamp_shift, self.pictures)
        self._stretches = [*self._stretches[-1:], stretch]

    def _passed(self, stream: Stream, timestamp: int, now: float) -> int:
        """Ticks since the last packet that was sent: by the publisher's own clock where the layers of one picture say the time, else by ours."""
        passed, ntp = now - self._last_at, stream.ntp_of(timestamp)
        if ntp is not None and self._last_ntp is not None and abs(ntp - self._last_ntp - passed) < 1:
            passed = ntp - self._last_ntp
        return max(1, int(passed * self.clock_rate))

    def stop(self, last: int | None = None, timestamp: int | None = None, at: float | None = None) -> None:
        """What comes now is not sent: the numbers go on without a gap with whatever is sent next. `last`, `timestamp` and `at`: those of the
        stream's last packet that was sent, when that is not its last packet."""
        source, self.source, only, self.only = self.source, None, self.only, None
        if source is None:
            return
        if timestamp is None:
            timestamp = source.timestamp if only is None else only
        last = source.highest if last is None else last
        if last >= self.first:
            self._last_sequence = (last + self.shift) % rtp.SEQUENCES
        self._last_timestamp, self._last_at = (timestamp + self.timestamp_shift) % rtp.TIMESTAMPS, source.at if at is None else at
        self._last_ntp = source.ntp_of(timestamp)

    def forget(self) -> None:
        """What was sent until now is not repeated any more: a whole picture comes in its stead."""
        self._stretches = []

    def forward(self, extended: int, marker: int, timestamp: int, payload: bytes, now: float) -> None:
        """One packet of the stream that holds the slot (the common case is written out where packets arrive)."""
        if extended < self.first:
            return
        if self.pictures is not None:
            payload = self.pictures.rewrite(payload)
        self.packets += 1
        self.octets += len(payload)
        self.send(
            marker | self.payload_type, (extended + self.shift) % rtp.SEQUENCES, (timestamp + self.timestamp_shift) % rtp.TIMESTAMPS, self.ssrc,
            payload, len(payload), now,
        )  # fmt: skip

    def repeat(self, sequence: int, now: float) -> bool:
        """Send the packet `sequence` again, as a retransmission (RFC 4588) where that was agreed on; False when it is no longer there. One that was
        repeated just now is on its way, and so is one that its sender is being asked for: whoever gets it lacks it because we do. What was sent
        before a whole picture that followed is not needed any more."""
        if now - self._repeated_at.get(sequence, float("-inf")) < AGAIN_S:
            return True
        stretch = self._stretch_of(sequence)
        if stretch is None:
            return True
        wanted = (sequence - stretch.shift) % rtp.SEQUENCES
        kept = stretch.stream.kept(wanted)
        if kept is None:
            return stretch.stream.may_still_come(wanted)
        packet, offset = kept
        if len(self._repeated_at) > MOST_REPEATED:
            self._repeated_at.clear()
        self._repeated_at[sequence] = now
        self.retransmitted += 1
        payload = packet[offset:] if stretch.pictures is None else stretch.pictures.rewrite(packet[offset:])
        marker = packet[1] & 0x80
        timestamp = (int.from_bytes(packet[4:8], "big") + stretch.timestamp_shift) % rtp.TIMESTAMPS
        if self._again_payload_type is None:
            self.send(marker | self.payload_type, sequence, timestamp, self.ssrc, payload, len(payload), now)
            return True
        self._again_sequence = (self._again_sequence + 1) % rtp.SEQUENCES
        payload = sequence.to_bytes(2, "big") + payload
        self.send(marker | self._again_payload_type, self._again_sequence, timestamp, self.again_ssrc, payload, len(payload), now)
        return True

    def pad(self, send: Callable[[int, int, int, int, float], bool], now: float) -> None:
        """Padding on the retransmission stream, whose numbers nobody misses."""
        again = self._again_payload_type or next((one for _, one in self.payload_types.values() if one is not None), None)
        if again is not None:
            self._again_sequence = (self._again_sequence + 1) % rtp.SEQUENCES
            send(again, self._again_sequence, self._last_timestamp, self.again_ssrc, now)

    def _stretch_of(self, sequence: int) -> _Stretch | None:
        for stretch in reversed(self._stretches):
            if (sequence - stretch.first) % rtp.SEQUENCES < _HALF:
                return stretch
        return None

    def report(self, stream: Stream, report: rtp.SenderReport, now: float) -> bytes | None:
        """The stream's report in this slot's numbers: receivers play sound and picture together by it."""
        if stream is not self.source:
            return None
        if len(self._reports) >= _REPORTS:
            del self._reports[next(iter(self._reports))]
        self._reports[report.ntp >> 16 & 0xFFFFFFFF] = now
        timestamp = (report.timestamp + self.timestamp_shift) % rtp.TIMESTAMPS
        return rtp.sender_report(self.ssrc, report.ntp, timestamp, self.packets, self.octets, self.cname)

    def heard(self, block: rtp.ReportBlock, now: float) -> None:
        """The receiver's report of this slot: its loss, and the way there and back (RFC 3550, 6.4.1)."""
        self.fraction_lost = max(self.fraction_lost, block.fraction_lost)
        told = self._reports.get(block.last_report)
        if told is not None:
            self.rtt_s = max(0.0, now - told - block.delay / 65536)
