"""A whole running demonstration: the real supervisor, real Redis, real databases, on a free port and in a data folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miniprogram_api.app.credentials import generate, write_private
from tests.support.log_watch import read_house

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 180.0


_FIRST_PORT, _LAST_PORT = 15_000, 32_000
"""Below the ports that a system hands out to outgoing connections: one of those could take a port while a house that was killed starts again."""


def free_port() -> int:
    while True:
        port = random.SystemRandom().randrange(_FIRST_PORT, _LAST_PORT)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Demo:
    """``process`` is the supervisor; ``processes()`` tells the children by name."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    base_url: str
    environment: dict[str, str]

    def listed(self) -> dict[str, Any]:
        try:
            listed: dict[str, Any] = json.loads((self.data_dir / "run" / "processes.json").read_text())
        except (FileNotFoundError, ValueError):
            return {"up": False, "processes": []}
        return listed

    def pid(self, name: str) -> int | None:
        """The process id of the child ``name``, None while it is down."""
        pids = [child["pid"] for child in self.listed()["processes"] if child["name"] == name]
        return pids[0] if pids else None

    def names(self) -> list[str]:
        return [child["name"] for child in self.listed()["processes"]]

    def kill(self, name: str) -> int | None:
        """kill -9 of one child; its process id, None when it was down already."""
        pid = self.pid(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    def left(self) -> list[str]:
        """Command lines of the processes of this demonstration that live, the supervisor's included."""
        mark = f"HUIZHEN_DATA_DIR={self.data_dir}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):  # it ended while we looked
                    dead = entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
                    # redis-server writes its title over its environment, but works in its folder.
                    ours = mark in entry.joinpath("environ").read_bytes().split(b"\0")
                    if not dead and (ours or entry.joinpath("cwd").readlink().is_relative_to(self.data_dir)):
                        found.append(entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def wait_serving(self, name: str, limit_s: float = 30.0, *, instead_of: int | None = None) -> None:
        """Wait until child ``name`` serves (as another process than ``instead_of``)."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            children = self.listed()["processes"]
            if any(child["name"] == name and child["serving"] and child["pid"] not in (None, instead_of) for child in children):
                return
            time.sleep(0.05)
        raise TimeoutError(f"{name} does not serve")

    def logs(self) -> str:
        """The end of every child's log, for the report of a failed test."""
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in sorted((self.data_dir / "logs").glob("*.log")))


def _grant_many_messages(data_dir: Path) -> None:
    """Before the first start: the simulated WeCom delivers more to one member than the real one, for whoever tells weeks in half a minute.
    The real pace is held to by tests/bot/channels/test_pace.py and tests/bot/simulator."""
    credentials = generate(secrets.token_bytes)
    credentials["wecom"]["app"]["messages_a_minute"] = 600
    write_private(data_dir / "secrets" / "channels.json", json.dumps(credentials))


@contextlib.contextmanager
def running(data_dir: Path, *, seed: int = 1, environment: dict[str, str] | None = None, port: int = 0, hurried: bool = False) -> Iterator[Demo]:
    """Start `huizhen demo` and stop it afterwards with SIGINT, as Ctrl-C does. ``port`` 0 takes a free one; ``hurried``: weeks are told in
    half a minute."""
    port = port or free_port()
    settings = {"HUIZHEN_PORT": str(port), "HUIZHEN_DATA_DIR": str(data_dir), "HUIZHEN_SEED": str(seed), "HUIZHEN_DEMO": "1", **(environment or {})}
    data_dir.mkdir(parents=True, exist_ok=True)
    if hurried:
        _grant_many_messages(data_dir)
    with (data_dir / "supervisor.out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "miniprogram_api.cli.main", "demo"], cwd=ROOT, env={**os.environ, **settings}, stdout=out, stderr=out,
            start_new_session=True,
        )
    demo = Demo(process, data_dir, f"http://127.0.0.1:{port}", settings)
    try:
        end = time.monotonic() + START_LIMIT_S
        # The list of a killed supervisor stays behind until the next one writes its own.
        while not (demo.listed().get("up") and demo.listed().get("supervisor") == process.pid):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the demonstration did not start:\n" + (data_dir / "supervisor.out").read_text()[-4000:] + demo.logs())
            time.sleep(0.05)
        yield demo
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        read_house(data_dir)
