"""Session descriptions that are spoilt, and what a process holds before and after it was given them."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Sequence

from tests.media.calls.churn import left
from tests.media.calls.clients import until

MOST_GROWN = 8 * 2**20
"""Bytes; what fills meanwhile is there already when the first look is taken."""


def broken(rng: random.Random, lines: Sequence[str]) -> str:
    """Up to four lines left out, cut short, doubled somewhere else or changed letter by letter."""
    spoilt = list(lines)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(spoilt))
        action = rng.randrange(4)
        if action == 0:
            del spoilt[at]
        elif action == 1:
            spoilt[at] = spoilt[at][: rng.randrange(len(spoilt[at]) + 1)]
        elif action == 2:
            spoilt.insert(at, spoilt[rng.randrange(len(spoilt))])
        else:
            spoilt[at] = "".join(rng.choice((letter, letter, letter, "0", " ", ":")) for letter in spoilt[at])
    return "\r\n".join(spoilt)


def _held() -> dict[str, int]:
    """A loop's own pool fills up to its size by and by: it is no leak."""
    return left() | {"threads": sum(not one.name.startswith("asyncio_") for one in threading.enumerate())}


class Held:
    """Taken once everything is warm; `check` says that nothing has grown since. Both in the loop whose tasks are counted."""

    def __init__(self) -> None:
        self._before = _held()

    def kept(self) -> bool:
        """Whether nothing has grown; for what ends a moment later."""
        try:
            self.check()
        except AssertionError:
            return False
        return True

    async def check_soon(self, within_s: float = 10) -> None:
        """A connection's or a session's own short tasks (aiortc hands on each packet in one) may be under way at the very moment of a look."""
        with contextlib.suppress(TimeoutError):
            await until(self.kept, within_s)
        self.check()

    def check(self) -> None:
        grown = {name: now - self._before[name] for name, now in _held().items()}
        assert grown.pop("bytes") <= MOST_GROWN
        assert all(count <= 0 for count in grown.values()), grown
