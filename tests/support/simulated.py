"""The simulated platform as most tests start it: a process of its own each time, forked from one that has imported it already."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from multiprocessing.connection import Connection
from pathlib import Path

from tests.support.fork_server import forked_from

START_S = 30
"""Longer than a busy machine takes."""
_forking = forked_from("tests.support.platform_loaded")


@contextlib.asynccontextmanager
async def simulated_platform(folder: Path, listening: socket.socket) -> AsyncIterator[None]:
    """A simulator with the settings in ``folder`` that takes requests on ``listening`` until the block ends.

    ``listening`` is the simulator's from now on and closed here."""
    ready, tells = _forking.Pipe(duplex=False)
    process = _forking.Process(target=_simulate, args=(str(folder), listening, tells), daemon=True)
    await asyncio.to_thread(process.start)
    listening.close()
    tells.close()
    try:
        if not await asyncio.to_thread(ready.poll, START_S):
            raise AssertionError("the simulator did not start")
        yield
    finally:
        ready.close()
        # Nothing of it is looked at any more: its farewell would wait for connections that are open.
        process.kill()
        await asyncio.to_thread(process.join)


def _simulate(folder: str, listening: socket.socket, tells: Connection) -> None:
    """In the new process: `python -m bot.simulator` as its environment describes it."""
    from bot.simulator.__main__ import main

    os.environ.pop("HUIZHEN_PARENT", None)
    os.environ |= {"HUIZHEN_DATA_DIR": folder, "HUIZHEN_SOCKET_FD": str(listening.detach()), "HUIZHEN_READY_FD": str(tells.fileno())}
    sys.argv = ["bot.simulator"]
    raise SystemExit(main())
