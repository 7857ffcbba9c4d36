"""Running the system's programs: found or named with their package, without our settings in their environment, ended when we end."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from miniprogram_api.app.leash import leashed
from miniprogram_api.backups.failures import ProgramMissing

LONGEST_LINE = 1 << 20
"""Bytes. A line of restic's listing is short; one with a file name of any length still fits."""
_PIECE = 1 << 18
_KEPT = 200
"""Lines of a program's complaints that are kept."""

PACKAGES = {
    "restic": "restic", "mariadb-dump": "mariadb-client", "mariadb": "mariadb-client", "mariadb-binlog": "mariadb-client",
    "mariadbd": "mariadb-server-core", "mariadb-install-db": "mariadb-server-core",
}  # fmt: skip
_BEYOND_PATH = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian keeps servers, which is not on everybody's PATH."""


def find(program: str) -> str:
    """Where the program is; ProgramMissing with the package it comes in."""
    found = shutil.which(program) or shutil.which(program, path=":".join(_BEYOND_PATH))
    if found is None:
        raise ProgramMissing(program, PACKAGES[program])
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its status, and what it complained of, the last lines."""

    status: int
    complaints: str


async def run(
    argv: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None, source: Path | None = None,
    target: Path | None = None, heard: Callable[[bytes], None] | None = None, by_lines: bool = True,
) -> Ended:
    """Run a program to its end. ``source`` is its input; its output goes into the new file ``target`` (owner-readable), or line by line (or in
    pieces of any size) to ``heard``.

    Our own settings do not reach it: they may hold the master keys.
    """  # fmt: skip
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}
    given = os.open(source or os.devnull, os.O_RDONLY)
    written = asyncio.subprocess.PIPE if target is None else os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = await asyncio.create_subprocess_exec(
            *leashed((find(argv[0]), *argv[1:])), stdin=given, stdout=written, stderr=asyncio.subprocess.PIPE, cwd=folder,
            env={**own, **(environment or {})}, limit=LONGEST_LINE,
        )  # fmt: skip
    finally:
        os.close(given)
        if target is not None:
            os.close(written)
    complaints: list[str] = []

    async def listen() -> None:
        if process.stdout is not None:
            async for part in _lines(process.stdout) if by_lines else _pieces(process.stdout):
                if heard is not None:
                    heard(part)

    async def complain() -> None:
        if process.stderr is not None:
            async for line in _lines(process.stderr):
                complaints.append(line.decode("utf-8", "replace").rstrip())
                del complaints[:-_KEPT]

    try:
        await asyncio.gather(listen(), complain())
        return Ended(await process.wait(), "\n".join(complaints))
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while line := await stream.readline():
        yield line


async def _pieces(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await stream.read(_PIECE):
        yield piece
