"""Locks that restic left in a repository when it was killed, and that its own ``unlock`` takes for a living one's.

restic asks whether the process is there. One that was killed and that nobody has waited for (under a process 1 that does not reap, as in many
containers) is still there, as a zombie, and its lock would keep everybody out for half an hour. Here it is asked whether the process lives.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ENDED = frozenset("ZXx")
"""States of proc_pid_stat(5): zombie, dead."""


def all_left(locks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there are locks, and each is of this machine and of a process that lives no more. What cannot be told lives."""
    return bool(locks) and all(_is_left(one) for one in locks)


def _is_left(lock: Mapping[str, Any]) -> bool:
    pid = lock.get("pid")
    return lock.get("hostname") == socket.gethostname() and isinstance(pid, int) and pid > 0 and not lives(pid)


def lives(pid: int) -> bool:
    """Whether a process ``pid`` of this machine is there and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's: it is looked at below
    try:
        # The name in brackets may hold anything, brackets too.
        state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in _ENDED
