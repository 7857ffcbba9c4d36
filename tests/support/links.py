"""A link as a phone has it, in one direction: how fast, how late, what gets lost. Pure; times are seconds that the caller passes in, so that the same
link carries real packets (tests/support/shaper.py) and simulated ones alike.

A direction's life is a script: phases `(at, Link)`, `at` in seconds from the script's beginning.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

HEADERS = 28
"""Bytes of IPv4 and UDP that travel with every packet."""


@dataclass(frozen=True, slots=True)
class Link:
    """`rate_bps` bits a second (None: no limit; 0: nothing passes), `delay_s` one way, `queue_s` how long a packet may wait for those before it
    (longer: it is dropped), `loss` share of packets lost on the way, `burst` how many are lost in a row on average (1: each by itself)."""

    rate_bps: float | None = None
    delay_s: float = 0.0
    queue_s: float = 0.3
    loss: float = 0.0
    burst: float = 1.0


OPEN = Link()
DOWN = Link(rate_bps=0)
Phases = Sequence[tuple[float, Link]]


class Pipe:
    """One direction. The same seed, script and packets give the same fates."""

    def __init__(self, seed: int, phases: Phases = ((0.0, OPEN),)) -> None:
        self._chance = random.Random(seed)
        self._losing = False
        self._busy_until = 0.0
        self._last_out = 0.0
        self._began = 0.0
        self._phases = tuple(phases)
        self.passed = 0
        self.dropped = 0

    def follow(self, phases: Phases, now: float) -> None:
        """From `now` on this script; what is on its way stays on its way."""
        self._phases, self._began = tuple(phases), now

    def link(self, now: float) -> Link:
        """The link as it is at `now`; before the first phase it is open."""
        current = OPEN
        for at, link in self._phases:
            if now - self._began >= at:
                current = link
        return current

    def offer(self, now: float, size: int) -> float | None:
        """When a packet of `size` bytes that is sent at `now` comes out, or None: it never does. Packets stay in order."""
        link = self.link(now)
        if link.rate_bps == 0 or self._lost(link):
            self.dropped += 1
            return None
        start = max(now, self._busy_until)
        if link.rate_bps is not None:
            if start - now > link.queue_s:
                self.dropped += 1
                return None
            self._busy_until = start + (size + HEADERS) * 8 / link.rate_bps
            start = self._busy_until
        self.passed += 1
        self._last_out = max(start + link.delay_s, self._last_out)
        return self._last_out

    def _lost(self, link: Link) -> bool:
        """Two states (Gilbert 1960): in the bad one everything is lost; `loss` and `burst` give how often it comes and how long it lasts."""
        if link.loss <= 0:
            return False
        if link.burst <= 1:
            return self._chance.random() < link.loss
        stays = 1 - 1 / link.burst
        comes = min(1.0, link.loss / (link.burst * (1 - link.loss))) if link.loss < 1 else 1.0
        self._losing = self._chance.random() < (stays if self._losing else comes)
        return self._losing
