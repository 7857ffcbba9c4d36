"""Runs the house's processes: started in order, kept alive, stopped in the opposite order, none left behind.

It holds the listening sockets, so that a process that dies and comes back loses no connection, and does nothing else: no database, no
Redis, no rule. Nothing here asks for a shell, and every signal that ends a terminal session ends the house in order.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Sequence

from miniprogram_api.app.child import Child, StartFailed
from miniprogram_api.app.data_folder import FolderLock, ProcessList, ProcessState, remove_process_list, write_process_list
from miniprogram_api.app.output import Say
from miniprogram_api.app.process import ProcessSpec

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BACKLOG = 1024

Stage = Sequence[ProcessSpec]
"""Processes that start and stop together."""


class PortTaken(Exception):
    """The address cannot be listened on; `taken` tells a port in use from one that is not allowed."""

    def __init__(self, host: str, port: int, taken: bool) -> None:
        super().__init__(host, port)
        self.host = host
        self.port = port
        self.taken = taken


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket, closed on exec unless handed on; port 0 picks a free one. Raises PortTaken."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise PortTaken(host, port, error.errno == errno.EADDRINUSE) from error
    return listening


class Supervisor:
    """One run over the data folder whose `lock` the caller holds. `say` shows a line to the operator; `url` goes into the process list."""

    def __init__(self, lock: FolderLock, say: Say, url: str = "") -> None:
        self._run_dir = lock.run_dir
        self._logs_dir = lock.data_dir / "logs"
        self._say = say
        self._url = url
        self._stages: list[list[Child]] = []
        self._asked = asyncio.Event()
        self._up = False

    async def run(self, stages: Sequence[Stage], welcome: str) -> int:
        """Start `stages` in order, say `welcome`, keep everything alive until a signal asks to stop; the exit status: 0, or 1 when the
        start failed (the reason has been said).
        """
        loop = asyncio.get_running_loop()
        heard = [number for number in STOP_SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
        for number in heard:
            loop.add_signal_handler(number, self._on_signal)
        try:
            self._logs_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            return await self._run(stages, welcome)
        finally:
            await self._stop()
            for number in heard:
                loop.remove_signal_handler(number)
            remove_process_list(self._run_dir)

    async def _run(self, stages: Sequence[Stage], welcome: str) -> int:
        for stage in stages:
            if self._asked.is_set():
                return 0
            try:
                await self._start(stage)
            except StartFailed as failure:
                if self._asked.is_set():
                    return 0
                self._explain(failure)
                return 1
        if not self._asked.is_set():
            self._up = True
            self._write_list()
            self._say(welcome)
            await self._asked.wait()
        return 0

    async def _start(self, stage: Stage) -> None:
        children = [Child(spec, self._logs_dir / f"{spec.name}.log", self._say, self._write_list) for spec in stage]
        self._stages.append(children)
        for child in children:
            if child.spec.announce:
                self._say(f"· {child.spec.announce}")
        starting = [asyncio.create_task(child.start()) for child in children]
        asked = asyncio.create_task(self._asked.wait())
        while not asked.done() and not all(start.done() for start in starting):
            await asyncio.wait({asked, *(start for start in starting if not start.done())}, return_when=asyncio.FIRST_COMPLETED)
            for start in starting:
                if start.done():
                    start.result()
        asked.cancel()
        # After a signal a child still starting is stopped with the others, which also ends its task.

    async def _stop(self) -> None:
        if self._stages and self._asked.is_set():
            self._say("· 正在停止…")
        for children in reversed(self._stages):
            await asyncio.gather(*(child.stop() for child in children))

    def _on_signal(self) -> None:
        if self._asked.is_set():
            for children in self._stages:
                for child in children:
                    child.kill()
        self._asked.set()

    def _write_list(self) -> None:
        states = [
            ProcessState(child.spec.name, child.pid, child.serving, child.restarts)
            for children in self._stages
            for child in children
            if not child.spec.runs_once
        ]
        write_process_list(self._run_dir, ProcessList(os.getpid(), self._url, self._up, tuple(states)))

    def _explain(self, failure: StartFailed) -> None:
        self._say(f"\n启动没有完成:{failure.name} {failure.reason}。它最后说的是:")
        for line in failure.report:
            self._say(f"    {line}")
        self._say(f"完整记录在 {self._logs_dir / (failure.name + '.log')}")
