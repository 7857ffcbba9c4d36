"""When somebody's link is told of: at once when it changes, then at most once a second, and not for every kilobit. Pure; time in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from media.calls.link_state import LinkState

PAUSE_S = 1.0
WORTH_TELLING = 0.15
"""A change of what is to be sent that is smaller than this is told together with the next thing."""


@dataclass(slots=True)
class Announcements:
    """Of one room."""

    _told: dict[tuple[str, str], tuple[LinkState | None, float]] = field(default_factory=dict)

    def due(self, states: Mapping[tuple[str, str], LinkState], now: float) -> dict[tuple[str, str], LinkState]:
        """What to tell now, by seat and member. Somebody new is told of everybody, so that he knows how all are."""
        if any(who not in self._told for who in states):
            self._told = dict.fromkeys(states, (None, float("-inf")))
        due = {}
        for who, state in states.items():
            before, at = self._told[who]
            if now - at >= PAUSE_S and (before is None or _differs(before, state)):
                due[who] = state
                self._told[who] = (state, now)
        for gone in [who for who in self._told if who not in states]:
            del self._told[gone]
        return due


def _differs(before: LinkState, state: LinkState) -> bool:
    told = (before.up, before.down, before.done, before.height, before.rate, before.sound_bits, before.send_bits > 0)
    if told != (state.up, state.down, state.done, state.height, state.rate, state.sound_bits, state.send_bits > 0):
        return True
    return abs(state.send_bits - before.send_bits) > WORTH_TELLING * before.send_bits
