"""When each frame of a recording was: RTP time, the sender's own clock and ours brought onto one line. Pure; microseconds throughout.

Sound and picture of one phone count from different numbers at different rates. The sender's reports say where each stood at one moment of the
phone's clock (RFC 3550, 6.4.1): with them both lie on the phone's clock exactly, however long either was on its way. Phones' clocks are wrong by
minutes; ours is laid beside each by its reports: the one that was fastest on its way tells most nearly what the difference is, the same for
everything that the phone sent. A phone whose clock is put right by hand in the middle of a recording is laid wrongly from there to its next
connection; a stream without reports lies where it arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from media.calls.frames import MOST_STREAMS, unwrapped
from media.calls.rtp import TIMESTAMPS

AROUND = 2
"""Reports on each side that a report is evened out with, by the earliest: a sender that is busy stamps late, none stamps early."""
NTP_TO_1970 = 2_208_988_800


def ntp_us(ntp: int) -> int:
    """64 bits of NTP time in microseconds since 1970."""
    return ((ntp >> 32) - NTP_TO_1970) * 1_000_000 + ((ntp & 0xFFFFFFFF) * 1_000_000 >> 32)


@dataclass(slots=True)
class StreamClock:
    """What is known of the clock of one stream (SSRC) at `rate` ticks a second."""

    rate: int
    _near: int | None = None
    _reports: list[tuple[int, int]] = field(default_factory=list)
    _even: list[tuple[int, int]] = field(default_factory=list)
    _fastest: int | None = None
    residual: int | None = None
    """The least of (our time of arrival − the sender's time) over its reports."""

    def packet(self, timestamp: int, at: int) -> None:
        """`timestamp` modulo 2^32, in the order of arrival."""
        near = self._near = timestamp + TIMESTAMPS if self._near is None else unwrapped(timestamp, self._near, TIMESTAMPS)
        arrived = at - self._ticks(near)
        self._fastest = arrived if self._fastest is None else min(self._fastest, arrived)

    def report(self, ntp: int, timestamp: int, at: int) -> None:
        if self._near is None or ntp >> 32 < NTP_TO_1970:
            return  # before anything came, or from who does not know the time
        sent = ntp_us(ntp)
        self._reports.append((unwrapped(timestamp, self._near, TIMESTAMPS), sent))
        self.residual = at - sent if self.residual is None else min(self.residual, at - sent)

    def settle(self) -> None:
        """After the last report."""
        starts = [sent - self._ticks(timestamp) for timestamp, sent in self._reports]
        self._even = [
            (timestamp, min(starts[max(0, index - AROUND) : index + AROUND + 1])) for index, (timestamp, _) in enumerate(self._reports)
        ]

    def when(self, timestamp: int, offset: int | None) -> int:
        """Our time of what was taken at `timestamp` (not wrapped, from the same first packet on); `offset`: our clock − the sender's."""
        if not self._even or offset is None:
            return self._ticks(timestamp) + (self._fastest or 0)
        low, high = 0, len(self._even)
        while high - low > 1:
            middle = (low + high) // 2
            if self._even[middle][0] <= timestamp:
                low = middle
            else:
                high = middle
        return self._even[low][1] + self._ticks(timestamp) + offset

    def _ticks(self, timestamp: int) -> int:
        return timestamp * 1_000_000 // self.rate


@dataclass(slots=True)
class MemberClock:
    """Every stream of one member: his phone has one clock."""

    streams: dict[tuple[str, int], StreamClock] = field(default_factory=dict)
    _offset: int | None = None

    def stream(self, kind: str, ssrc: int, rate: int) -> StreamClock:
        """Beyond `MOST_STREAMS` one that is forgotten again."""
        found = self.streams.get((kind, ssrc)) or StreamClock(rate)
        if len(self.streams) < 2 * MOST_STREAMS:
            self.streams[kind, ssrc] = found
        return found

    def settle(self) -> None:
        for one in self.streams.values():
            one.settle()
        self._offset = min((one.residual for one in self.streams.values() if one.residual is not None), default=None)

    def when(self, kind: str, ssrc: int, timestamp: int) -> int | None:
        """Our time of a frame; None of a stream that was never seen."""
        found = self.streams.get((kind, ssrc))
        return None if found is None else found.when(timestamp, self._offset)
