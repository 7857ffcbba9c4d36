"""A still is sent slowly: all at once it would stand in front of the sound for seconds. Pure; time in seconds is passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LONGEST_CREDIT_S = 0.2
MOST_WAITING = 400
"""Packets; a whole picture of 480 lines has about 40."""


@dataclass(slots=True)
class Paced:
    """Takes packets as `media.calls.wire.Wire.send` does, and sends them on at `bits` a second when `release` is called. `copy` makes bytes of a
    payload that lies in memory used again at once."""

    send_on: Callable[[int, int, int, int, Any, int, float], None]
    copy: Callable[[Any, int], bytes]
    bits: int
    _waiting: deque[tuple[int, int, int, int, bytes]] = field(default_factory=deque)
    _credit: float = 0.0
    _released_at: float | None = None

    def send(self, second: int, sequence: int, timestamp: int, ssrc: int, payload: Any, size: int, now: float) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((second, sequence, timestamp, ssrc, self.copy(payload, size)))

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def release(self, now: float) -> None:
        """Send what may be sent by now; to be called some twenty times a second."""
        passed = 0.0 if self._released_at is None else min(LONGEST_CREDIT_S, max(0.0, now - self._released_at))
        self._released_at = now
        if not self._waiting:
            self._credit = 0.0
            return
        self._credit += passed * self.bits / 8
        while self._waiting and self._credit > 0:
            second, sequence, timestamp, ssrc, payload = self._waiting.popleft()
            self._credit -= len(payload)
            self.send_on(second, sequence, timestamp, ssrc, payload, len(payload), now)
