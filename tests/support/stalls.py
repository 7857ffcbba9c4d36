"""Finds what holds an event loop up: every step that keeps it from the others for half a second of its own time, and where.

Its own time is the time on the clock without what any thread of the process waited for a processor (the one that holds the interpreter's lock may
not be the loop's): a busy machine is no stall of ours, a ``time.sleep`` is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STALL_S = 0.5
_LOOK_S = 0.1


@dataclass
class Stall:
    """``seconds`` without any other step of the loop; ``where``: the frames seen meanwhile, innermost last."""

    seconds: float
    where: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s in {' > '.join(self.where[-6:]) or 'an unknown place'}"


def _waited() -> dict[str, float]:
    """Seconds that each thread of this process has waited for a processor so far."""
    found = {}
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):  # a thread may end while it is looked at
            found[thread] = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[1]) / 1e9
    return found


class _Watch(threading.Thread):
    """Looks at the process now and then: what it waited for, and where the loop's thread is while one step lasts long."""

    def __init__(self, thread_id: int) -> None:
        super().__init__(daemon=True)
        self._thread_id = thread_id
        self._looks: deque[tuple[float, dict[str, float]]] = deque([(time.perf_counter(), _waited())], maxlen=600)
        self.begun: float | None = None
        self.seen: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(_LOOK_S):
            self._looks.append((time.perf_counter(), _waited()))
            begun = self.begun
            if begun is not None and time.perf_counter() - begun > STALL_S / 2:
                self.seen = _frames(sys._current_frames().get(self._thread_id))

    def waited_since(self, begun: float) -> float:
        """The longest that a thread has waited for a processor since ``begun``, and a look before."""
        before = next((waits for at, waits in reversed(self._looks) if at <= begun), self._looks[0][1])
        return max((waits - before.get(thread, 0.0) for thread, waits in _waited().items()), default=0.0)


def _frames(frame: Any) -> list[str]:
    names = []
    while frame is not None:
        names.append(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_code.co_name}")
        frame = frame.f_back
    return names[::-1]


@contextlib.contextmanager
def stalls() -> Iterator[list[Stall]]:
    """The stalls of the running loop's thread, found while the block lasts."""
    found: list[Stall] = []
    step = asyncio.Handle._run
    watch = _Watch(threading.get_ident())

    def watched(handle: asyncio.Handle) -> None:
        watch.begun = begun = time.perf_counter()
        try:
            step(handle)
        finally:
            seconds, watch.begun = time.perf_counter() - begun, None
            own = seconds - watch.waited_since(begun) if seconds >= STALL_S else 0.0
            if own >= STALL_S:
                found.append(Stall(own, watch.seen))
            watch.seen = []

    watch.start()
    asyncio.Handle._run = watched  # type: ignore[method-assign]
    try:
        yield found
    finally:
        asyncio.Handle._run = step  # type: ignore[method-assign]
        watch.over.set()
        watch.join()
