"""What is sent slowly: a still, which all at once would stand in front of the sound for seconds, and what may be sent besides. Pure; time in
seconds is passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LONGEST_CREDIT_S = 0.2
LARGEST_PACKET = 1228
"""Octets. So many more are saved up: at the lowest rates a packet is more than `LONGEST_CREDIT_S` allow."""
MOST_WAITING = 400
"""Packets; a whole picture of 480 lines has about 40."""


@dataclass(slots=True)
class Credit:
    """How many octets may be sent by now at `bits` a second; what is not used within `LONGEST_CREDIT_S` is not saved up."""

    bits: float
    octets: float = 0.0
    _grown_at: float | None = None

    def grow(self, now: float) -> None:
        passed = 0.0 if self._grown_at is None else min(LONGEST_CREDIT_S, max(0.0, now - self._grown_at))
        self._grown_at = now
        self.octets = min(self.octets + passed * self.bits / 8, LONGEST_CREDIT_S * self.bits / 8 + LARGEST_PACKET)


@dataclass(slots=True)
class Paced:
    """Takes packets as `media.calls.wire.Wire.send` does, and sends them on at `bits` a second when `release` is called. `copy` makes bytes of a
    payload that lies in memory used again at once."""

    send_on: Callable[[int, int, int, int, Any, int, float], None]
    copy: Callable[[Any, int], bytes]
    credit: Credit
    _waiting: deque[tuple[int, int, int, int, bytes]] = field(default_factory=deque)

    def send(self, second: int, sequence: int, timestamp: int, ssrc: int, payload: Any, size: int, now: float) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((second, sequence, timestamp, ssrc, self.copy(payload, size)))

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def release(self, now: float) -> None:
        """Send what may be sent by now; to be called some twenty times a second."""
        self.credit.grow(now)
        if not self._waiting:
            self.credit.octets = 0.0
            return
        while self._waiting and self.credit.octets > 0:
            second, sequence, timestamp, ssrc, payload = self._waiting.popleft()
            self.credit.octets -= len(payload)
            self.send_on(second, sequence, timestamp, ssrc, payload, len(payload), now)
