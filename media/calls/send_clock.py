"""How late packets come by the clock of the device that sends them. Pure; times in seconds.

By the header extension abs-send-time (24 bits: seconds with 18 bits after the point, of any clock, begins anew every 64 s). An RTP timestamp
says when sound was recorded: a device that loses a few of its samples is later by that for good, which would look like a full link.
"""

from __future__ import annotations

from dataclasses import dataclass

TICKS_A_SECOND = 1 << 18
STAMPS = 1 << 24
MEMORY_S = 10.0
"""The least delay is that of one or two periods of this length."""


@dataclass(slots=True)
class SendClock:
    late_s: float = 0.0
    """How much later than the first packet the last one came."""
    _transit: float | None = None
    _least: float = 0.0
    _least_before: float = 0.0
    _since: float = 0.0

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
    def queue_s(self) -> float:
        """How much later than the fastest of the last ten seconds or so the last one came."""
        return self.late_s - min(self._least, self._least_before)
