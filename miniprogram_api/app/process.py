"""What a supervised process is, and the child's side of the bargain: its inherited socket and its word that it serves."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

READY_DESCRIPTOR = "HUIZHEN_READY_FD"
"""Environment variable: one end of a pipe; the child writes one byte into it when it serves and can be stopped by a signal."""

LISTEN_DESCRIPTOR = "HUIZHEN_SOCKET_FD"
"""Environment variable: the listening socket that the supervisor bound and the child inherited."""

PROCESS_NAME = "HUIZHEN_PROCESS"
"""Environment variable: the child's name in logs and in the process list, for instance `web-1`."""

Probe = Callable[[], Awaitable[bool]]
"""Asks a process from outside whether it serves."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One child: what to run, with what, and when it counts as up.

    `listen`: descriptor of a listening socket the child inherits. `probe`: asked until true; without one the child reports by
    `announce_ready`. `runs_once`: the child does its work and ends; a non-zero status stops the start. `announce`: what the operator reads
    when it begins. `tidy`: called when it has stopped for good. Times in seconds.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    listen: int | None = None
    probe: Probe | None = None
    runs_once: bool = False
    announce: str = ""
    tidy: Callable[[], None] | None = None
    start_limit: float = 60.0
    stop_grace: float = 8.0


def announce_ready() -> None:
    """Tell the supervisor that this process serves; without a supervisor nothing happens.

    To be called once signal handlers stand: a SIGTERM that comes before them is lost in a web process. What is loaded by then stays until the
    end: the collector of garbage need not walk through it again and again.
    """
    gc.collect()
    gc.freeze()
    descriptor = os.environ.pop(READY_DESCRIPTOR, "")
    if descriptor:
        os.write(int(descriptor), b"r")
        os.close(int(descriptor))


def inherited_socket() -> int | None:
    """Descriptor of the listening socket bound for this process, or None when it was started by hand."""
    descriptor = os.environ.get(LISTEN_DESCRIPTOR, "")
    return int(descriptor) if descriptor else None
