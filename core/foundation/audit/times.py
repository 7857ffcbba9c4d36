"""When an entry can have come into the tree: not long before the head that was signed before it. Pure.

A head is signed only while nothing waits that is older than :data:`WAITING`, and an order writes its entry within :data:`LONGEST`: so what comes
in behind a head and says that it is older than that was put there later. Whoever writes an entry of the present moment is not found by this.
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
    """The earliest time that an entry at each place of the tree may say, by the latest of the heads before it. Asked with growing places.

    ``set_back``: sizes of heads that say an earlier time than the one before them, by more than :data:`LONGEST`.
    """

    def __init__(self, heads: Iterable[SignedHead]) -> None:
        by_size: dict[int, int] = {}
        for head in heads:
            by_size[head.tree_size] = max(by_size.get(head.tree_size, 0), min(head.at, _LAST))
        self._left = deque(sorted(by_size.items()))
        self.set_back = [two[0] for one, two in pairwise(self._left) if two[1] < one[1] - LONGEST / timedelta(milliseconds=1)]
        self.first: int | None = min(by_size.values(), default=None)
        self._at = 0
        self._id, self._text, self._moment = "", "", datetime.min.replace(tzinfo=UTC)

    def too_early(self, index: int, entry_id: str, at: Any, real_at: Any) -> bool:
        """Whether the entry at leaf ``index`` says by its id or its times (as read from the row) that it is older than it can be."""
        while self._left and self._left[0][0] <= index:
            self._move(self._left.popleft()[1])
        return entry_id < self._id or self._before(real_at) or self._before(at)

    def _move(self, at: int) -> None:
        if at <= self._at:
            return
        self._at = at
        self._moment = datetime.fromtimestamp(at / 1000, UTC) - LONGEST
        self._id = lowest_id(self._moment) if self._moment.timestamp() > 0 else ""
        self._text = self._moment.isoformat(" ", timespec="microseconds")

    def _before(self, moment: Any) -> bool:
        if isinstance(moment, str):
            if len(moment) == 32 and moment.endswith("+00:00"):
                return moment < self._text
            try:
                moment = datetime.fromisoformat(moment)
            except ValueError:
                return True
        if not isinstance(moment, datetime):
            return True
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment) < self._moment
