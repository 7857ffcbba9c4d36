"""When an entry can have come into the tree: not long before the head that was signed before it. Pure.

A head is signed only while nothing waits that is older than :data:`WAITING`, and an order writes its entry within :data:`LONGEST`: so what comes
in behind a head and says that it is older than that was put there later, and what says that it is younger than the head over it was written in
advance. Whoever writes an entry of the present moment is not found by this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from core.foundation.audit.heads import SignedHead
from core.foundation.ids import lowest_id

WAITING = timedelta(minutes=1)
LONGEST = timedelta(minutes=10)
"""The longest order with all its tries takes two minutes; the rest is for clocks of several machines that do not agree."""
_LAST = 253_000_000_000_000
"""Milliseconds: the end of the calendar, for heads whose signer wrote anything."""


class Bounds:
    """The earliest and the latest time that an entry at each place of the tree may say: by the latest of the heads before it, and by the first head
    over it. Asked with growing places.

    ``set_back``: sizes of heads that say an earlier time than the one before them, by more than :data:`LONGEST`. ``first``: the earliest time of all.
    """

    def __init__(self, heads: Iterable[SignedHead]) -> None:
        by_size: dict[int, int] = {}
        for head in heads:
            by_size[head.tree_size] = max(by_size.get(head.tree_size, 0), min(head.at, _LAST))
        self._left = deque(sorted(by_size.items()))
        self.set_back = [two[0] for one, two in pairwise(self._left) if two[1] < one[1] - LONGEST / timedelta(milliseconds=1)]
        self.first: int | None = min(by_size.values(), default=None)
        self._at = 0
        self._since = _Limit(0)
        self._until = self._next()

    def too_early(self, index: int, entry_id: str, at: Any, real_at: Any) -> bool:
        """Whether the entry at leaf ``index`` says by its id or its times (as read from the row) that it is older than it can be."""
        while self._left and self._left[0][0] <= index:
            self._move(self._left.popleft()[1])
        limit = self._since
        return entry_id < limit.id or limit.is_before(real_at, other=True) or limit.is_before(at, other=True)

    def too_late(self, entry_id: str, real_at: Any) -> bool:
        """Whether the entry last asked for says that it was made after the head over it. Domain time may run ahead (the demonstration's does)."""
        limit = self._until
        return limit is not None and (entry_id > limit.id or limit.is_after(real_at))

    def _move(self, at: int) -> None:
        if at > self._at:
            self._at = at
            self._since = _Limit(at - LONGEST // timedelta(milliseconds=1))
        self._until = self._next()

    def _next(self) -> _Limit | None:
        return _Limit(self._left[0][1] + LONGEST // timedelta(milliseconds=1)) if self._left else None


class _Limit:
    """One moment (milliseconds since 1970, none before it) as ids and rows have it, because a million of them are compared."""

    def __init__(self, at: int) -> None:
        self.moment = datetime.fromtimestamp(max(0, at) / 1000, UTC)
        self.id = lowest_id(self.moment)
        self._text = self.moment.isoformat(" ", timespec="microseconds")

    def is_before(self, moment: Any, *, other: bool) -> bool:
        """Whether ``moment`` lies before this one; ``other`` for what is no time."""
        if isinstance(moment, str) and len(moment) == 32 and moment.endswith("+00:00"):
            return moment < self._text
        read = _read(moment)
        return other if read is None else read < self.moment

    def is_after(self, moment: Any) -> bool:
        return not self.is_before(moment, other=True)


def _read(moment: Any) -> datetime | None:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if not isinstance(moment, datetime):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
