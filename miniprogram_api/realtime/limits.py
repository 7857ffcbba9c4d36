"""How much one socket may say. Pure; time in seconds is passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """`rate` messages a second on average, `burst` at once."""

    rate: float
    burst: float
    now: float
    _left: float = -1.0

    def take(self, now: float) -> bool:
        """True while there is something left."""
        left = self.burst if self._left < 0 else min(self.burst, self._left + (now - self.now) * self.rate)
        self.now = now
        self._left = max(0.0, left - 1)
        return left >= 1
