"""What transport-wide feedback tells of a link, put together from one look at it to the next. Pure; times in seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from media.calls.transport_feedback import Result

BURST_S = 0.005
"""Packets sent within 5 ms count as one (draft-ietf-rmcat-gcc-02, 5.2)."""
HEADERS = 28
"""Bytes of IPv4 and UDP with every packet."""
MOST_BURSTS = 512
UNEASY_S = 0.02
"""What comes so much later than when its link was measured last says that a queue may be growing: the link is looked at again at once, and so it is
when something is lost."""

Burst = tuple[float, float, float, int]
"""Packets that left together: when the last of them came (by the receiver's clock), how much later that was than it left, how long before them
nothing is known of (a message was lost), and their octets on the link."""


class Told(NamedTuple):
    """`packets` were told of, `lost` of them as lost; `sent_at` is when the last of them left, `lost_sent` when the last lost one did."""

    packets: int = 0
    lost: int = 0
    sent_at: float = float("-inf")
    lost_sent: float = float("-inf")
    bursts: tuple[Burst, ...] = ()


NOTHING = Told()


@dataclass(slots=True)
class Digest:
    """Of one connection (in C: `media/calls/native/digest.c`)."""

    _packets: int = 0
    _lost: int = 0
    _sent_at: float = float("-inf")
    _lost_sent: float = float("-inf")
    _bursts: list[Burst] = field(default_factory=list)
    _highest: int = -1
    """The highest number of a packet that was told of."""
    _told_arrival: float = float("-inf")
    _began: float = float("-inf")
    """When the first packet of the open burst left."""
    _last: float | None = None
    _delay: float = 0.0
    _octets: int = 0
    _unknown: float = 0.0
    _untold: bool = False
    _delay_taken: float | None = None
    """`_delay` when it was taken last."""

    @property
    def uneasy(self) -> bool:
        """Something was lost, or came much later than what was told of last time."""
        return self._lost > 0 or (self._last is not None and self._delay_taken is not None and self._delay - self._delay_taken > UNEASY_S)

    def add(self, results: Iterable[Result]) -> None:
        """What one message told."""
        for sequence, sent_at, size, arrived in results:
            # Packets that no message tells of: the message was lost, on the other way.
            self._untold |= sequence > self._highest + 1 and self._highest >= 0
            self._highest, self._sent_at = max(self._highest, sequence), max(self._sent_at, sent_at)
            self._packets += 1
            if arrived is None:
                self._lost, self._lost_sent = self._lost + 1, max(self._lost_sent, sent_at)
                continue
            if sent_at - self._began > BURST_S or self._untold:
                self._end_burst()
                self._began, self._octets, self._unknown = sent_at, 0, 0.0
            if self._untold:
                self._unknown, self._untold = max(0.0, arrived - self._told_arrival), False
            self._last, self._delay, self._told_arrival = arrived, arrived - sent_at, arrived
            self._octets += size + HEADERS

    def take(self) -> Told:
        """What was told since the last time."""
        self._end_burst()
        self._delay_taken = self._delay_taken if self._last is None else self._delay
        told = Told(self._packets, self._lost, self._sent_at, self._lost_sent, tuple(self._bursts))
        self._packets = self._lost = 0
        self._sent_at = self._lost_sent = self._began = float("-inf")
        self._bursts, self._last, self._untold = [], None, False
        return told

    def _end_burst(self) -> None:
        if self._last is not None and len(self._bursts) < MOST_BURSTS:
            self._bursts.append((self._last, self._delay, self._unknown, self._octets))
