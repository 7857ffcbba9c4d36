"""Captions: what is being said, in writing, to who cannot hear it well.

A recogniser may be connected here; without one, nothing is shown but what a person in the call types along. Captions are shown and never kept: what
belongs to the record is written into the call (core/calls/talking.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from core.calls.moderation import acts_of


@dataclass(frozen=True, slots=True)
class Caption:
    seat: str
    text: str


class Recogniser(Protocol):
    """Writes down what is said in a room. It gets the sound on its own (an engine's `Recorder`); here it only hands over what it understood."""

    def follow(self, room: str) -> AsyncIterator[Caption]:
        """Captions of the room as they come, until nobody asks any more. What cannot be understood is left out, never guessed."""
        ...


_CONNECTED: list[Recogniser | None] = [None]


def connect_recogniser(recogniser: Recogniser | None) -> None:
    """The composition names one (None: none is there)."""
    _CONNECTED[0] = recogniser


def recogniser() -> Recogniser | None:
    return _CONNECTED[0]


def may_type(seat: str) -> bool:
    """Whether the person of this seat may type captions along."""
    return "caption" in acts_of(seat, None)
