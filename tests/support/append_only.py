"""Somebody else's server of restic repositories where one may add and never delete (Debian's rclone)."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


def is_installed() -> bool:
    return shutil.which("rclone") is not None


@contextlib.contextmanager
def append_only_server(folder: Path) -> Iterator[str]:
    """The address (http) under which the repositories in ``folder`` are served, each by its name. None may be called ``data``: rclone 1.60 takes
    that for a part of a repository."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["rclone", "serve", "restic", "--append-only", "--addr", f"127.0.0.1:{port}", "--config", "/dev/null", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_it_answers(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _until_it_answers(server: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise RuntimeError("rclone does not answer")
