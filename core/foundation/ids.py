"""Identifiers: sortable ULIDs made before the insert (encryption binds to them), and short codes that people read aloud."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
"""A ULID of 26 characters."""


_DRAWN, _RANDOM = 64, (1 << 80) - 1
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_SHIFTS = tuple(range(120, -1, -10))


def _encode(value: int) -> str:
    """128 bits as 26 characters."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])


def lowest_id(moment: datetime) -> str:
    """The smallest ULID that can have been made at ``moment``: rows are found by their age through their key."""
    return _encode(int(moment.timestamp() * 1000) << 80)


def made_at(ulid: str) -> datetime:
    """When a ULID was made, to the millisecond, UTC. ValueError for what is none."""
    milliseconds = 0
    for character in ulid[:10]:
        milliseconds = 32 * milliseconds + ALPHABET.index(character)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


class Ids:
    """Makes ULIDs (48 bits of milliseconds, 80 random bits; strictly increasing within one process) and readable codes.

    ``now`` gives the real time: an id tells when a row was made, not what the demo's clock showed.
    """

    def __init__(self, now: Callable[[], datetime], rng: random.Random) -> None:
        self._now = now
        self._rng = rng
        self._last = 0
        self._drawn = 0
        self._left = 0
        self._lock = threading.Lock()

    def new(self) -> str:
        """A new ULID, greater than all earlier ones of this process."""
        with self._lock:
            if not self._left:  # for many at once: a question to the system's generator costs more than all the rest
                self._drawn, self._left = self._rng.getrandbits(80 * _DRAWN), _DRAWN
            value = (int(self._now().timestamp() * 1000) << 80) | (self._drawn & _RANDOM)
            self._drawn, self._left = self._drawn >> 80, self._left - 1
            if value <= self._last:
                value = self._last + 1
            self._last = value
            return _encode(value)

    def code(self, prefix: str, length: int = 4) -> str:
        """A code such as ``C-7K2M``. Not unique by itself: the column is, and the caller tries again on a clash."""
        return f"{prefix}-{''.join(self._rng.choice(ALPHABET) for _ in range(length))}"

    def token(self, length: int = 43) -> str:
        """A bearer secret of ``length`` base-32 characters (5 bits each)."""
        return "".join(self._rng.choice(ALPHABET) for _ in range(length))
