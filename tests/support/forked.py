"""Processes of their own for what only several processes can show, spoken with line by line: ``python -m <module>``, but forked from a process that
has imported the rooms already. That takes milliseconds where a new Python takes seconds of a busy machine.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import socket
import sys
from functools import partial
from typing import Self

from tests.support.fork_server import forked_from

_forking = forked_from("tests.support.rooms_loaded")


class Forked:
    """A running module: what it is told are the lines of its standard input, what is heard those of its standard output; with ``complaints``,
    those of its standard error too."""

    def __init__(self, module: str, *arguments: str, complaints: bool = False) -> None:
        ours, theirs = socket.socketpair()
        self._process = _forking.Process(target=_run, args=(module, arguments, theirs, complaints), daemon=True)
        self._process.start()
        theirs.close()
        self._socket, self._lines = ours, ours.makefile("rw", encoding="utf-8")

    @classmethod
    async def begin(cls, module: str, *arguments: str, complaints: bool = False) -> Self:
        return await asyncio.to_thread(partial(cls, module, *arguments, complaints=complaints))

    def tell(self, line: str) -> None:
        self._lines.write(f"{line}\n")
        self._lines.flush()

    async def hear(self) -> str:
        """The next line without its end; "" when the process has ended."""
        return (await asyncio.to_thread(self._lines.readline)).rstrip("\n")

    async def rest(self) -> str:
        """Everything that it still says, up to its end."""
        return await asyncio.to_thread(self._lines.read)

    async def kill(self) -> None:
        """As ``kill -9``."""
        self._process.kill()
        await self.end()

    async def end(self) -> int | None:
        """Say that nothing more comes, wait for the end; the exit status."""
        if self._process.is_alive():
            self._socket.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(self._process.join)
        self._lines.close()
        self._socket.close()
        return self._process.exitcode


def _run(module: str, arguments: tuple[str, ...], lines: socket.socket, complaints: bool) -> None:
    for stream in (0, 1, 2) if complaints else (0, 1):
        os.dup2(lines.fileno(), stream)
    lines.close()
    sys.stdin, sys.stdout = os.fdopen(0, "r", encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.stdout.flush()
