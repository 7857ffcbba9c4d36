"""What a child prints: everything into its own rotating log file, only warnings in front of the operator, and those in Chinese."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

MAX_BYTES = 5_000_000
KEPT_FILES = 4
LONGEST_LINE = 64_000
LAST_LINES = 12
SAY_AGAIN_AFTER = 30.0
"""Seconds until the same warning is shown to the operator again; the log has every one."""

Say = Callable[[str], None]
"""Shows one line to the operator."""


class RotatingLog:
    """A log file of at most `max_bytes`; when full it becomes `<name>.1`, the oldest of `kept` files goes. Owner-readable only."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT_FILES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._open()

    def write(self, line: bytes) -> None:
        """Append one line; raises OSError when the disk is full or the file cannot be written."""
        if self._size + len(line) + 1 > self._max_bytes and self._size:
            self._turn()
        self._size += os.write(self._descriptor, line + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _turn(self) -> None:
        os.close(self._descriptor)
        for number in range(self._kept - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._open()


class ChildOutput(asyncio.Protocol):
    """The reading end of one child's output: splits lines, files them, shows warnings, remembers the last lines for an error report."""

    def __init__(self, name: str, log: RotatingLog, say: Say) -> None:
        self._name = name
        self._log = log
        self._say = say
        self._rest = b""
        self._complained = False
        self._said: dict[str, float] = {}
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self.closed = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > LONGEST_LINE:
            self._take(self._rest)
            self._rest = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        if not self.closed.done():
            self.closed.set_result(None)

    def _take(self, line: bytes) -> None:
        text = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
        self.last.append(text)
        try:
            self._log.write(line[:LONGEST_LINE])
        except OSError as error:
            # A full disk must not end the practice; the operator is told once.
            if not self._complained:
                self._complained = True
                self._say(f"! 日志写不下去({error.strerror}):请检查磁盘空间")
        warning = warning_in(text)
        if warning and self._is_news(shown := for_operator(warning, self._name)):
            self._say(f"! {called(self._name)}:{shown}")

    def _is_news(self, warning: str) -> bool:
        now = asyncio.get_running_loop().time()
        self._said = {said: at for said, at in self._said.items() if now - at < SAY_AGAIN_AFTER}
        if warning in self._said:
            return False
        self._said[warning] = now
        return True


_CALLED = {
    "redis": "Redis", "migrate": "准备数据库", "seed": "准备演示数据", "simulator": "模拟微信", "rules": "检查临床规则", "worker": "后台进程",
    "ticker": "定时进程", "media": "音视频进程", "web": "网页服务",
}  # fmt: skip
_CHINESE = re.compile("[\u4e00-\u9fff]")


def called(name: str) -> str:
    """A process as the operator knows it: web-2 is 网页服务 2."""
    kind, _, number = name.partition("-")
    return f"{_CALLED[kind]} {number}".strip() if kind in _CALLED else name


def for_operator(warning: str, name: str) -> str:
    """``warning`` where it is written for a person; else where a technician finds it."""
    return warning if _CHINESE.search(warning) else f"有一条警告,原文在日志 {name}.log 里,交给懂技术的人看"


def warning_in(line: str) -> str:
    """The sentence of a structured log line of level warning or worse, else an empty string."""
    if not line.startswith("{"):
        return ""
    try:
        record = json.loads(line)
        level = logging.getLevelNamesMapping().get(str(record["level"]).upper(), logging.NOTSET)
        return str(record["message"]) if level >= logging.WARNING else ""
    except (ValueError, KeyError, TypeError):
        return ""
