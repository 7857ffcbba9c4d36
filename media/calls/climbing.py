"""Down at once, up one step at a time and the slower the more often it went wrong: what keeps a call from flapping, and links from being tried
too often. Pure; time in seconds."""

from __future__ import annotations

from dataclasses import dataclass

UP_S = 1.0
"""How long the next step up must have been possible without a break."""
LONGEST_UP_S = 16.0
LONGEST_PROOF_S = 5.0
"""So much later at most is it noticed that a link has become better."""
SHORT_STAY_S = 10.0
"""Who falls from a step that he took less than so long ago waits twice as long before he takes it again."""
FORGIVEN_S = 30.0
"""Without a fall for so long, the waiting is back at `UP_S`."""


@dataclass(slots=True)
class Climb:
    """`at` is the step now. A higher number is better."""

    at: int
    wait_s: float = UP_S
    longest_s: float = LONGEST_UP_S
    changes: int = 0
    _possible_since: float | None = None
    _climbed_at: float = float("-inf")
    _fell_at: float = float("-inf")

    def to(self, possible: int, now: float) -> int:
        """The step from now on, where `possible` is the highest that the link bears now."""
        if possible < self.at:
            self._fall(possible, now)
        elif possible == self.at:
            self._possible_since = None
        elif self._possible_since is None:
            self._possible_since = now
        elif now - self._possible_since >= self._wait(now):
            self.at, self._possible_since, self._climbed_at = self.at + 1, now, now
            self.changes += 1
        return self.at

    def resume(self, at: int) -> None:
        """The link was away and is back: what it bears again needs no proof by waiting. Never lower than now."""
        if at > self.at:
            self.at, self._possible_since = at, None
            self.changes += 1

    def _fall(self, to: int, now: float) -> None:
        if now - self._climbed_at < SHORT_STAY_S:
            self.wait_s = min(self.longest_s, self.wait_s * 2)
        self.at, self._possible_since, self._fell_at = to, None, now
        self.changes += 1

    def _wait(self, now: float) -> float:
        if now - self._fell_at > max(FORGIVEN_S, 2 * self.wait_s):
            self.wait_s = UP_S
        return self.wait_s


@dataclass(slots=True)
class Proof:
    """When padding may be sent: not for a while after the link was full, and ever longer after padding itself has filled it."""

    padding: bool = False
    wait_s: float = UP_S
    _falls: int = 0
    _fell_at: float = float("-inf")

    def may(self, falls: int, now: float) -> bool:
        """`falls`: how often the link has been full so far."""
        if falls > self._falls:
            self.wait_s = min(LONGEST_PROOF_S, self.wait_s * 2) if self.padding else self.wait_s
            self._falls, self._fell_at = falls, now
        elif now - self._fell_at > max(FORGIVEN_S, 2 * self.wait_s):
            self.wait_s = UP_S
        return now - self._fell_at >= self.wait_s
