"""A MariaDB server of Debian's packages, started from nothing in a folder of its own and stopped after."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = shutil.which("mariadbd") or "/usr/sbin/mariadbd"


def is_installed() -> bool:
    return Path(PROGRAM).exists() and shutil.which("mariadb-install-db") is not None


@dataclass(frozen=True)
class MariaDb:
    port: int
    socket_path: str
    command: tuple[str, ...] = ()
    log: str = "/dev/null"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start the server (again), on the same socket and port; returns when it answers."""
        with open(self.log, "ab") as log:
            self.processes.append(subprocess.Popen(self.command, stdout=log, stderr=log))
        for _ in range(600):
            if self.processes[-1].poll() is not None:
                raise RuntimeError(Path(self.log).read_text()[-2000:])
            with contextlib.suppress(subprocess.CalledProcessError):
                self.sql("SELECT 1")
                return
            time.sleep(0.1)
        raise RuntimeError("mariadbd does not answer")

    def kill(self) -> None:
        """As a power cut of the server: no farewell to anybody."""
        self.processes[-1].kill()
        self.processes[-1].wait()

    def url(self, schema: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{schema}?unix_socket={self.socket_path}"

    def sql(self, statement: str) -> str:
        return subprocess.run(
            ["mariadb", "--no-defaults", "-N", "-uroot", f"--socket={self.socket_path}", "-e", statement],
            check=True, capture_output=True, text=True,
        ).stdout

    def create_schema(self, schema: str) -> str:
        self.sql(f"DROP DATABASE IF EXISTS {schema}; CREATE DATABASE {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return self.url(schema)


@contextlib.contextmanager
def mariadb_server(*options: str) -> Iterator[MariaDb]:
    """A running server without a password, reachable on loopback and by its socket only."""
    folder = Path(tempfile.mkdtemp(prefix="hz-mariadb-", dir="/tmp"))
    data, socket_path = folder / "data", str(folder / "s")
    user = [f"--user={os.environ.get('USER') or 'root'}"] if os.getuid() == 0 else []
    # Servers with one tmpdir remove each other's temporary tables when they start.
    (tmpdir := folder / "tmp").mkdir()
    made = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", f"--tmpdir={tmpdir}",
         "--auth-root-authentication-method=normal", "--skip-test-db", *user],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode != 0:
        raise RuntimeError(f"mariadb-install-db ended with {made.returncode}:\n{(made.stdout + made.stderr)[-3000:]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (
        PROGRAM, "--no-defaults", f"--datadir={data}", f"--tmpdir={tmpdir}", f"--socket={socket_path}", f"--port={port}", "--bind-address=127.0.0.1",
        # A killed server finds what the system wrote for it; nobody cuts the power of a test.
        "--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--sync-frm=0", "--skip-innodb-doublewrite",
        "--max-connections=200", "--skip-name-resolve", *options, *user,
    )  # fmt: skip
    running = MariaDb(port, socket_path, command, str(folder / "log"))
    try:
        running.start()
        yield running
    finally:
        server = running.processes[-1]
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        if server.poll() is None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
