"""How late packets come by the clock of the device that sends them. Pure; times in seconds.

By the header extension abs-send-time (24 bits: seconds with 18 bits after the point, of any clock, begins anew every 64 s). An RTP timestamp
says when sound was recorded: a device that loses a few of its samples is later by that for good, which would look like a full link.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from media.calls.feedback_digest import UNEASY_S

TICKS_A_SECOND = 1 << 18
STAMPS = 1 << 24
BURST = TICKS_A_SECOND // 200
"""Packets sent within 5 ms count as one (draft-ietf-rmcat-gcc-02, 5.2)."""
MOST_PACKETS = 512
FULL_S, FULL_FOR_S = 0.12, 0.4
"""Packets that come so late say that a queue is full; for so long it is believed without more ado, then it may as well be a longer way."""
MEMORY_S = 10.0
"""The least delay is that of one or two periods of this length."""


@dataclass(slots=True)
class SendClock:
    packets: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=MOST_PACKETS))
    """To be filled: when packets left (`stamp`) and when they came, in the order of their coming."""
    late_s: float = 0.0
    """How much later than the first packet the last one came."""
    _bursts: list[tuple[float, float]] = field(default_factory=list)
    _full_since: float | None = None
    _transit: float | None = None
    _least: float = 0.0
    _least_before: float = 0.0
    _since: float = 0.0
    _late_taken: float = 0.0
    """`late_s` when bursts were taken last."""

    @property
    def uneasy(self) -> bool:
        """What came last came much later than what had come when bursts were taken last."""
        if not self.packets or self._transit is None:
            return False
        stamp, at = self.packets[-1]
        late_s = self.late_s + ((at * TICKS_A_SECOND - stamp - self._transit + STAMPS / 2) % STAMPS - STAMPS / 2) / TICKS_A_SECOND
        return late_s - self._late_taken > UNEASY_S

    def take_bursts(self) -> tuple[tuple[float, float], ...]:
        """Since they were taken last: when the last packet of each burst came, and how late that was."""
        self._look()
        found, self._bursts, self._late_taken = tuple(self._bursts), [], self.late_s
        return found

    def is_full(self, now: float) -> bool:
        """Packets come late since a moment ago."""
        self._look()
        if self.queue_s < FULL_S:
            self._full_since = None
        elif self._full_since is None:
            self._full_since = now
        return self._full_since is not None and now - self._full_since < FULL_FOR_S

    def _look(self) -> None:
        first: int | None = None
        for stamp, at in self.packets:
            self.add(stamp, at)
            if first is None or (stamp - first) % STAMPS > BURST:
                first = stamp
                self._bursts.append((at, self.queue_s))
            else:
                self._bursts[-1] = (at, self.queue_s)
        self.packets.clear()
        del self._bursts[:-MOST_PACKETS]

    def add(self, stamp: int, at: float) -> None:
        """A packet that left at `stamp` came at `at`."""
        transit = at * TICKS_A_SECOND - stamp
        if self._transit is not None:
            self.late_s += ((transit - self._transit + STAMPS / 2) % STAMPS - STAMPS / 2) / TICKS_A_SECOND
        self._transit = transit
        self._least = min(self._least, self.late_s)
        if at - self._since > MEMORY_S:
            self._least_before, self._least, self._since = self._least, self.late_s, at

    @property
    def begun(self) -> bool:
        """The device says when it sends."""
        return self._transit is not None

    @property
    def queue_s(self) -> float:
        """How much later than the fastest of the last ten seconds or so the last one came."""
        return self.late_s - min(self._least, self._least_before)
