"""Which Janus a new room goes to. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

_FIRST_53_BITS = 1 << 53


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may take a room. `weight`: rooms that it carries well; `rooms`: how many it has."""

    name: str
    weight: float
    rooms: int


def choose(room: str, candidates: Iterable[Candidate]) -> str | None:
    """The node for `room`: a weighted rendezvous (highest −w/ln h, Schindelhauer & Schomaker 2005), the weight being what is still free of
    the node. The same room in the same circumstances goes to the same node, and a node that leaves moves only its own rooms. None without
    candidates."""
    best = max(candidates, key=lambda one: (_score(room, one), one.name), default=None)
    return None if best is None else best.name


def _score(room: str, one: Candidate) -> float:
    free = max(one.weight - one.rooms, one.weight / 1000)
    digest = hashlib.sha256(f"{one.name}\0{room}".encode()).digest()
    drawn = ((int.from_bytes(digest[:8], "big") >> 11) + 0.5) / _FIRST_53_BITS
    return -free / math.log(drawn)
