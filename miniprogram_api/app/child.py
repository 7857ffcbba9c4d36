"""One supervised child: started on a leash, watched, started again with growing pauses when it dies, stopped with its whole group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from miniprogram_api.app.leash import leashed
from miniprogram_api.app.output import ChildOutput, RotatingLog, Say, called
from miniprogram_api.app.process import LISTEN_DESCRIPTOR, PROCESS_NAME, READY_DESCRIPTOR, ProcessSpec

FIRST_PAUSE = 0.4
LONGEST_PAUSE = 10.0
STEADY_AFTER = 10.0
TRIES_AT_START = 4
UNREADY_GRACE = 1.0
PROBE_EVERY = 0.02


class StartFailed(Exception):
    """A child did not come up; `report` is its last output."""

    def __init__(self, name: str, reason: str, report: tuple[str, ...]) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason
        self.report = report


class Child:
    """Keeps one `ProcessSpec` alive from `start` to `stop`. `pid` is None while none runs; `changed` is called whenever that changes."""

    def __init__(self, spec: ProcessSpec, log_file: Path, say: Say, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.pid: int | None = None
        self.restarts = 0
        self.serving = False
        self._log = RotatingLog(log_file)
        self._say = say
        self._changed = changed
        self._stop_asked = asyncio.Event()
        self._kill_asked = asyncio.Event()
        self._first_outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when the child serves (or, if it runs once, has done its work); raises StartFailed."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.spec.name}")
        await asyncio.shield(self._first_outcome)

    async def stop(self) -> None:
        """SIGTERM, the spec's grace, then SIGKILL of its group. Returns when nothing of it runs. May be called at any moment, and again."""
        self._stop_asked.set()
        if self._keeper is not None:
            await asyncio.shield(self._keeper)

    def kill(self) -> None:
        """Cut short any grace: the operator asked twice."""
        self._stop_asked.set()
        self._kill_asked.set()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        tries = 0
        try:
            while not self._stop_asked.is_set():
                began = time.monotonic()
                tries += 1
                try:
                    status, report = await self._live()
                except OSError as error:  # no process, no descriptor to be had: as if the child had died
                    status, report = None, (f"{error.strerror}",)
                if self._stop_asked.is_set():
                    return
                if self.spec.runs_once and status == 0:
                    return
                if not self._first_outcome.done() and (self.spec.runs_once or tries >= TRIES_AT_START):
                    reason = "没有在限定时间内就绪" if status is None else _describe(status)
                    self._first_outcome.set_exception(StartFailed(self.spec.name, reason, report))
                    return
                if time.monotonic() - began >= STEADY_AFTER:
                    pause = FIRST_PAUSE
                self._say(f"! {called(self.spec.name)} {_describe(status)},{pause:.1f} 秒后重新启动")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop_asked.wait(), pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                self.restarts += 1
        finally:
            self._log.close()
            if self.spec.tidy is not None:
                self.spec.tidy()
            if not self._first_outcome.done():
                self._first_outcome.set_result(None)

    async def _live(self) -> tuple[int | None, tuple[str, ...]]:
        """One life of the process: its exit status (None: it never got ready and was ended) and its last output."""
        process, output, ready_pipe = await self._spawn()
        self.pid = process.pid
        self._changed()
        exited = asyncio.create_task(process.wait())
        ended_by_us = False
        try:
            ready = asyncio.create_task(self._wait_ready(ready_pipe))
            stop = asyncio.create_task(self._stop_asked.wait())
            limit = None if self.spec.runs_once else self.spec.start_limit
            await asyncio.wait({exited, ready, stop}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and not ready.cancelled() and ready.result():
                self.serving = True
                self._changed()
                if not self._first_outcome.done():
                    self._first_outcome.set_result(None)
                await asyncio.wait({exited, stop}, return_when=asyncio.FIRST_COMPLETED)
            elif ready.done() and not exited.done() and not stop.done():
                # End of file on the ready pipe without the byte: about to exit, or it closed what it did not know.
                await asyncio.wait({exited, stop}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            stop.cancel()
            if not exited.done():
                ended_by_us = True
                await self._end(process, exited)
        finally:
            _signal_group(process.pid, signal.SIGKILL)  # what the child itself started and left behind
            self.pid = None
            self.serving = False
            self._changed()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(output.closed), 1.0)
        return (None if ended_by_us else exited.result()), tuple(output.last)

    async def _end(self, process: asyncio.subprocess.Process, exited: asyncio.Task[int]) -> None:
        _signal_group(process.pid, signal.SIGTERM)
        grace = self.spec.stop_grace if self.serving or self.spec.runs_once else UNREADY_GRACE
        killed = asyncio.create_task(self._kill_asked.wait())
        await asyncio.wait({exited, killed}, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        killed.cancel()
        if not exited.done():
            _signal_group(process.pid, signal.SIGKILL)
            await exited

    async def _spawn(self) -> tuple[asyncio.subprocess.Process, ChildOutput, int]:
        loop = asyncio.get_running_loop()
        output_read, output_write = os.pipe()
        ready_read, ready_write = os.pipe()
        environment = {**os.environ, **self.spec.environment, PROCESS_NAME: self.spec.name}
        passed = []
        if self.spec.probe is None and not self.spec.runs_once:
            environment[READY_DESCRIPTOR] = str(ready_write)
            passed.append(ready_write)
        if self.spec.listen is not None:
            environment[LISTEN_DESCRIPTOR] = str(self.spec.listen)
            passed.append(self.spec.listen)
        try:
            process = await asyncio.create_subprocess_exec(
                *leashed(self.spec.argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output_write,
                stderr=output_write,
                pass_fds=passed,
                start_new_session=True,
                env=environment,
            )
        except BaseException:
            os.close(output_read)
            os.close(ready_read)
            raise
        finally:
            os.close(output_write)
            os.close(ready_write)
        _, output = await loop.connect_read_pipe(
            lambda: ChildOutput(self.spec.name, self._log, self._say), os.fdopen(output_read, "rb", buffering=0)
        )
        return process, output, ready_read

    async def _wait_ready(self, pipe: int) -> bool:
        """True when the child serves; False when it closed the pipe without a word. A child that runs once is never ready, only done."""
        try:
            if self.spec.runs_once:
                never: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
                return await never
            if self.spec.probe is not None:
                while not await self.spec.probe():  # noqa: ASYNC110 - what is asked is another process, it sets no event
                    await asyncio.sleep(PROBE_EVERY)
                return True
            return await _readable(pipe)
        finally:
            os.close(pipe)


async def _readable(pipe: int) -> bool:
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(pipe, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(pipe)
    return os.read(pipe, 1) != b""


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _describe(status: int | None) -> str:
    if status is None:
        return "没有就绪"
    if status < 0:
        return f"被信号 {signal.Signals(-status).name} 结束"
    return f"意外退出(状态 {status})"
