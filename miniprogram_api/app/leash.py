"""Binds a child to the life of its supervisor, then becomes the child.

Run as a script in front of every supervised command: it asks the kernel to kill the process when the supervisor dies, however that
happens, checks that the supervisor was not gone already, and becomes the command. `exec` keeps the request, so that it also holds for
redis-server. SIGKILL and not SIGTERM, because a web process loses a SIGTERM of its first milliseconds and everything kept survives a kill.
Little is imported here: this runs before every child.
"""

import ctypes
import os
import signal
import sys

PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def leashed(argv: tuple[str, ...]) -> list[str]:
    """The command line that runs `argv` bound to the life of this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *argv]


def bind_to_parent(parent: int) -> None:
    """Die with process `parent`, from now on and across `exec`; leaves at once if it is already gone."""
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


if __name__ == "__main__":
    bind_to_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the supervisor's own command, no shell
